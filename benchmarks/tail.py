"""Resuming a download: the last MiB of a large value."""

from __future__ import annotations

import statistics
from contextlib import ExitStack, closing
from dataclasses import dataclass

from .client import Client
from .rounds import Measured, in_turn
from .stage import Contestant, Stage
from .values import label

LAST = 2**20


@dataclass(frozen=True)
class Scale:
    rounds: int
    size: int
    requests: int


FULL, SHORT = Scale(5, 10**9, 40), Scale(1, 3 * 10**6, 5)


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Request a range at the end again and again on one connection. nginx shows the client's own share of the time."""
    with ExitStack() as stack:
        ours = [stack.enter_context(stage.app("ours", database)) for database in stage.databases]
        contestants = [*ours, stage.nginx]
        for contestant in contestants:
            stage.fill(contestant, scale.size)
        stage.settle()

        def measure(contestant: Contestant) -> Measured:
            return Measured(contestant.name, f"last {label(LAST)} of {label(scale.size)}", _measure(contestant, scale))

        return in_turn(contestants, scale.rounds, measure)


def _measure(contestant: Contestant, scale: Scale) -> dict[str, float]:
    with closing(Client(contestant.address)) as client:
        times = []
        for _ in range(scale.requests):
            first, whole = client.get(contestant.path(scale.size), LAST, {"Range": f"bytes=-{LAST}"})
            times.append((first * 1e3, whole * 1e3))
    firsts, wholes = zip(*times, strict=True)
    return {"p50_ms": statistics.median(wholes), "first_ms": statistics.median(firsts), "most_ms": max(wholes)}
