"""Uploads of a form: MB/s and the peak memory."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, closing
from dataclasses import dataclass

from .client import Client
from .large import SMALL, apps
from .processes import forget_peak, peak, resident, watched
from .rounds import Measured, in_turn
from .stage import Contestant, Stage
from .values import TASK, label


@dataclass(frozen=True)
class Scale:
    rounds: int
    size: int
    large: int
    """A size that is uploaded only to our app, and only once."""


FULL, SHORT = Scale(3, 10**8, 10**9), Scale(1, 10**6, 3 * 10**6)
_numbers = itertools.count()


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure uploads, each to a variable with a new name."""
    with ExitStack() as stack:
        contestants = [*map(stack.enter_context, apps(stage)), *stage.engine]
        idle = {}
        for contestant in contestants:
            stage.fill(contestant, SMALL)
            idle[contestant] = resident(contestant.pid)

        def measure(contestant: Contestant, size: int = scale.size) -> Measured:
            stage.settle()
            return Measured(contestant.name, label(size), _upload(contestant, size, idle[contestant]))

        def measure_large(contestant: Contestant) -> Measured:
            return measure(contestant, scale.large)

        ours = [one for one in contestants if one.name.startswith("ours")]
        return in_turn(contestants, scale.rounds, measure) + in_turn(ours, 1, measure_large)


def _upload(contestant: Contestant, size: int, idle: float) -> dict[str, float]:
    path = f"{contestant.prefix}/task/{TASK}/variables/upload-{next(_numbers)}/data"
    forget_peak(contestant.pid)
    database = contestant.database.pid if contestant.database else None
    with closing(Client(contestant.address)) as client, watched(database) as memory:
        seconds = client.post(path, size)
    most = peak(contestant.pid)
    values = {"mb_per_s": size / seconds / 1e6, "peak_mib": most, "over_idle_mib": most - idle}
    return values | ({"database_mib": memory.grown} if memory else {})
