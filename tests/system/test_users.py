# SPDX-License-Identifier: ISC
"""What the users of a system may do in a spool that is everybody's: look, change, run, send."""

import fcntl
import json
import os
import pwd

import pytest

from installation import ALICE, BOB, entries

MESSAGE = "Subject: hi\n\nhello\n"
USERS = ("nobody", "daemon")  # lab.run gives both the group that the spool is of


@pytest.fixture(name="queue")
def a_shared_queue(lab, tmp_path):
    """A spool as of a set-group install (G-34), and in it an entry of each: root, nobody, daemon."""

    class Queue:
        spool = tmp_path / "spool"
        entry = {}

        def __call__(self, *args, name="hantar", **kwargs):
            return lab.run(["-O", f"spool={self.spool}", *args], name=name, **kwargs)

        def send(self, user):
            before = set(self.ids())
            done = self("-odq", "-f", f"{user}@z.test", f"to-{user}@z.test", input=MESSAGE, user=user)
            assert (done.status, done.err) == (0, "")
            (self.entry[user],) = set(self.ids()) - before

        def ids(self):
            return {path.stem for path in self.spool.glob("*.env")}

    tmp_path.chmod(0o755)
    made = Queue()
    made.spool.mkdir()
    os.chown(made.spool, 0, pwd.getpwnam("nobody").pw_gid)
    made.spool.chmod(0o2770)
    for user in (None, *USERS):
        made.send(user)
    return made


def configure(lab, text):
    lab.etc("hantar.conf", text)


def test_a_user_is_shown_his_own(queue):
    """J-13, G-16: the others' are counted, and nothing of them is shown; root sees all."""
    done = queue(name="mailq", user="nobody")
    assert done.status == 0
    assert queue.entry["nobody"] in done.out and "to-nobody@z.test" in done.out
    assert "daemon" not in done.out and queue.entry["daemon"] not in done.out and "to-None" not in done.out
    assert done.out.endswith("in 1 Request.\n-- 2 entries of other users.\n")
    (shown,) = queue("--json", name="mailq", user="nobody").out.splitlines()
    assert json.loads(shown)["id"] == queue.entry["nobody"]
    assert queue("-bP", user="nobody").out == "1\n"
    status = json.loads(queue("--queue-status", "--json", user="nobody").out)
    assert (status["entries"], status["recipients"], status["others"]) == (1, 1, 2)
    all_of_them = queue(name="mailq")
    assert all(entry in all_of_them.out for entry in queue.entry.values())
    assert "other users" not in all_of_them.out


def test_nothing_of_his(queue):
    """An empty list is not said to be an empty queue."""
    assert queue("--delete", "ALL", user="daemon").status == 0
    done = queue(name="mailq", user="daemon")
    assert (done.status, done.out) == (0, "No mail of yours is in the queue\n-- 2 entries of other users.\n")
    assert "ok: no mail of yours" in queue("--queue-status", user="daemon").out


def test_others_are_not_held_to_be_looked_at(queue):
    """J-13: whoever may be stopped by a user does not have the lock of another's entry."""
    with open(queue.spool / f"{queue.entry['daemon']}.msg", "rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        assert queue("--queue-status", user="nobody").status == 0
        for change in "--hold", "--release", "--requeue", "--delete":
            done = queue(change, queue.entry["daemon"], user="nobody")
            assert (done.status, done.out) == (77, "") and "it is not yours" in done.err
        assert queue("--delete", queue.entry["daemon"], user="daemon").status == 75


@pytest.mark.parametrize("change", ["--hold", "--release", "--requeue", "--delete"])
def test_a_user_changes_his_own(queue, change):
    """G-17: his entries are his to change, and all that is no other's."""
    assert queue(change, queue.entry["nobody"], user="nobody").status == 0
    done = queue(change, "ALL", user="daemon")
    assert done.status == 0 and done.out.startswith(queue.entry["daemon"]) and done.out.count("\n") == 1
    assert queue(change, "1NOSUCH", user="nobody").status == 69
    assert queue(change, queue.entry[None]).status == 0


def test_the_file_says_whose_it_is(queue):
    """G-36: the uid in the envelope is a claim, the owner of the file is a fact."""
    envelope = queue.spool / f"{queue.entry['daemon']}.env"
    uid = pwd.getpwnam("daemon").pw_uid
    text = envelope.read_text()
    assert f"\nuid {uid}\n" in text
    claim = str(pwd.getpwnam("nobody").pw_uid)
    os.chown(queue.spool / f"{queue.entry['nobody']}.env", uid, -1)
    assert f"\nuid {claim}\n" in (queue.spool / f"{queue.entry['nobody']}.env").read_text()
    assert queue("--delete", queue.entry["nobody"], user="nobody").status == 77


def test_all_may_be_shown(lab, queue):
    """G-16: if it is configured, and not by the user."""
    done = queue("-O", "mailq-entries=all", name="mailq", user="nobody")
    assert done.status == 64 and "in the file of the configuration only" in done.err
    configure(lab, "mailq-entries = all\n")
    done = queue(name="mailq", user="nobody")
    assert done.status == 0 and all(entry in done.out for entry in queue.entry.values())
    assert queue("--delete", queue.entry["daemon"], user="nobody").status == 77


ALONE = "daemon, 12345"  # who is allowed


@pytest.mark.parametrize(
    "key, args",
    [
        ("authorized-submit-users", ["a@z.test"]),
        ("authorized-submit-users", ["-t"]),
        ("authorized-mailq-users", ["-bp"]),
        ("authorized-mailq-users", ["-bP"]),
        ("authorized-mailq-users", ["--queue-status"]),
        ("authorized-flush-users", ["-q"]),
        ("authorized-flush-users", ["-qI1A"]),
        ("authorized-flush-users", ["--due"]),
    ],
)
def test_who_may(lab, queue, key, args):
    """J-12: who is not in the list has 77 and a reason; root always may, and nobody else changes the list."""
    configure(lab, f"{key} = {ALONE}\n")
    before = queue.ids()
    done = queue(*args, user="nobody", input=MESSAGE)
    assert (done.status, done.out) == (77, "")
    assert "user nobody may not " in done.err and f"({key})" in done.err and done.err.count("\n") == 1
    assert queue.ids() == before
    done = queue("-O", f"{key}=anyone", *args, user="nobody", input=MESSAGE)
    assert done.status == 64 and "in the file of the configuration only" in done.err
    if args[0] != "-t":
        assert queue(*args, user="daemon", input=MESSAGE).status in (0, 1, 68)
        assert queue(*args, input=MESSAGE).status in (0, 1, 68)


# What a user may try in order to be somebody who may.
EVASIONS = {
    "option": (["-O", "authorized-submit-users=anyone"], {}),
    "option-case": (["-OAuthorized-Submit-Users=anyone"], {}),
    "config": ([], {"XDG_CONFIG_HOME": "{home}", "HOME": "{home}"}),
    "login": ([], {"LOGNAME": "root", "USER": "root"}),
    "number": ([], {"LOGNAME": str(BOB)}),
}


@pytest.mark.parametrize("way", EVASIONS)
def test_a_list_is_not_evaded(system, tmp_path, way):
    """J-12, J-03: in an installation for all, with what only its users have in their hands."""
    args, env = EVASIONS[way]
    (tmp_path / "hantar").mkdir()
    (tmp_path / "hantar/hantar.conf").write_text("authorized-submit-users = anyone\n")
    configure(system.lab, f"authorized-submit-users = !{ALICE}, anyone\nauthorized-mailq-users = {BOB}\n")
    env = {name: value.format(home=tmp_path) for name, value in env.items()}
    done = system.run("-odq", *args, "a@walk.test", env=env)
    assert done.status in ((64,) if way == "option" else (77,)) and entries(system.spool) == []
    assert system.run("-odq", "a@walk.test", user=BOB).status == 0
    assert system.run("-bp", env=env).status == 77
    assert system.run("-bp", user=BOB).status == 0
    assert system.run("-odq", "a@walk.test", user=0).status == 0
    assert system.run("-bp", user="hantar").status == 0


def test_a_list_does_not_bind_who_goes_his_own_way(system, tmp_path):
    """J-05, J-12: with a configuration of his own a user has nothing of the system's, and nothing gets there."""
    own = tmp_path / "own.conf"
    own.write_text("authorized-submit-users = anyone\nmailq-entries = all\n")
    tmp_path.chmod(0o755)
    configure(system.lab, f"authorized-submit-users = {BOB}\n")
    assert system.run("-odq", "a@walk.test", user=BOB).status == 0
    before = entries(system.spool)
    assert system.run("-C", own, "-odq", "a@walk.test").status == 74
    done = system.run("-C", own, "-bp")
    assert (done.status, done.out) == (77, "")
    assert entries(system.spool) == before
