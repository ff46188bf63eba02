# SPDX-License-Identifier: ISC
"""The rows of the table: what is measured, and the level that hantar is to reach in each.

The names of rows are stable: later issues, and comparisons of two tables, go by them.
"""

import dataclasses
import statistics

from field import ONE_WAY
from peers import Task

SMALL = "message"  # 2 kB
MB = 1000 * 1000

ONE = ("msmtp", "dma", "exim", "postfix")


@dataclasses.dataclass
class Level:
    text: str
    value: object  # a function of the row's results, by program; None if it cannot be said
    limit: float
    above: bool = False  # the limit is the least, not the most

    def reached(self, value):
        return value >= self.limit if self.above else value <= self.limit


@dataclasses.dataclass
class Row:
    name: str
    title: str
    task: Task
    peers: tuple
    levels: list
    rounds: int = 1
    peer_rounds: int = 0  # 0: as many
    once: tuple = ()  # peers that run once
    seconds: int = 600  # no round begins later
    floor: bool = True
    counts: bool = False  # of system calls and instructions
    memory: bool = False  # of all processes together
    syncs: bool = False  # count those of files and folders
    full: bool = False  # only with --full
    aside: bool = False  # each program runs beside the other rows: it mostly waits
    beside: dict = dataclasses.field(default_factory=dict)  # hantar in another task, run in turn with it


def paired(of, to, function):
    """The median over the rounds: both of a pair met the same weather."""

    def value(results):
        if of not in results or to not in results:
            return None
        other = {run.round: run.ms for run in results[to].good}
        good = [function(run.ms, other[run.round]) for run in results[of].good if run.round in other]
        return statistics.median(good) if good else None

    return value


def ratio(of, to):
    return paired(of, to, lambda a, b: a / b)


def difference(of, to):
    return paired(of, to, lambda a, b: a - b)


def best(results, names):
    good = [results[name] for name in names if name in results and results[name].good]
    return min(good, key=lambda stats: stats.ms) if good else None


def to_best(names):
    return lambda results: ratio("hantar", best(results, names).name)(results) if best(results, names) else None


def speed_to(name):
    return paired("hantar", name, lambda a, b: b / a)


def counted(name):
    return lambda results: results["hantar"].count(name)


def ms(results):
    return results["hantar"].ms


def largest(results):
    """MiB"""
    memory = results["hantar"].median(lambda run: run.memory)
    return memory and memory / 1024


def together(results):
    """MiB"""
    memory = results["hantar"].all_memory
    return memory and memory / 1024


def commits(of, to):
    """How much longer it took, by the time of one commit."""

    def value(results):
        more, ten = difference(of, to)(results), results["ten commits"].ms
        return more * 10 / ten if more is not None and ten else None

    return value


def synced(which):
    return lambda results: results["hantar"].syncs and results["hantar"].syncs[which]


def one(tls, far):
    kind = "tls" if tls else "clear"
    where = "far-" if far else ""
    levels = [Level("server turns", counted("turns"), 7 if tls else 4)]
    if far:
        levels.insert(0, Level("time, by the floor's", ratio("hantar", "floor"), 1.06))
    else:
        levels.insert(0, Level("time, by the floor's", ratio("hantar", "floor"), 1.7 if tls else 5.0))
        levels.insert(1, Level("time, by the best peer's", to_best(ONE), 1.0 if tls else 0.333))
    return Row(
        f"one-{kind}" + ("-100ms" if far else ""),
        "one 2 kB message, "
        + ("STARTTLS" if tls else "in clear")
        + (f", over {2 * ONE_WAY} ms of round trip" if far else "")
        + ", through MX",
        Task(f"{where}{kind}", [f"someone@{where}{kind}.test"], tls=tls, message=SMALL),
        ONE,
        levels,
        rounds=7 if far else 60,
        peer_rounds=3 if far else 20,
        seconds=30,
        counts=not far,
        memory=not far,
    )


def bulk(tls, size, full):
    kind = "tls" if tls else "clear"
    name = f"{size // MB}M" if size < 1000 * MB else f"{size // MB // 1000}G"
    return Row(
        f"pipe-{name}-{kind}",
        f"{name}B from a pipe, {'STARTTLS' if tls else 'in clear'}",
        Task(kind, [f"someone@{kind}.test"], tls=tls, flood=size),
        ("floor, wire form", "curl", "curl --crlf", "msmtp"),
        [
            Level("rate, by the floor's", speed_to("floor"), 0.6, above=True),
            Level("rate, by curl's", speed_to("curl"), 1.0, above=True),
            Level("memory of the largest process, MiB", largest, 8),
            Level("memory of all processes, MiB", together, 8),
        ],
        rounds=3 if full else 7,
        peer_rounds=1 if full else 3,
        once=("msmtp",),
        seconds=60,
        memory=True,
        full=full,
    )



def kept(name, title, task, **more):
    """One message with a spool, beside the same without."""
    beside = {
        "hantar, spool = none": dataclasses.replace(task, spool=False),
        "ten commits": Task(task.sink, [], program="ten commits"),
    }
    return Row(name, title, task, floor=False, seconds=30, beside=beside, **more)


def submit(work, title):
    return Row(
        f"submit-{work}",
        f"one 2 kB message, {title}, until exit",
        Task("clear", ["someone@clear.test"], message=SMALL, work=work),
        ("dma", "postfix", "nullmailer"),
        [
            Level("syncs of files", synced(0), 2),
            Level("syncs of folders", synced(1), 1),
            Level("time, by dma's", ratio("hantar", "dma"), 1),
            Level("time, by Postfix's", ratio("hantar", "postfix"), 1),
        ],
        rounds=40,
        peer_rounds=20,
        seconds=30,
        floor=False,
        syncs=True,
        beside={"ten commits": Task("clear", [], program="ten commits")},
    )


def asleep(work, title):
    """A queue in which nothing is due, of mail to a server that refuses."""
    return Row(
        f"{work}-10000",
        f"10,000 messages in the queue, {title}",
        Task("clear", ["someone@dead1.test"], message=SMALL, work=work, count=10000),
        (),
        [
            Level("seconds", lambda results: ms(results) and ms(results) / 1000, 0.5),
            Level("memory of the largest process, MiB", largest, 32),
        ],
        rounds=3,
        floor=False,
    )


ROWS = [
    one(tls=False, far=False),
    one(tls=True, far=False),
    one(tls=False, far=True),
    one(tls=True, far=True),
    Row(
        "one-relay",
        "one 2 kB message to a relay, AUTH PLAIN, verified by a chain of three (the floor verifies nothing)",
        Task("relay", ["someone@relay.test"], tls=True, login=True, message=SMALL),
        ("msmtp", "curl", "dma"),
        [
            Level("time, by the floor's", ratio("hantar", "floor"), 1.8),
            Level("time, by the best peer's", to_best(("msmtp", "curl", "dma")), 1.0),
            Level("server turns", counted("turns"), 8),
        ],
        rounds=60,
        peer_rounds=20,
        seconds=30,
        counts=True,
        memory=True,
    ),
    bulk(tls=False, size=100 * MB, full=False),
    bulk(tls=True, size=100 * MB, full=False),
    bulk(tls=False, size=1000 * MB, full=True),
    bulk(tls=True, size=1000 * MB, full=True),
    Row(
        "rcpt-500",
        "500 recipients of one domain, 20 ms a reply",
        Task("rcpt", [f"user{n}@rcpt.test" for n in range(500)], message=SMALL),
        ONE,
        [
            Level("sessions", counted("connections"), 1),
            Level("transactions", counted("transactions"), 1),
            Level("server turns", counted("turns"), 4),
        ],
        rounds=5,
        peer_rounds=1,
    ),
    Row(
        "domains-200",
        "200 recipients in 200 domains, 50 ms a reply",
        Task("many", [f"someone@d{n}.test" for n in range(200)], message=SMALL),
        ("dma", "exim", "postfix"),
        [Level("time, in delays of a reply", lambda results: ms(results) and ms(results) / 50, 10)],
        rounds=5,
        peer_rounds=1,
        floor=False,
    ),
    Row(
        "mx-refuse",
        "the first two of three MX refuse",
        Task("clear", ["someone@refuse.test"], message=SMALL),
        ("dma", "exim", "postfix"),
        [Level("ms more than with one that is alive", difference("hantar", "hantar, one alive"), 1)],
        rounds=40,
        peer_rounds=10,
        seconds=20,
        floor=False,
        beside={"hantar, one alive": Task("clear", ["someone@clear.test"], message=SMALL)},
    ),
    Row(
        "mx-black-hole",
        "the first MX is black-holed",
        Task("hole-hantar", ["someone@hole-hantar.test"], message=SMALL),
        ("dma", "exim", "postfix"),
        [Level("seconds", lambda results: ms(results) and ms(results) / 1000, 6)],
        floor=False,
        aside=True,
    ),
    kept(
        "kept",
        "one 2 kB message, kept in a spool until it is sent",
        Task("clear", ["someone@clear.test"], message=SMALL, spool=True),
        peers=ONE,
        levels=[
            Level("longer than without a spool, in commits", commits("hantar", "hantar, spool = none"), 1),
            Level("time, by the best peer's", to_best(ONE), 1),
        ],
        rounds=40,
        peer_rounds=10,
    ),
    kept(
        "kept-20ms",
        "the same, 20 ms a reply",
        Task("rcpt", ["someone@rcpt.test"], message=SMALL, spool=True),
        peers=(),
        levels=[Level("ms longer than without a spool", difference("hantar", "hantar, spool = none"), 1)],
        rounds=20,
    ),
    submit("keep", "to be sent later (-odq)"),
    submit("background", "to be sent in the background (-odb)"),
    Row(
        "loop-1000",
        "1000 messages with -odb, one after the other, until the last exit",
        Task("clear", ["someone@clear.test"], message=SMALL, work="loop", count=1000),
        ("postfix", "nullmailer"),
        [
            Level("time, by nullmailer's", ratio("hantar", "nullmailer"), 0.5),
            Level("time, by Postfix's", ratio("hantar", "postfix"), 0.5),
        ],
        rounds=3,
        floor=False,
    ),
    Row(
        "flush-1000",
        "1000 messages from the queue to one server",
        Task("clear", ["someone@clear.test"], message=SMALL, work="flush", count=1000),
        ("dma", "postfix", "nullmailer"),
        [
            Level("sessions", counted("connections"), 4),
            Level("speed, by Postfix's", speed_to("postfix"), 2, above=True),
            Level("speed, by dma's", speed_to("dma"), 4, above=True),
            Level("speed, by nullmailer's", speed_to("nullmailer"), 10, above=True),
        ],
        rounds=5,
        peer_rounds=3,
        floor=False,
    ),
    asleep("show", "all of them shown (-bp)"),
    asleep("due", "none of them due (--due)"),
]
