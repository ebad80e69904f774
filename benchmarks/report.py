"""RESULTS.md out of the raw numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .goals import GOALS
from .rounds import Results

TITLES = {
    "small": "Small values",
    "large": "Large values",
    "tail": "Resume and range",
    "growth": "Growth",
    "slow": "Many slow clients",
    "upload": "Upload",
    "files": "Files in a directory",
    "objects": "Objects in S3",
    "sweep": "Sweep",
    "live": "Beside a live engine",
    "floor": "The floor",
}

NOTES = {
    "small": (
        "wrk, 16 connections, on the same machine; each server with 2 workers of 4 threads, gunicorn's with a port "
        "that they share (`--reuse-port`), or one takes all connections in some rounds. Our value is a File; the "
        "bare view is `send_file(BytesIO(…))` of bytes that it has; the naive one is a Flask-SQLAlchemy model with a "
        "`LargeBinary`. Processor time is that of all processes of the server, and of PostgreSQL, divided by the "
        "requests."
    ),
    "large": (
        "One client, one download after another; the files and databases are in the system's cache. One gunicorn "
        "worker. *Server alone* is a view that has three in four of the blocks that it sends. The peak is that of all "
        "processes of the server (VmHWM, summed), taken in a download of its own, in which every byte is checked; "
        "*over idle* counts from after a first small request. What PostgreSQL holds is the private memory of all its "
        "processes, looked at every 20 ms."
    ),
    "tail": "`Range: bytes=-1048576` on a connection that is kept.",
    "growth": (
        "In one process: `get` of the storage alone, and a whole request over WSGI. The variable of depth *n* is in "
        "the outermost of *n* scopes: the walk takes a step for each. Of tables of a few pages PostgreSQL reads every "
        "row at each step, as it deems that cheaper. Variables of depth 1 are picked at random among all."
    ),
    "slow": (
        "One gthread worker with a thread for each download and 8 more, and a pool of 5 connections with no overflow. "
        "The small requests (1 KiB) come one after another on a connection of their own, with 20 ms between them; "
        "*alone* is before the downloads. The memory is that of all downloads together."
    ),
    "upload": "A form with a file, into a variable of a new name, through one gunicorn worker. Memory as above.",
    "files": (
        "Values in a directory (`DirectoryContents`), on SQLite. One client, one download after another; the files are "
        "in the system's cache. One worker of each server. *X-Accel* is nginx in front of the app, as docs/offload.md "
        "configures it; *nginx alone* sends the same file as a static one, by `sendfile`; *a loop alone* is Python "
        "that reads a block and sends it. Processor time is that of all processes of app and nginx, for a GB; that of "
        "the app alone is for one download. On the loopback device `sendfile` copies nothing: the one copy is made by "
        "the client, whose time is not counted. Memory as above, of app and nginx."
    ),
    "objects": (
        "Values in a versitygw (S3) on the same machine (`ObjectContents`), on SQLite. One client, one download after "
        "another; one worker of each server. *obstore alone* is the client of object stores that the app has: it reads "
        "the same object in one process, and sends it to nobody; *a loop alone* sends each piece of it, without HTTP "
        "around it. Memory as above, of the app."
    ),
    "sweep": (
        "`sweep` of 1,000 contents of 64 KiB and a byte in a directory, in a database with few variables and with "
        "many. All of these have a content as well, which stays."
    ),
    "live": (
        "A variable of the engine's, asked of the engine and of `CamundaStorage` on the same PostgreSQL. One gunicorn "
        "worker; the engine has a heap of 4 GiB. Memory as above."
    ),
    "floor": (
        "In one process, without a server. Whose code takes the processor time of a GET of 1 KiB was looked at every 4 "
        "ms of it: what Flask and Werkzeug take beyond the empty view is for our routes and headers, and *the driver* "
        "is all that SQLite or psycopg do, without PostgreSQL itself. A large value is 100 MB, in chunks of 256 KiB, "
        "four to a statement."
    ),
}

METRICS = {
    "rate": "requests/s",
    "cpu_us": "µs of processor time",
    "database_cpu_us": "… of PostgreSQL",
    "flask_us": "… of Flask and Werkzeug",
    "pool_us": "… of SQLAlchemy",
    "driver_us": "… of the driver",
    "own_us": "… of flask-taskvars",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "cpu_ms_gb": "ms of processor time for a GB",
    "app_ms": "… of the app for a download",
    "mb_per_s": "MB/s",
    "first_ms": "first byte, ms",
    "most_ms": "slowest, ms",
    "peak_mib": "peak memory, MiB",
    "over_idle_mib": "… over idle",
    "database_mib": "PostgreSQL over idle, MiB",
    "sweep_ms": "sweep, ms",
    "lookup_us": "look-up, µs",
    "request_us": "request, µs",
    "statements": "statements",
    "failed": "failed",
    "slowest_s": "slowest, s",
    "small_failed": "small ones failed",
    "small_requests": "small requests",
    "pool_most": "connections in use",
    "small_p50_ms": "small p50, ms",
    "small_p99_ms": "small p99, ms",
    "small_most_ms": "small slowest, ms",
    "alone_p50_ms": "alone p50, ms",
    "alone_p99_ms": "alone p99, ms",
    "alone_most_ms": "alone slowest, ms",
}

INTRODUCTION = """# Benchmarks

Written by `make bench` from the raw numbers in `results/`. All that a section compares runs on one machine, in one
go and in turn (A B A B). A number is the median of the rounds, a ratio the median of the ratios within a round, with
the least and the most of them in brackets. Client, server and database share the cores. PostgreSQL runs with
`fsync=off`, SQLite as Python opens it.
"""


AT_BEST = """*At best* estimates what a goal that is missed could come to, by the section on the floor. Small values: a
view that does no more than an empty one, take a connection out of SQLAlchemy's pool, and have the driver run the
statement; by processor time. Files: Python that reads a block and sends it, without HTTP around it; objects: the same
with obstore. Large values are compared with what is possible at best: the driver alone reads the blocks, and a server
with nothing else to do sends them, in one thread, one after the other."""


def write(folder: Path, sections: Mapping[str, Results]) -> None:
    """Write `RESULTS.md`."""
    (folder / "RESULTS.md").write_text("\n".join(_lines(sections)))


def _lines(sections: Mapping[str, Results]) -> Iterator[str]:
    yield INTRODUCTION
    if any(results.about["short"] for results in sections.values()):
        yield "**This was a short run, which only proves that the benchmarks work.**\n"
    yield from _about(sections)
    yield "## Goals\n"
    yield f"{AT_BEST}\n\n| Section | Goal | Measured | At best | Met |\n| --- | --- | --- | --- | --- |"
    for name in sections:
        for goal in GOALS[name](sections) if name in GOALS else ():
            measured, best = _shown(goal.measured, goal.aim, goal.spread), _shown(goal.best, goal.aim, {})
            yield f"| {TITLES[name]} | {goal.text}{_bound(goal.aim)} | {measured} | {best} | {goal.met} |"
    for name, results in sections.items():
        yield f"\n## {TITLES[name]}\n\n{NOTES[name]}\n\nRounds: {results.about['rounds']}; {results.about['date']}.\n"
        yield from _table(results)
    yield ""


def _about(sections: Mapping[str, Results]) -> Iterator[str]:
    """The machine and the versions; once, where all sections agree."""
    seen: dict[str, str] = {}
    for results in sections.values():
        for part in ("machine", "versions"):
            told = results.about[part]
            assert isinstance(told, dict)
            for key, value in told.items():
                values = seen.setdefault(key, value).split("; ")
                if value not in values:
                    seen[key] += f"; {value}"
    yield "| | |\n| --- | --- |"
    for key, value in seen.items():
        yield f"| {key} | {value} |"
    yield ""


def _shown(values: Mapping[str, float], aim: str, spread: Mapping[str, tuple[float, float]]) -> str:
    unit = " ".join(aim.split()[2:]) if " " in aim else aim
    shown = (
        f"{case}: {number(value)} {unit}".strip() + _between(*spread.get(case, ())) for case, value in values.items()
    )
    return "<br>".join(shown)


def _bound(aim: str) -> str:
    return f": {aim}" if " " in aim else ""


def _between(*bounds: float) -> str:
    return f" ({' to '.join(map(number, bounds))})" if bounds else ""


def _table(results: Results) -> Iterator[str]:
    metrics = [metric for metric in METRICS if any(metric in one.values for one in results.measured)]
    yield f"| | | {' | '.join(METRICS[metric] for metric in metrics)} |"
    yield f"| --- | --- |{' ---: |' * len(metrics)}"
    for case in results.cases():
        for contestant in results.contestants():
            found = [results.median(contestant, case, metric) for metric in metrics]
            if error := results.error(contestant, case):
                yield f"| {case} | {contestant} | {_plain(error)} |{' |' * (len(metrics) - 1)}"
            elif any(value is not None for value in found):
                yield f"| {case} | {contestant} | {' | '.join(map(number, found))} |"


def _plain(error: str) -> str:
    return " ".join(error.split())[:120].replace("|", "/")


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
