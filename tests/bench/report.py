# SPDX-License-Identifier: ISC
"""The table, as text and as data."""

from rows import best, ratio

COLUMNS = ("", "ms", "p10", "p90", "CPU ms", "turns", "sessions", "transact.", "calls", "M instr.", "MiB", "MiB all")
LEGEND = """\
ms         until it ended with status 0 (postfix, and dma to many: until the sink had it all);
           the median, then the 10th and the 90th of 100
CPU ms     of user and system, of the process and the children that it waited for
turns, sessions, transact.     of one run, as the sink counts them
calls      system calls, as strace counts them; the run-time linker's are among them
M instr.   millions of instructions outside the kernel, as callgrind counts them
MiB        the most that its largest process held (ru_maxrss); "all": the highest sum over its
           processes, shared pages divided among them (PSS, sampled)
By the floor, by a peer: the median over the rounds in which both ran.
"""


def number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def whole(value):
    return "-" if value is None else f"{value:.0f}"


def cells(row, stats):
    memory = stats.median(lambda run: run.memory)
    digits = 2 if (stats.ms or 0) < 100 else 0
    return (
        stats.name,
        number(stats.ms, digits),
        number(stats.quantile(0.1), digits),
        number(stats.quantile(0.9), digits),
        number(stats.median(lambda run: run.cpu)),
        whole(stats.count("turns")),
        whole(stats.count("connections")),
        whole(stats.count("transactions")),
        whole(stats.syscalls),
        number(stats.instructions and stats.instructions / 1e6, 2),
        number(memory and memory / 1024),
        number(stats.all_memory and stats.all_memory / 1024),
        *([f"{stats.rate(row.task.flood):.0f} MB/s"] if row.task.flood and stats.good else []),
    )


def peers_of(row):
    return [name for name in row.peers if name != "floor, wire form"]


def judged(row, results):
    """Each level with its value and whether it is reached (None: it cannot be said)."""
    for level in row.levels:
        value = level.value(results)
        yield level, value, None if value is None else level.reached(value)


def verdict(level, value, reached):
    least = "at least" if level.above else "at most"
    aim = f"{level.text}: {number(value, 2)}, {least} {level.limit:g}"
    if reached is None:
        return f"{aim}: NOT MEASURED"
    if reached:
        return f"{aim}: reached"
    return f"{aim}: MISSED by {abs(value - level.limit):.2f} ({abs(value / level.limit - 1) * 100:.0f} %)"


def row(row_, results):
    table = [COLUMNS, *(cells(row_, stats) for stats in results.values())]
    wide = max(len(line[0]) for line in table)
    lines = [f"{row_.name}: {row_.title}"]
    for line in table:
        lines.append("  " + line[0].ljust(wide) + "".join(f"{cell:>10}" for cell in line[1:]))
    peer = best(results, peers_of(row_))
    for name, what in (("floor", "the floor"), (peer and peer.name, f"the best peer, {peer and peer.name}")):
        if (value := ratio("hantar", name)(results)) is not None:
            lines.append(f"  time of hantar by that of {what}: {value:.2f}")
    for stats in results.values():
        if stats.syncs:
            lines.append(f"  {stats.name} syncs {stats.syncs[0]} files and {stats.syncs[1]} folders until it ends")
    lines += ["  " + verdict(*judgement) for judgement in judged(row_, results)]
    lines += [f"  ! {line}" for line in troubles(results)]
    return "\n".join(lines) + "\n"


def troubles(results):
    for stats in results.values():
        failed = len(stats.runs) - len(stats.good)
        if failed:
            yield f"{stats.name}: {failed} of {len(stats.runs)} runs FAILED"
        elif not stats.runs:
            yield f"{stats.name}: NOT RUN"
        yield from (f"{stats.name}: {text}" for text in dict.fromkeys(stats.trouble))


def summary(rows, done, unable):
    lines = ["levels"]
    for row_ in rows:
        for judgement in judged(row_, done[row_.name]):
            lines.append(f"  {row_.name:<18} {verdict(*judgement)}")
    lines += [f"  ! {name} could not be run: {why}" for name, why in unable.items()]
    return "\n".join(lines)


def as_data(rows, done):
    data = {}
    for row_ in rows:
        results = done[row_.name]
        programs = {}
        for name, stats in results.items():
            programs[name] = {
                "runs": len(stats.runs),
                "failed": len(stats.runs) - len(stats.good),
                "ms": stats.ms,
                "p10": stats.quantile(0.1),
                "p90": stats.quantile(0.9),
                "cpu_ms": stats.median(lambda run: run.cpu),
                "largest_kib": stats.median(lambda run: run.memory),
                "all_kib": stats.all_memory,
                "syscalls": stats.syscalls,
                "syncs": stats.syncs,
                "instructions": stats.instructions,
                "rate_mb_s": stats.rate(row_.task.flood) if row_.task.flood else None,
                "trouble": list(dict.fromkeys(stats.trouble)),
                **{counter: stats.count(counter) for counter in ("turns", "connections", "transactions", "bytes")},
            }
        levels = [
            {"text": level.text, "value": value, "limit": level.limit, "least": level.above, "reached": reached}
            for level, value, reached in judged(row_, results)
        ]
        data[row_.name] = {"title": row_.title, "programs": programs, "levels": levels}
    return data
