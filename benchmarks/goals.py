"""What was to be reached, and whether it was."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .rounds import Results

BESIDE = "ours, beside the engine"
SQLITE, POSTGRESQL = OURS = ("ours, SQLite", "ours, PostgreSQL")
WIDE = "ours, SQLite with 32 KiB pages"
REQUEST, BLOCKS = "GET of 1 KiB, in process", "blocks of a large value, in process"
"""The cases of the section on the floor."""

Sections: TypeAlias = Mapping[str, Results]
"""What was measured, by the name of the section."""


@dataclass(frozen=True)
class Goal:
    """A bound, and what was measured in each case."""

    text: str
    aim: str
    """`≥ 0.5 ×` or `≤ 32 MiB`."""
    measured: Mapping[str, float]
    best: Mapping[str, float] = field(default_factory=dict)
    """What could be measured at best, by what is known of the floor."""

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


def small(sections: Sections) -> Iterator[Goal]:
    results = sections["small"]

    def rates(aim: str, ours: str, other: str, text: str) -> Goal:
        ratios = _ratios(results, ours, other, "rate")
        best = {case: _spent(results, other, case) / _least(sections, ours, case) for case in ratios}
        return Goal(f"requests/s on {_on(ours)}, to {text}", aim, ratios, best if "floor" in sections else {})

    yield rates("≥ 1.0 ×", SQLITE, "bare", "a bare view")
    yield rates("≥ 0.7 ×", POSTGRESQL, "bare", "a bare view")
    for ours in OURS:
        yield rates("≥ 2 ×", ours, f"naive, {_on(ours)}", "the naive view")
    yield rates("≥ 3 ×", POSTGRESQL, "engine", "the engine")


def large(sections: Sections) -> Iterator[Goal]:
    results = sections["large"]

    def speeds(aim: str, ours: str, other: str, text: str) -> Goal:
        ratios = _ratios(results, ours, other, "mb_per_s")
        gained = {case: _by_reading_and_sending(sections, ours, case) for case in ratios if "floor" in sections}
        best = {case: ratios[case] * gain for case, gain in gained.items()}
        return Goal(f"MB/s on {_on(ours)}, to {text}", aim, ratios, best)

    for ours in (SQLITE, WIDE, POSTGRESQL):
        yield speeds("≥ 0.5 ×", ours, "nginx", "nginx")
    for ours in OURS:
        yield speeds("≥ 5 ×", ours, f"naive, {_on(ours)}", "the naive view")
    yield speeds("≥ 4 ×", POSTGRESQL, "engine", "the engine")
    yield from _memory(results)
    yield Goal("first byte", "≤ 10 ms", _values(results, "first_ms"))


def tail(sections: Sections) -> Iterator[Goal]:
    results = sections["tail"]
    yield Goal("p50 of the last MiB", "≤ 5 ms", _values(results, "p50_ms"))


def growth(sections: Sections) -> Iterator[Goal]:
    results = sections["growth"]
    for metric, what in (("lookup_us", "a look-up"), ("request_us", "a request")):
        yield Goal(f"p50 of {what}, more variables, at any depth", "≤ 1.2 ×", _worst(results, metric, 0))
        yield Goal(f"p50 of {what}, more scopes, among any number", "≤ 1.2 ×", _worst(results, metric, 1))
    statements = _values(results, "statements").values()
    yield Goal("statements in a look-up", "≤ 1", {"at most": max(statements)})


def slow(sections: Sections) -> Iterator[Goal]:
    results = sections["slow"]
    yield Goal("downloads that failed", "≤ 0", _values(results, "failed"))
    yield Goal("small requests that failed meanwhile", "≤ 0", _values(results, "small_failed"))
    yield Goal("p99 of small requests meanwhile", "≤ 50 ms", _values(results, "small_p99_ms"))


def upload(sections: Sections) -> Iterator[Goal]:
    results = sections["upload"]
    for ours in OURS:
        yield Goal(f"MB/s on {_on(ours)}, to the engine", "≥ 5 ×", _ratios(results, ours, "engine", "mb_per_s"))
    yield from _memory(results)


def live(sections: Sections) -> Iterator[Goal]:
    results = sections["live"]
    grown = {case: results.median(BESIDE, case, "over_idle_mib") for case in results.cases()}
    memory = {case: value for case, value in grown.items() if value is not None}
    yield Goal("peak memory over idle, beside the engine", "≤ 64 MiB", memory)
    yield Goal("MB/s, to the engine itself", "≥ 1 ×", _ratios(results, BESIDE, "engine", "mb_per_s"))


GOALS: dict[str, Callable[[Sections], Iterator[Goal]]] = {
    "small": small,
    "large": large,
    "tail": tail,
    "growth": growth,
    "slow": slow,
    "upload": upload,
    "live": live,
}


def _spent(results: Results, contestant: str, case: str) -> float:
    """Microseconds of processor time for a request, the database's too."""
    return sum(results.median(contestant, case, metric) or 0 for metric in ("cpu_us", "database_cpu_us"))


def _least(sections: Sections, ours: str, case: str) -> float:
    """What a request costs at least: with an empty view, the pool and the driver, and nothing besides."""
    small, floor = sections["small"], sections["floor"]
    empty, bare, whole = (_spent(floor, name, REQUEST) for name in ("empty view", "bare", ours))
    least = empty + sum(floor.median(ours, REQUEST, metric) or 0 for metric in ("pool_us", "driver_us"))
    ours_served, bare_served = (small.median(name, case, "cpu_us") or 0 for name in (ours, "bare"))
    longer = (ours_served - bare_served) / (whole - bare)  # all takes longer in a server
    return bare_served + longer * (least - bare) + (small.median(ours, case, "database_cpu_us") or 0)


def _by_reading_and_sending(sections: Sections, ours: str, case: str) -> float:
    """By how much a download is faster that the driver alone reads, and a server sends that has nothing else to do."""
    large, floor = sections["large"], sections["floor"]
    sent, whole = (large.median(name, case, "mb_per_s") or 0 for name in ("server alone", ours))
    read = floor.median(f"the driver, {_on(ours)}", BLOCKS, "mb_per_s") or 0
    return 1 / (1 / sent + 1 / read) / whole


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
