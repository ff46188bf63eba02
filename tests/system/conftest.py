# SPDX-License-Identifier: ISC
"""Options and fixtures of the system tests. They need root, for the lab's namespaces."""

import os
import pathlib

import pytest

import certs
import installation as installed
import lab as laboratory

TOP = laboratory.TOP


def pytest_addoption(parser):
    parser.addoption(
        "--hantar", type=pathlib.Path, default=os.environ.get("HANTAR", TOP / "build/hantar"), help="the program to test"
    )
    parser.addoption("--corpora", type=pathlib.Path, help="folder with messages/: selects the tests that need it")


def pytest_configure(config):
    """A missing part fails here, once and clearly; nothing is skipped."""
    if config.option.help:
        return
    if os.geteuid() != 0:
        raise pytest.UsageError("the system tests make network namespaces: run them as root")
    if not os.access(config.option.hantar, os.X_OK):
        raise pytest.UsageError(f"no program {config.option.hantar}: run make")
    corpora = config.option.corpora
    if corpora and not (corpora / "messages").is_dir():
        raise pytest.UsageError(f"no folder {corpora}/messages")


def pytest_ignore_collect(collection_path, config):
    return True if collection_path.name == "test_corpus.py" and not config.option.corpora else None


@pytest.fixture(scope="session", autouse=True)
def open_top(tmp_path_factory):
    """Other users can reach what lies in a test's folder; what this run has not made keeps its mode."""
    top = tmp_path_factory.getbasetemp()
    made = [top, top.parent] if top.parent.name.startswith("pytest-of-") else [top]
    for folder in made:
        folder.chmod(folder.stat().st_mode | 0o711)


@pytest.fixture(scope="session")
def the_lab(request, tmp_path_factory):
    state = tmp_path_factory.mktemp("lab")
    made = laboratory.Lab(request.config.option.hantar.resolve(), state)
    yield made
    made.stop()


@pytest.fixture
def lab(the_lab):
    yield the_lab
    the_lab.reset()


@pytest.fixture
def server(lab):
    """The only one of walk.test; it has no time, unless a test says otherwise. There is the usual spool."""
    lab.mx("walk.test", "198.18.0.20")
    lab.spool = None
    replies = {"DOT": "451 4.3.0 later"}
    scripted = lab.serve("198.18.0.20", laboratory.smtp(DOT=lambda *_: replies["DOT"]))
    scripted.replies = replies
    return scripted


@pytest.fixture(scope="module")
def installation(the_lab):
    installed.install(the_lab)
    yield
    installed.uninstall(the_lab)


@pytest.fixture
def system(lab, server, installation):  # pylint: disable=unused-argument
    there = installed.System(lab, server)
    assert there.service().status == 0  # as its timer has it run
    yield there
    there.clear()


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    folder.chmod(0o755)
    return certs.make_all(folder)
