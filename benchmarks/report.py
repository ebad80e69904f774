"""Write RESULTS.md from the raw numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill

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
        "wrk with 16 connections, on the same machine. Each server has 2 workers with 4 threads each. gunicorn's "
        "workers share a port (`--reuse-port`), because otherwise one of them takes all connections in some rounds. "
        "Our value is a File. The *bare* view is `send_file(BytesIO(…))` with bytes in memory. The view *by hand* "
        "checks nothing: the driver reads one row on a connection from SQLAlchemy's pool, and `send_file` answers. "
        "The *naive* view uses a Flask-SQLAlchemy model with a `LargeBinary`. Processor time is the sum for all "
        "processes of the server and of PostgreSQL, divided by the requests."
    ),
    "large": (
        "One client downloads, one value after another. The files and databases are in the system's cache. gunicorn "
        "has one worker. *Server alone* is a view that has three in four of its blocks in memory. The peak memory is "
        "the sum for all processes of the server (VmHWM). It is taken in a separate download, in which the client "
        "checks every byte. *Over idle* counts from the memory after a first small request. PostgreSQL's memory is "
        "the private memory of all its processes, sampled every 20 ms."
    ),
    "tail": "`Range: bytes=-1048576` on one connection, again and again.",
    "growth": (
        "In one process: `get` of the storage alone, and a whole request over WSGI. The variable of depth *n* is in "
        "the outermost of *n* scopes, and the look-up takes a step for each. If a table has only a few pages, "
        "PostgreSQL reads every row at each step, because this is cheaper. Variables of depth 1 are chosen at random."
    ),
    "slow": (
        "One gthread worker with a thread for each download and 8 more, and a pool of 5 connections without overflow. "
        "The small requests (1 KiB) are sent one after another on a separate connection, with 20 ms between them. "
        "*Alone* is the time before the downloads. The memory is that of all downloads together."
    ),
    "upload": (
        "A form with a file sets a variable with a new name, through one gunicorn worker. Memory as in *large values*."
    ),
    "files": (
        "Values in a directory (`DirectoryContents`), with SQLite. One client downloads, one value after another. The "
        "files are in the system's cache. Each server has one worker. *X-Accel* is nginx in front of the app, as "
        "docs/offload.md configures it. *nginx alone* sends the same file as a static file, by `sendfile`. *A loop "
        "alone* is a Python program that reads a block and sends it. Processor time is the sum for all processes of "
        "app and nginx, for a GB. The time of the app alone is for one download. On the loopback device `sendfile` "
        "copies nothing; the client makes the only copy, and its time is not counted. Memory as in *large values*, of "
        "app and nginx."
    ),
    "objects": (
        "Values in a versitygw (S3) on the same machine (`ObjectContents`), with SQLite. One client downloads, one "
        "value after another. Each server has one worker. *obstore alone* is the library with which the app reads "
        "object stores: it reads the same object in one process, and sends it to nobody. *A loop alone* sends each "
        "piece that obstore reads, without a web framework. Memory as in *large values*, of the app."
    ),
    "sweep": (
        "`sweep` of 1,000 contents of 64 KiB and one byte in a directory, in a database with few and with many "
        "variables. These variables also have a content, which must stay."
    ),
    "live": (
        "A variable of the engine is read through the engine and through `CamundaStorage` on the same PostgreSQL. One "
        "gunicorn worker. The engine has a heap of 4 GiB. Memory as in *large values*."
    ),
    "floor": (
        "The parts of a request, in one process and without a server. The processor time of a GET of 1 KiB was "
        "sampled every 4 ms and assigned to the package whose code ran. The time of Flask and Werkzeug beyond the "
        "empty view is for our routes and headers. *The driver* is the time of SQLite or psycopg, without PostgreSQL "
        "itself. A large value has 100 MB, in chunks of 256 KiB; a statement reads four."
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
    "small_failed": "failed small requests",
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

`make bench` writes this page from the raw numbers in `results/`. A section compares everything on one machine, in one
run and in turn (A B A B). A number is the median of the rounds. A ratio is the median of the ratios within each round,
with the smallest and the largest in brackets. Client, server and database share the cores. PostgreSQL runs with
`fsync=off`, and SQLite with the defaults of Python.
"""


AT_BEST = """*At best* estimates the best possible value, from the section on the floor. Where this is less than the
goal, a second goal is a share of it. For small values it is the processor time of an empty view that takes a connection
from SQLAlchemy's pool and lets the driver run the statement. An empty view sends no file, so further goals for small
values are relative to a view by hand. For files the best is a Python program that reads a block and sends it, without
HTTP, and for objects the same with obstore. For large values the driver alone reads the blocks, and a server that does
nothing else sends them, one after the other in one thread."""


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
        yield f"\n## {TITLES[name]}\n\n{fill(NOTES[name], 120)}\n"
        yield f"Rounds: {results.about['rounds']}; {results.about['date']}.\n"
        yield from _table(results)
    yield ""


def _about(sections: Mapping[str, Results]) -> Iterator[str]:
    """Yield the table of the machine and the versions. Values that differ between sections are listed in turn."""
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
    """Format a number with three significant digits."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
