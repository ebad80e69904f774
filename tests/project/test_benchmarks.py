"""A short run of the benchmarks measures everything except the engine. Its figures mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.goals import GOALS, Goal
from benchmarks.rounds import Measured, Results, in_turn
from tests.conftest import missing
from tests.support.databases import POSTGRESQL_FOLDERS, Missing, program
from tests.support.servers import ROOT
from tests.support.stores import versitygw

SECTIONS = (*GOALS, "floor")  # the floor has no goal: it splits the time of a small GET into its parts


def bench(*arguments: str) -> str:
    """Run the command, as `make bench` does."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.mark.tools
def test_a_short_run(tmp_path: Path) -> None:
    try:
        for name in ("wrk", "nginx"):
            program(name)
        program("postgres", POSTGRESQL_FOLDERS)
        versitygw()
    except Missing as absence:
        missing(str(absence))
    bench("--short", "--output", str(tmp_path))
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written == {"RESULTS.md", "large.png", "small.png", *(f"results/{name}.json" for name in SECTIONS)}
    sections = {name: Results.load(tmp_path / "results" / f"{name}.json") for name in SECTIONS}
    assert not any(one.error for results in sections.values() for one in results.measured)
    for name, goals in GOALS.items():
        for goal in goals(sections):
            assert goal.measured or "engine" in goal.text
            if name == "small":
                assert goal.best.keys() == (set() if "of the view by hand" in goal.text else goal.measured.keys())
    text = (tmp_path / "RESULTS.md").read_text()
    assert "This was a short run" in text
    (tmp_path / "RESULTS.md").unlink()
    bench("--report", "--output", str(tmp_path))
    assert (tmp_path / "RESULTS.md").read_text() == text


def test_contestants_take_turns() -> None:
    measured = in_turn(["a", "b"], 2, lambda name: Measured(name, "case"))
    assert [(one.contestant, one.round) for one in measured] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_a_ratio_is_taken_within_a_round() -> None:
    rates = {"ours": (10, 300, 20), "other": (5, 100, 5)}
    measured = [
        Measured(name, "case", {"rate": float(rate)}, number)
        for name, values in rates.items()
        for number, rate in enumerate(values)
    ]
    results = Results({}, measured)
    assert results.median("ours", "case", "rate") == 20
    assert results.ratio("ours", "other", "case", "rate") == 3
    assert results.ratio("ours", "nobody", "case", "rate") is None


@pytest.mark.parametrize(
    ("aim", "measured", "met"),
    [
        ("≥ 0.5 ×", [0.5, 2], "yes"),
        ("≥ 0.5 ×", [0.4, 2], "in 1 of 2"),
        ("≥ 0.5 ×", [0.4], "no"),
        ("≤ 32 MiB", [32], "yes"),
        ("≤ 32 MiB", [32.1, 40], "no"),
        ("≤ 0", [], "not measured"),
    ],
)
def test_a_goal_is_met_in_every_case_or_not(aim: str, measured: list[float], met: str) -> None:
    assert Goal("", aim, {str(number): value for number, value in enumerate(measured)}).met == met
