# SPDX-License-Identifier: ISC
"""What a power cut may leave of the files that a run has worked on.

A journal of the engine (journal.h) is played back, line by line. What was not synced when the power went is there
or not: of the operations on names any that keep the order of each name's; of what was written behind the end of a
file as it is on disk, any prefix, or as many zeros; of what was overwritten, each octet as it was or as it became.
"""

import dataclasses
import itertools
import random

SEED = 20261125
OPTIONS_MAX = 24  # contents of one file
IMAGES_MAX = 128  # at one cut; more are drawn by chance


@dataclasses.dataclass
class File:
    disk: bytes = b""  # for sure
    pending: list = dataclasses.field(default_factory=list)  # (place, octets), or (length, None); and when it ended

    def write(self, when, at, data):
        self.pending.append((when, at, data))

    def sync(self, begun):
        """All that had ended before is on disk."""
        for when, at, data in self.pending:
            if when <= begun:
                self.disk = applied(self.disk, at, data)
        self.pending = [op for op in self.pending if op[0] > begun]

    def whole(self):
        """What processes see."""
        content = self.disk
        for _, at, data in self.pending:
            content = applied(content, at, data)
        return content

    def contents(self):
        """All that may be in it after a cut; first what it has for sure, then what it would have had."""
        ends, octets = [self.disk], {}
        for _, at, data in self.pending:
            if data is not None and at + len(data) <= len(self.disk):
                for i, octet in enumerate(data, at):
                    octets.setdefault(i, [self.disk[i]]).append(octet)
                continue
            last = ends[-1]
            if data:
                ends.append(applied(last, at, data[: (len(data) + 1) // 2]))
                ends.append(applied(last, at, bytes(len(data))))
            ends.append(applied(last, at, data))
        found = dict.fromkeys([ends[0], ends[-1], *ends])
        for change in overlays(octets):
            found.update(dict.fromkeys(changed(end, change) for end in [ends[-1], *ends]))
        return list(found)


def applied(content, at, data):
    if data is None:
        return content[:at].ljust(at, b"\0")
    return content[:at].ljust(at, b"\0") + data + content[at + len(data) :]


def changed(content, change):
    content = bytearray(content)
    for at, octet in change:
        if at < len(content):
            content[at] = octet
    return bytes(content)


def overlays(octets):
    """Which octets have changed, and to what: all, each alone, all but each, and some by chance."""
    if not octets:
        return
    last = [(at, values[-1]) for at, values in octets.items()]
    yield last
    choices = [[(at, value) for value in dict.fromkeys(values)] for at, values in octets.items()]
    total = 1
    for choice in choices:
        total = min(total * len(choice), OPTIONS_MAX + 1)
    if total <= OPTIONS_MAX:
        yield from itertools.product(*choices)
        return
    draw = random.Random(SEED + len(choices))
    for choice in choices[: OPTIONS_MAX // 4]:
        yield from [[pair] for pair in choice[1:]]
    for _ in range(OPTIONS_MAX // 2):
        yield [draw.choice(choice) for choice in choices]


@dataclasses.dataclass
class NameOp:
    when: int
    changes: tuple  # of a folder's inode, a name, and the inode that it now leads to, or None
    keys: frozenset  # folders and names


class Disk:
    """A folder, all of which is on disk in the beginning; or it is not there yet."""

    def __init__(self, top):
        self.top, above = str(top), top.parent.stat().st_ino
        self.root, self.above = above, str(top.parent)
        self.names = {}  # (folder, name): inode, for sure
        self.folders = {above}
        self.files = {}
        self.pending = []
        for path in [top, *top.rglob("*")] if top.is_dir() else []:
            inode = path.stat().st_ino
            self.names[path.parent.stat().st_ino, path.name] = inode
            if path.is_dir():
                self.folders.add(inode)
            else:
                self.files[inode] = File(path.read_bytes())

    def ours(self, line):
        path = line.get("path", "").removesuffix(" (deleted)")
        if path == self.above:
            return line["call"] == "fsync" or "/".join([path, line.get("name", "")]) == self.top
        return path == self.top or path.startswith(self.top + "/")

    def play(self, when, line):
        """The line is the when-th, from 1: so many had ended when it had."""
        call, inode = line["call"], line.get("inode")
        if not self.ours(line):
            return
        if call in ("write", "pwrite64"):
            self.files[inode].write(when, line["at"], bytes.fromhex(line["data"]))
        elif call == "ftruncate":
            self.truncate(when, inode, line["at"])
        elif call in ("fsync", "fdatasync"):
            if inode in self.folders:
                self.sync_folder(inode, line["begun"])
            else:
                self.files[inode].sync(line["begun"])
        elif call == "openat":
            self.files.setdefault(line["made"], File())
            self.put(when, [(inode, line["name"], line["made"])])
        elif call == "mkdirat":
            self.folders.add(line["made"])
            self.put(when, [(inode, line["name"], line["made"])])
        elif call == "unlinkat":
            self.put(when, [(inode, line["name"], None)])
        elif call == "renameat":
            old, new = (inode, line["name"]), (line["other-inode"], line["other-name"])
            self.put(when, [(*old, None), (*new, self.now()[old])])

    def truncate(self, when, inode, length):
        file = self.files[inode]
        if length != len(file.whole()):
            file.write(when, length, None)

    def put(self, when, changes):
        self.pending.append(NameOp(when, tuple(changes), frozenset(change[:2] for change in changes)))

    def sync_folder(self, inode, begun):
        for op in self.pending:
            if op.when <= begun and any(folder == inode for folder, _ in op.keys):
                self.change(self.names, op)
        self.pending = [op for op in self.pending if not (op.when <= begun and inode in {key[0] for key in op.keys})]

    @staticmethod
    def change(names, op):
        for folder, name, inode in op.changes:
            if inode is None:
                names.pop((folder, name), None)
            else:
                names[folder, name] = inode

    def now(self):
        """The names as all processes see them."""
        names = dict(self.names)
        for op in self.pending:
            self.change(names, op)
        return names

    # ------------------------------------------------------------ after a cut
    def name_states(self):
        """What the folders may hold: first none, then all of what is pending."""
        n = len(self.pending)
        subsets = [(), tuple(range(n))]
        if n <= 7:
            subsets += [s for k in range(1, n) for s in itertools.combinations(range(n), k)]
        else:
            draw = random.Random(SEED + n)
            subsets += [tuple(range(k)) for k in range(n)]
            subsets += [tuple(i for i in range(n) if draw.random() < 0.5) for _ in range(64)]
        for subset in dict.fromkeys(subsets):
            if self.keeps_order(subset):
                names = dict(self.names)
                for i in subset:
                    self.change(names, self.pending[i])
                yield names

    def keeps_order(self, subset):
        there = set(subset)
        return all(
            i in there or not (self.pending[i].keys & self.pending[k].keys) for k in subset for i in range(k)
        )

    def images(self):
        """All that may be on disk: {path below the top: octets}."""
        found = {}
        for names in self.name_states():
            paths = self.paths(names)
            files = [self.files[inode].contents() for inode in paths.values()]
            total = 1
            for contents in files:
                total = min(total * len(contents), IMAGES_MAX + 1)
            if total <= IMAGES_MAX:
                rows = itertools.product(*files)
            else:
                draw = random.Random(SEED + len(found))
                rows = [[c[0] for c in files], [c[-1] for c in files]]
                rows += [[draw.choice(c) for c in files] for _ in range(IMAGES_MAX - 2)]
            for row in rows:
                found[tuple(zip(paths, row))] = None
        images = list(found)
        if len(images) > IMAGES_MAX:
            draw = random.Random(SEED + len(images))
            images = images[:2] + draw.sample(images[2:], IMAGES_MAX - 2)
        return images

    def paths(self, names):
        """The files that can be reached, by path."""
        folders, found = {self.root: ""}, {}
        more = True
        while more:
            more = False
            for (folder, name), inode in names.items():
                if folder in folders and inode in self.folders and inode not in folders:
                    folders[inode] = folders[folder] + name + "/"
                    more = True
        for (folder, name), inode in sorted(names.items()):
            if folder in folders and inode not in self.folders:
                found[folders[folder] + name] = inode
        return found

