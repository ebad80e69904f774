"""The command: measure, keep the raw numbers, and write the report and the plots."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from types import ModuleType

from tests.support.databases import Missing

from . import files, floor, growth, large, live, objects, plots, report, slow, small, sweep, tail, upload
from .machine import machine, versions
from .rounds import Results
from .stage import Stage

SECTIONS: dict[str, ModuleType] = {
    "small": small,
    "large": large,
    "tail": tail,
    "growth": growth,
    "slow": slow,
    "upload": upload,
    "files": files,
    "objects": objects,
    "sweep": sweep,
    "live": live,
    "floor": floor,
}
HERE = Path(__file__).parent


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the endpoint against others.")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="some sections")
    parser.add_argument("--short", action="store_true", help="only prove that all works, without the engine")
    parser.add_argument("--without-engine", action="store_true", help="the engine needs Java and Maven")
    parser.add_argument("--report", action="store_true", help="measure nothing: write RESULTS.md and the plots anew")
    parser.add_argument("--output", type=Path, default=HERE, help="where RESULTS.md, the plots and results/ go")
    arguments = parser.parse_args()
    folder: Path = arguments.output
    (folder / "results").mkdir(parents=True, exist_ok=True)
    if not arguments.report:
        try:
            measure(folder, arguments.only, short=arguments.short, with_engine=not arguments.without_engine)
        except Missing as absence:
            sys.exit(
                f"{absence}. On Debian: apt install postgresql nginx-light wrk openjdk-17-jdk-headless maven golang"
            )
    paths = {name: folder / "results" / f"{name}.json" for name in SECTIONS}
    sections = {name: Results.load(path) for name, path in paths.items() if path.exists()}
    report.write(folder, sections)
    plots.draw(folder, sections)


def measure(folder: Path, names: list[str], *, short: bool, with_engine: bool) -> None:
    """Run sections, and keep the results of each.

    :raises Missing: a program is not installed.
    """
    taken_on = {"machine": machine(), "versions": versions()}
    with Stage(with_engine=with_engine and not short) as stage:
        for name in names:
            section, started = SECTIONS[name], time.monotonic()
            scale = section.SHORT if short else section.FULL
            print(f"{name}:", flush=True)
            about = {**taken_on, "date": _now(), "rounds": scale.rounds, "short": short}
            Results(about, section.run(stage, scale)).save(folder / "results" / f"{name}.json")
            print(f"  took {time.monotonic() - started:.0f} s", flush=True)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


if __name__ == "__main__":
    main()
