# SPDX-License-Identifier: ISC
"""The test of the tests: runs that did not happen, each with a fault that must be seen, and why."""

import copy

import scenes
import spool

HEAD = b"Received: by client.test (hantar)\r\n\tid X; today\r\n"


def sound(name):
    """A run of a scene in which nothing went wrong."""
    scene = scenes.SCENES[name]
    end = {"status": scene.status, "signal": 0, "fd": -1, "late": 0, "left": 0, "crash": 0, "crashed": 0, "counts": {}}
    mail = [((path,), HEAD + scene.sent) for path in scene.delivered]
    err = "".join(f"hantar: X: <{path}>: failed\n" for path in scene.recipients if path not in scene.delivered)
    run = scenes.Run(end, mail, err, [], transcripts=[["EHLO client.test"]])
    if scene.mode:
        run.before, run.after = spool.Spool(), spool.Spool()
        run.err = err if scene.status else ""
        rest = [path for path in scene.recipients if path not in scene.delivered and not scene.change]
        if scene.change == "hold":
            run.after = spool.Spool({"X": [(path, "w") for path in scene.recipients]})
        run.later = [report_of(p) if p.startswith(("no", "bad")) else ((p,), HEAD + scene.sent) for p in rest]
    return run


def of(name, **changes):
    """The same, but for some of it: words of the end, or fields of the run."""
    run = copy.deepcopy(sound(name))
    for key, value in changes.items():
        if key in run.end:
            run.end[key] = value
        else:
            setattr(run, key, value)
    return scenes.SCENES[name], run


def report_of(path):
    text = f"Final-Recipient: rfc822; {path}\r\n"
    return ((scenes.SENDER,), text.encode())


def planted_in_spool():
    """The same, of what is seen in the spool and after it has been run."""
    (mail,), name = sound("odi-delivered").mail, "odi-delivered"
    doubt = "hantar/qmgr[1]: X: possible duplicate: it died\n"
    waits = spool.Spool({"X": [("one@a.test", "w")]})
    yield of(name, mail=[]), "one@a.test is lost"
    yield of("queue", mail=[], later=[], status=71, err="hantar: no\n"), "later@b.test is lost"
    yield of("odq", later=[]), "one@a.test is lost"
    yield of(name, later=[mail]), "has it 2 times"
    yield of(name, later=[mail], log=doubt, call="recvfrom"), "has it 2 times"
    yield of(name, later=[mail], unread=["one@a.test"], call="recvfrom"), "has it 2 times"
    yield of(name, later=[mail], unread=["one@a.test"], log=doubt, call="malloc"), "has it 2 times"
    yield of(name, later=[mail], call="write", fault="END"), "has it 2 times"
    yield of(name, later=[mail], log=doubt, call="write", fault="KILL"), "has it 2 times"
    yield of(name, mail=[], later=[mail], before=spool.Spool({"X": [("one@a.test", "d")]})), "marked delivered"
    yield of(name, after=waits), "the queue keeps"
    yield of(name, after=spool.Spool(strays=["X.tmp"])), "the queue keeps"
    yield of(name, after=spool.Spool(broken=["X.env"])), "set aside"
    yield of(name, queue=[0, 71]), "exits 71"
    yield of(name, mail=[mail, report_of("one@a.test")]), "said to have failed"
    done = spool.Spool({"X": [("one@a.test", "d")]})
    yield of(name, before=done, status=71, err="hantar: out of memory\n"), "no memory behind the commit"
    held = spool.Spool({"X": [("one@a.test", "w"), ("two@a.test", "w")]})
    yield of("hold", after=held), "later@b.test is lost"
    yield of("hold", later=[mail]), "though it was said: hold"
    yield of("delete", later=[mail]), "though it was said: delete"
    yield of("delete", after=held), "the queue keeps"
    yield of("queue-refused", later=[report_of("no@a.test")]), "bad@b.test is lost"
    said = "hantar: X: <no@a.test>: failed\n"
    both = [report_of("no@a.test"), report_of("bad@b.test")]
    yield of("odi-refused", mail=both, err=said), "not a word of bad@b.test"
    yield of("queue-refused", later=2 * [report_of("no@a.test")]), "is told 2 times"


def planted():
    """Pairs of a run and a word of the complaint."""
    (mail,), (two, too) = sound("clear").mail, sound("two").mail
    yield of("clear", mail=[]), "exit 0, but nothing for one@a.test"
    yield of("two", mail=[two]), "exit 0, but nothing for two@b.test"
    yield of("clear", mail=[mail, mail]), "delivered 2 times"
    yield of("clear", mail=[mail, mail], status=75, err="hantar: <one@a.test>: no"), "delivered 2 times"
    yield of("clear", mail=[(("other@a.test",), mail[1])]), "whom nobody named"
    yield of("clear", mail=[(mail[0], mail[1][:-3])]), "another message"
    yield of("clear", mail=[(mail[0], mail[1].replace(b"..two", b".two"))]), "another message"
    yield of("clear", mail=[(mail[0], mail[1][len(HEAD) :])]), "another message"
    yield of("header", mail=[(to, HEAD + scenes.SCENES["header"].text) for to, _ in sound("header").mail]), "another"
    yield of("clear", mail=[], status=75), "without a word"
    yield of("two", mail=[two], status=75, err="hantar: X: <one@a.test>: late\n"), "not a word of two@b.test"
    yield of("refused", err=""), "without a word"
    yield of("refused", err="hantar/smtp[7]: to=<no@a.test>\n"), "without a word"
    yield of("clear", mail=[], status=1, err="hantar: no\n"), "says nothing"
    yield of("clear", mail=[], status=127, err="hantar: no\n"), "says nothing"
    yield of("clear", status=-1, signal=9, late=1), "hangs"
    yield of("clear", status=-1, signal=15), "signal 15"
    yield of("clear", crash=11, crashed=2), "process 2 died of signal 11"
    yield of("clear", crash=6, crashed=0, call="malloc"), "process 0 died of signal 6"
    yield of("clear", files=["hantar-x"]), "files left over"
    yield of("clear", err="runtime error: shift\n"), "sanitizer"
    scene, run = of("two", mail=[two, too])
    run.end["left"] = 1
    yield (scene, run), "outlive"


def main():
    """How many are not seen; all of them are said."""
    missed = 0
    for name, scene in scenes.SCENES.items():
        wrong = scenes.violations(scene, sound(name))
        if wrong:
            missed += 1
            print(f"self-test: a sound run of {name}: {wrong}")
    for (scene, run), word in [*planted(), *planted_in_spool()]:
        wrong = scenes.violations(scene, run)
        if not any(word in sentence for sentence in wrong):
            missed += 1
            print(f"self-test: not seen: {word} (but {wrong})")
    return missed
