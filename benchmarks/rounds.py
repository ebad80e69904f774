"""Measure all contestants in turn, again and again (A B A B), so that a slow minute of the machine affects them all."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """The values of one contestant in one case and round, or the error. Round 0 means outside of the rounds."""

    contestant: str
    case: str
    values: dict[str, float] = field(default_factory=dict)
    round: int = 0
    error: str = ""


class Results:
    """The measured values of a section."""

    def __init__(self, about: Mapping[str, object], measured: Iterable[Measured]) -> None:
        self.about, self.measured = dict(about), list(measured)

    @classmethod
    def load(cls, path: Path) -> Results:
        document = json.loads(path.read_text())
        return cls(document["about"], [Measured(**one) for one in document["measured"]])

    def save(self, path: Path) -> None:
        """Write one measurement on each line."""
        lines = ",\n".join(json.dumps(asdict(one)) for one in self.measured)
        path.write_text(f'{{"about": {json.dumps(self.about, indent=1)},\n"measured": [\n{lines}\n]}}\n')

    def cases(self) -> list[str]:
        return list(dict.fromkeys(one.case for one in self.measured))

    def contestants(self) -> list[str]:
        return list(dict.fromkeys(one.contestant for one in self.measured))

    def error(self, contestant: str, case: str) -> str:
        """Return the reason why there are no values."""
        return next((one.error for one in self._of(contestant, case) if one.error), "")

    def rounds(self, contestant: str, case: str, metric: str) -> dict[int, float]:
        """Return the value of each round."""
        return {one.round: one.values[metric] for one in self._of(contestant, case) if metric in one.values}

    def median(self, contestant: str, case: str, metric: str) -> float | None:
        found = self.rounds(contestant, case, metric)
        return statistics.median(found.values()) if found else None

    def ratio(self, contestant: str, other: str, case: str, metric: str) -> float | None:
        """Return the median of the rounds' ratios."""
        found = self.ratios(contestant, other, case, metric)
        return statistics.median(found) if found else None

    def ratios(self, contestant: str, other: str, case: str, metric: str) -> list[float]:
        """Return the ratio of each round."""
        ours, theirs = (self.rounds(name, case, metric) for name in (contestant, other))
        return [ours[number] / theirs[number] for number in ours if theirs.get(number)]

    def _of(self, contestant: str, case: str) -> list[Measured]:
        return [one for one in self.measured if (one.contestant, one.case) == (contestant, case)]


def in_turn(contestants: Sequence[T], rounds: int, measure: Callable[[T], Measured]) -> list[Measured]:
    """Measure each contestant once in every round."""
    found = []
    for number in range(1, rounds + 1):
        for contestant in contestants:
            one = replace(measure(contestant), round=number)
            print(f"  {one.case}, round {number}: {one.contestant}: {shown(one.values)}", flush=True)
            found.append(one)
    return found


def shown(values: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in values.items())
