"""What was to be reached, and whether it was."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .rounds import Results

BESIDE = "ours, beside the engine"
SQLITE, POSTGRESQL = OURS = ("ours, SQLite", "ours, PostgreSQL")


@dataclass(frozen=True)
class Goal:
    """A bound, and what was measured in each case."""

    text: str
    aim: str
    """`≥ 0.5 ×` or `≤ 32 MiB`."""
    measured: Mapping[str, float]

    @property
    def met(self) -> str:
        sign, bound, *_ = self.aim.split()
        holds = {"≥": operator.ge, "≤": operator.le}[sign]
        kept = sum(holds(value, float(bound)) for value in self.measured.values())
        if not self.measured:
            return "not measured"
        if kept == len(self.measured):
            return "yes"
        return f"in {kept} of {len(self.measured)}" if kept else "no"


def small(results: Results) -> Iterator[Goal]:
    def rates(ours: str, other: str) -> dict[str, float]:
        return _ratios(results, ours, other, "rate")

    yield Goal("requests/s on SQLite, to a bare view", "≥ 1.0 ×", rates(SQLITE, "bare"))
    yield Goal("requests/s on PostgreSQL, to a bare view", "≥ 0.7 ×", rates(POSTGRESQL, "bare"))
    yield Goal("requests/s on SQLite, to the naive view", "≥ 2 ×", rates(SQLITE, "naive, SQLite"))
    yield Goal("requests/s on PostgreSQL, to the naive view", "≥ 2 ×", rates(POSTGRESQL, "naive, PostgreSQL"))
    yield Goal("requests/s on PostgreSQL, to the engine", "≥ 3 ×", rates(POSTGRESQL, "engine"))


def large(results: Results) -> Iterator[Goal]:
    def speeds(ours: str, other: str) -> dict[str, float]:
        return _ratios(results, ours, other, "mb_per_s")

    yield Goal("MB/s on SQLite, to nginx", "≥ 0.5 ×", speeds(SQLITE, "nginx"))
    yield Goal("MB/s on PostgreSQL, to nginx", "≥ 0.5 ×", speeds(POSTGRESQL, "nginx"))
    yield Goal("MB/s on SQLite, to the naive view", "≥ 5 ×", speeds(SQLITE, "naive, SQLite"))
    yield Goal("MB/s on PostgreSQL, to the naive view", "≥ 5 ×", speeds(POSTGRESQL, "naive, PostgreSQL"))
    yield Goal("MB/s on PostgreSQL, to the engine", "≥ 4 ×", speeds(POSTGRESQL, "engine"))
    yield from _memory(results)
    yield Goal("first byte", "≤ 10 ms", _values(results, "first_ms"))


def tail(results: Results) -> Iterator[Goal]:
    yield Goal("p50 of the last MiB", "≤ 5 ms", _values(results, "p50_ms"))


def growth(results: Results) -> Iterator[Goal]:
    for metric, what in (("lookup_us", "a look-up"), ("request_us", "a request")):
        yield Goal(f"p50 of {what}, more variables, at any depth", "≤ 1.2 ×", _worst(results, metric, 0))
        yield Goal(f"p50 of {what}, more scopes, among any number", "≤ 1.2 ×", _worst(results, metric, 1))
    statements = _values(results, "statements").values()
    yield Goal("statements in a look-up", "≤ 1", {"at most": max(statements)})


def slow(results: Results) -> Iterator[Goal]:
    yield Goal("downloads that failed", "≤ 0", _values(results, "failed"))
    yield Goal("small requests that failed meanwhile", "≤ 0", _values(results, "small_failed"))
    yield Goal("p99 of small requests meanwhile", "≤ 50 ms", _values(results, "small_p99_ms"))


def upload(results: Results) -> Iterator[Goal]:
    for ours in OURS:
        yield Goal(f"MB/s on {_on(ours)}, to the engine", "≥ 5 ×", _ratios(results, ours, "engine", "mb_per_s"))
    yield from _memory(results)


def live(results: Results) -> Iterator[Goal]:
    grown = {case: results.median(BESIDE, case, "over_idle_mib") for case in results.cases()}
    memory = {case: value for case, value in grown.items() if value is not None}
    yield Goal("peak memory over idle, beside the engine", "≤ 64 MiB", memory)
    yield Goal("MB/s, to the engine itself", "≥ 1 ×", _ratios(results, BESIDE, "engine", "mb_per_s"))


GOALS: dict[str, Callable[[Results], Iterator[Goal]]] = {
    "small": small,
    "large": large,
    "tail": tail,
    "growth": growth,
    "slow": slow,
    "upload": upload,
    "live": live,
}


def _memory(results: Results) -> Iterator[Goal]:
    yield Goal("peak memory of the server over idle", "≤ 32 MiB", _values(results, "over_idle_mib"))
    yield Goal("peak memory of PostgreSQL over idle", "≤ 32 MiB", _values(results, "database_mib"))


def _ratios(results: Results, ours: str, other: str, metric: str) -> dict[str, float]:
    found = {case: results.ratio(ours, other, case, metric) for case in results.cases()}
    return {case: ratio for case, ratio in found.items() if ratio is not None}


def _values(results: Results, metric: str) -> dict[str, float]:
    found = {(ours, case): results.median(ours, case, metric) for case in results.cases() for ours in OURS}
    return {f"{_on(ours)}, {case}": value for (ours, case), value in found.items() if value is not None}


def _worst(results: Results, metric: str, part: int) -> dict[str, float]:
    """By how much a value grows at most, from the case that has the first case's word for one of its two parts."""
    start, worst = results.cases()[0].split(", ")[part], dict[str, float]()
    for ours in OURS:
        for case in results.cases():
            word = case.split(", ")[part]
            if word != start:
                before, now = (results.rounds(ours, one, metric) for one in (case.replace(word, start), case))
                growth = statistics.median(now[number] / before[number] for number in now)
                label = f"{_on(ours)}, {word}"
                worst[label] = max(growth, worst.get(label, 0.0))
    return worst


def _on(ours: str) -> str:
    return ours.partition(", ")[2]
