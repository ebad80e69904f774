"""The goals of the benchmarks, and whether they are met."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .rounds import Results

BESIDE = "ours, beside the engine"
SQLITE, POSTGRESQL = OURS = ("ours, SQLite", "ours, PostgreSQL")
WIDE = "ours, SQLite with 32 KiB pages"
REQUEST, BLOCKS = "GET of 1 KiB, in process", "blocks of a large value, in process"
"""The two cases of the section `floor`."""

_OTHERS = {
    "bare": "a bare view",
    "by hand": "the view by hand",
    "naive": "the naive view",
    "engine": "the engine",
    "nginx": "nginx",
}

Sections: TypeAlias = Mapping[str, Results]
"""The results of each section, by its name."""


@dataclass(frozen=True)
class Goal:
    """A bound, and the measured value of each case."""

    text: str
    aim: str
    """`≥ 0.5 ×` or `≤ 32 MiB`; `×` alone if there is no bound."""
    measured: Mapping[str, float]
    best: Mapping[str, float] = field(default_factory=dict)
    """An estimate of the best possible value, from the section `floor`."""
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The smallest and the largest value of the rounds."""

    @property
    def met(self) -> str:
        sign, *bound = self.aim.split()[:2]
        if not self.measured:
            return "not measured"
        if not bound:
            return ""
        holds = {"≥": operator.ge, "≤": operator.le}[sign]
        kept = sum(holds(value, float(bound[0])) for value in self.measured.values())
        if kept == len(self.measured):
            return "yes"
        return f"in {kept} of {len(self.measured)}" if kept else "no"


def small(sections: Sections) -> Iterator[Goal]:
    results = sections["small"]

    def rates(aim: str, ours: str, other: str, server: str) -> Goal:
        cases = [case for case in results.cases() if case.endswith(f" on {server}")]
        ratios = _ratios(results, ours, other, "rate", cases)
        in_floor = ours in OURS and "floor" in sections
        best = {case: _spent(results, other, case) / _least(sections, ours, case) for case in ratios if in_floor}
        which = "" if ours in OURS else " of the view by hand"
        text = f"requests/s{which} on {_on(ours)}, relative to {_OTHERS[other.partition(',')[0]]}"
        return Goal(text, aim, ratios, best, _spread(results, ours, other, "rate", ratios))

    yield rates("≥ 0.9 ×", SQLITE, "bare", "gunicorn")
    yield rates("≥ 0.84 ×", SQLITE, "bare", "granian")
    yield rates("≥ 0.62 ×", POSTGRESQL, "bare", "gunicorn")
    yield rates("≥ 0.5 ×", POSTGRESQL, "bare", "granian")
    for ours in OURS:
        yield rates("≥ 2 ×", ours, f"naive, {_on(ours)}", "granian")
        yield rates("×", ours, f"naive, {_on(ours)}", "gunicorn")
    engine = rates("≥ 1.8 ×", POSTGRESQL, "engine", "granian")
    yield engine
    shares = {case: engine.measured[case] / best for case, best in engine.best.items()}
    yield Goal("… relative to the engine, as a share of the possible best", "≥ 0.8 ×", shares)
    yield rates("×", POSTGRESQL, "engine", "gunicorn")
    for ours in OURS:
        by_hand = f"by hand, {_on(ours)}"
        for server in ("gunicorn", "granian"):
            yield rates("≥ 0.8 ×", ours, by_hand, server)
            yield rates("×", by_hand, "bare", server)
        yield rates("×", by_hand, f"naive, {_on(ours)}", "granian")
    yield rates("×", "by hand, PostgreSQL", "engine", "granian")


def large(sections: Sections) -> Iterator[Goal]:
    """A database can't be read as fast as a file is sent, so the goal is relative to an estimate from the floor."""
    results = sections["large"]
    for ours in (SQLITE, WIDE, POSTGRESQL):
        shares = {
            case: 1 / _by_reading_and_sending(sections, ours, case)
            for case in results.cases()
            if "floor" in sections and results.median(ours, case, "mb_per_s")
        }
        yield Goal(f"MB/s on {_on(ours)}, relative to the possible best", "≥ 0.8 ×", shares)
        for other in ("nginx", f"naive, {_on(ours)}", "engine"):
            if ratios := _ratios(results, ours, other, "mb_per_s"):
                text = f"MB/s on {_on(ours)}, relative to {_OTHERS[other.partition(',')[0]]}"
                yield Goal(text, "×", ratios, spread=_spread(results, ours, other, "mb_per_s", ratios))
    yield from _memory(results)
    yield Goal("first byte", "≤ 10 ms", _values(results, "first_ms"))


def tail(sections: Sections) -> Iterator[Goal]:
    results = sections["tail"]
    yield Goal("p50 of the last MiB", "≤ 5 ms", _values(results, "p50_ms"))


def growth(sections: Sections) -> Iterator[Goal]:
    results = sections["growth"]
    for metric, what in (("lookup_us", "a look-up"), ("request_us", "a request")):
        yield Goal(f"growth of the p50 of {what} with the number of variables", "≤ 1.2 ×", _worst(results, metric, 0))
        yield Goal(f"growth of the p50 of {what} with the number of scopes", "≤ 1.5 ×", _worst(results, metric, 1))
    statements = _values(results, "statements").values()
    yield Goal("statements in a look-up", "≤ 1", {"at most": max(statements)})


def slow(sections: Sections) -> Iterator[Goal]:
    results = sections["slow"]
    yield Goal("failed downloads", "≤ 0", _values(results, "failed"))
    yield Goal("failed small requests meanwhile", "≤ 0", _values(results, "small_failed"))
    yield Goal("p99 of small requests meanwhile", "≤ 50 ms", _values(results, "small_p99_ms"))


def upload(sections: Sections) -> Iterator[Goal]:
    results = sections["upload"]
    for ours in OURS:
        ratios = _ratios(results, ours, "engine", "mb_per_s")
        spread = _spread(results, ours, "engine", "mb_per_s", ratios)
        yield Goal(f"MB/s on {_on(ours)}, relative to the engine", "≥ 5 ×", ratios, spread=spread)
    yield from _memory(results)


def files(sections: Sections) -> Iterator[Goal]:
    results = sections["files"]
    ours = [name for name in results.contestants() if not name.endswith("alone")]
    offloaded = [name for name in ours if name.endswith("X-Accel")]
    direct = [name for name in ours if name not in offloaded]

    def thrift(names: list[str]) -> dict[str, float]:
        ratios = {name: _ratios(results, "nginx alone", name, "cpu_ms_gb") for name in names}
        return {f"{name}, {case}": ratio for name in names for case, ratio in ratios[name].items()}

    loop = {case: ratio for name, ratio in thrift(["a loop alone"]).items() for case in [name.partition(", ")[2]]}
    best = {f"{name}, {case}": ratio for name in direct for case, ratio in loop.items()}
    yield Goal("processor time of nginx for a byte, relative to that of the app", "≥ 0.6 ×", thrift(direct), best)
    yield Goal("… relative to that of the app and nginx with X-Accel", "≥ 0.85 ×", thrift(offloaded))
    yield Goal("processor time of the app for a download that nginx sends", "≤ 5 ms", _of(results, offloaded, "app_ms"))
    yield Goal("first byte", "≤ 10 ms", _of(results, ours, "first_ms"))
    yield Goal("peak memory of the servers over idle", "≤ 32 MiB", _of(results, ours, "over_idle_mib"))


def objects(sections: Sections) -> Iterator[Goal]:
    results = sections["objects"]
    ours = [name for name in results.contestants() if not name.endswith("alone")]
    speeds, best, spread = dict[str, float](), dict[str, float](), dict[str, tuple[float, float]]()
    for name in ours:
        least = _ratios(results, "a loop alone", "obstore alone", "mb_per_s")
        ranges = _spread(results, name, "obstore alone", "mb_per_s", results.cases())
        for case, ratio in _ratios(results, name, "obstore alone", "mb_per_s").items():
            key = f"{name}, {case}"
            speeds[key], best[key], spread[key] = ratio, least[case], ranges[case]
    yield Goal("MB/s, relative to obstore alone", "≥ 0.7 ×", speeds, best, spread)
    yield Goal("peak memory of the server over idle", "≤ 32 MiB", _of(results, ours, "over_idle_mib"))


def sweep(sections: Sections) -> Iterator[Goal]:
    results = sections["sweep"]
    few, many = results.cases()
    grown = {}
    for ours in OURS:
        before, now = (results.rounds(ours, case, "sweep_ms") for case in (few, many))
        grown[_on(ours)] = statistics.median(now[number] / before[number] for number in now)
    yield Goal(f"time of a sweep {many}, relative to one {few}", "≤ 1.2 ×", grown)


def live(sections: Sections) -> Iterator[Goal]:
    results = sections["live"]
    grown = {case: results.median(BESIDE, case, "over_idle_mib") for case in results.cases()}
    memory = {case: value for case, value in grown.items() if value is not None}
    yield Goal("peak memory over idle, beside the engine", "≤ 64 MiB", memory)
    yield Goal("MB/s, relative to the engine itself", "≥ 1 ×", _ratios(results, BESIDE, "engine", "mb_per_s"))


GOALS: dict[str, Callable[[Sections], Iterator[Goal]]] = {
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
}


def _spent(results: Results, contestant: str, case: str) -> float:
    """Return the microseconds of processor time for a request, including the database's."""
    return sum(results.median(contestant, case, metric) or 0 for metric in ("cpu_us", "database_cpu_us"))


def _least(sections: Sections, ours: str, case: str) -> float:
    """Estimate the least cost of a request: an empty view, the pool and the driver, and nothing else."""
    small, floor = sections["small"], sections["floor"]
    empty, bare, whole = (_spent(floor, name, REQUEST) for name in ("empty view", "bare", ours))
    least = empty + sum(floor.median(ours, REQUEST, metric) or 0 for metric in ("pool_us", "driver_us"))
    ours_served, bare_served = (small.median(name, case, "cpu_us") or 0 for name in (ours, "bare"))
    longer = (ours_served - bare_served) / (whole - bare)  # everything takes longer in a server
    return bare_served + longer * (least - bare) + (small.median(ours, case, "database_cpu_us") or 0)


def _by_reading_and_sending(sections: Sections, ours: str, case: str) -> float:
    """Estimate how much faster a download is if only the driver reads and a server only sends."""
    large, floor = sections["large"], sections["floor"]
    sent, whole = (large.median(name, case, "mb_per_s") or 0 for name in ("server alone", ours))
    read = floor.median(f"the driver, {_on(ours)}", BLOCKS, "mb_per_s") or 0
    return 1 / (1 / sent + 1 / read) / whole


def _memory(results: Results) -> Iterator[Goal]:
    yield Goal("peak memory of the server over idle", "≤ 32 MiB", _values(results, "over_idle_mib"))
    yield Goal("peak memory of PostgreSQL over idle", "≤ 32 MiB", _values(results, "database_mib"))


def _ratios(
    results: Results, ours: str, other: str, metric: str, cases: Iterable[str] | None = None
) -> dict[str, float]:
    found = {case: results.ratio(ours, other, case, metric) for case in cases or results.cases()}
    return {case: ratio for case, ratio in found.items() if ratio is not None}


def _spread(
    results: Results, ours: str, other: str, metric: str, cases: Iterable[str]
) -> dict[str, tuple[float, float]]:
    found = {case: results.ratios(ours, other, case, metric) for case in cases}
    return {case: (min(ratios), max(ratios)) for case, ratios in found.items()}


def _values(results: Results, metric: str) -> dict[str, float]:
    found = {(ours, case): results.median(ours, case, metric) for case in results.cases() for ours in OURS}
    return {f"{_on(ours)}, {case}": value for (ours, case), value in found.items() if value is not None}


def _of(results: Results, names: list[str], metric: str) -> dict[str, float]:
    found = {f"{name}, {case}": results.median(name, case, metric) for name in names for case in results.cases()}
    return {key: value for key, value in found.items() if value is not None}


def _worst(results: Results, metric: str, part: int) -> dict[str, float]:
    """Return the largest growth of a value when one of the two parts of its case changes.

    The label of a case has two parts, such as the number of variables and the depth. Each case is compared with the one
    whose part has the word of the first case.

    :param part: the position of the part.
    """
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
