# SPDX-License-Identifier: ISC
"""The manual says what the program does: options and keys, in both directions."""

import re
import subprocess

import pytest

from lab import TOP

MAN = TOP / "man"


@pytest.fixture(name="hantar")
def run(request, tmp_path):
    empty = tmp_path / "empty.conf"
    empty.touch()
    program = request.config.option.hantar.resolve()

    def hantar(*args, config=empty):
        done = subprocess.run([program, *args, "-C", config], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    return hantar


def options_of_manual():
    """The options that have an item of their own: "-f", "-bp", "--help"."""
    found = set()
    for line in (MAN / "hantar.8").read_text().splitlines():
        if not line.startswith(".It Fl "):
            continue
        words = line.split()[2:]
        flag = True  # the words behind Fl are options until another macro comes
        for word in words:
            if word in ("Fl", "Ar", "Ns", "Op", "Cm"):
                flag = word == "Fl"
            elif flag and word != ",":
                found.add(f"-{word}")
    return found


def options_of_help(text):
    listed = re.findall(r"^  (--?[A-Za-z-]+)", text, re.MULTILINE)
    (ignored,) = re.findall(r"^Taken and ignored: (.*)$", text, re.MULTILINE)
    assert len(listed) == len(set(listed))
    return set(listed) | set(ignored.split())


def test_options(hantar):
    """Each option of --help has its item in hantar(8), and the other way round."""
    manual, program = options_of_manual(), options_of_help(hantar("--help"))
    # -b and -o are explained by their values; modes that are not built are in the manual only.
    unbuilt = {"-bs"}
    assert manual - unbuilt - {"-o"} == program


# The chapter of hantar.conf(5) about each kind of section.
CHAPTERS = {"": "KEYS", "relay": "RELAYS", "route": "ROUTES"}


def lines_of_conf():
    """The lines of hantar.conf(5), each with the chapter in which it stands."""
    chapter = ""
    for line in (MAN / "hantar.conf.5").read_text().splitlines():
        chapter = line[4:] if line.startswith(".Sh ") else chapter
        yield chapter, line


def test_keys(hantar, tmp_path):
    """Each key of --print-config is in hantar.conf(5), with its default, and the other way round."""
    manual = {chapter: {} for chapter in CHAPTERS.values()}
    for chapter, line in lines_of_conf():
        if match := re.match(r"\.It Cm ([a-z-]+) = (.*)$", line):
            default = re.search(r" Pq (\S+)$", match[2])
            manual[chapter][match[1]] = default[1] if default else ""
    sections = tmp_path / "sections.conf"
    sections.write_text("".join(f'[{kind} "x.example"]\n' for kind in CHAPTERS if kind))
    program = {}
    for section in re.split(r"^\[", hantar("--print-config", config=sections), flags=re.MULTILINE):
        kind = section.split(" ", 1)[0] if program else ""
        program[CHAPTERS[kind]] = dict(re.findall(r"^([a-z-]+) = (.*)$", section, re.MULTILINE))
    assert manual == program


def test_words(hantar, tmp_path):
    """The words that a key takes are those of its item: each is tried, and no other is known."""
    kinds = {chapter: kind for kind, chapter in CHAPTERS.items()}
    config = tmp_path / "words.conf"
    for chapter, line in lines_of_conf():
        match = re.match(r"\.It Cm ([a-z-]+) = Cm ([a-z0-9| -]+?)(?: \| Ar file)?(?: Pq \S+)?$", line)
        if not match:
            continue
        key, words = match[1], match[2].split(" | ")
        section = f'[{kinds[chapter]} "x.example"]\n' if kinds[chapter] else ""
        for word in words:
            config.write_text(f"{section}{key} = {word}\n")
            assert f"\n{key} = {word}\n" in hantar("--print-config", config=config)
        config.write_text(f"{section}{key} = no-such-word\n")
        with pytest.raises(subprocess.CalledProcessError) as refused:
            hantar("--print-config", config=config)
        assert refused.value.returncode == 78
        if key != "log":
            assert f"none of: {', '.join(words)}\n" in refused.value.stderr


def test_print_config_is_a_configuration(hantar, tmp_path, request):
    text = hantar("--print-config", "-O", "mailname=x.test", "-O", "dot-timeout=90")
    path = tmp_path / "printed.conf"
    path.write_text(text)
    program = request.config.option.hantar.resolve()
    again = subprocess.run([program, "--print-config", "-C", path], capture_output=True, text=True, check=True)
    assert again.stdout == text and "mailname = x.test\n" in text and "dot-timeout = 90s\n" in text
    path.write_text(text + "tls = perhaps\n")
    wrong = subprocess.run([program, "--check", "-C", path], capture_output=True, text=True, check=False)
    assert wrong.returncode == 78 and "printed.conf:" in wrong.stderr and wrong.stdout == ""


def words_of_source(name, pattern):
    return set(re.findall(pattern, (TOP / "src" / "spool" / name).read_text()))


def test_spool_format():
    """hantar-spool(5) has each mark, each key and each event, and no other (G-04)."""
    page = (MAN / "hantar-spool.5").read_text()
    marks = dict(re.findall(r"^\.It Li (\S+)\n([a-z]+)", page, re.MULTILINE))
    source = {}
    for name, byte in re.findall(r"MARK_([A-Z]+) = '(.)'", (TOP / "src/spool/mark.h").read_text()):
        source[byte] = name.lower()
    assert {byte.replace("\\&", ""): word for byte, word in marks.items()} == source
    events = set(re.findall(r"^\.It Cm event Ar time Cm ([a-z]+)", page, re.MULTILINE))
    assert events == words_of_source("event.c", r'\[EVENT_[A-Z]+\] = \{"([a-z]+)"')
    keys = set()
    for line in re.findall(r"^\.It Cm ([a-z, -]+)$", page, re.MULTILINE):
        keys |= set(line.split(" , "))
    read = words_of_source("envread.c", r'\{\{"([a-z-]+) ", \d+\}, read_')
    assert keys == read | {"hantar-spool", "to", "marks", "doubt", "end"}


def test_ordinary_keys():
    """J-05: hantar(8) names the keys that cost nobody his group, and they are keys."""
    (listed,) = re.findall(r"ordinary\[\] = {(.*?)}", (TOP / "src/cli/conf.c").read_text(), re.S)
    ordinary = set(re.findall(r'"(.*?)"', listed))
    (text,) = re.findall(r"any key but\n(.*?)\nThen the spool", (MAN / "hantar.8").read_text(), re.S)
    assert set(re.findall(r"[a-z]+(?:-[a-z]+)+|\b(?:delivery|errors|patience|sender)\b", text)) == ordinary
    assert ordinary <= set(re.findall(r"(?m)^\.It Cm ([a-z-]+) = ", (MAN / "hantar.conf.5").read_text()))
