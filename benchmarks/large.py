"""Large values: MB/s, the time to the first byte, and the peak memory."""

from __future__ import annotations

import statistics
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPException

from .client import Client, Refused
from .processes import forget_peak, peak, resident, watched
from .rounds import Measured, in_turn, shown
from .stage import Contestant, Stage
from .values import digest, label

SMALL = 1024


@dataclass(frozen=True)
class Scale:
    rounds: int
    sizes: dict[int, int]
    """The number of downloads in a round, by size."""


FULL, SHORT = Scale(5, {10**6: 20, 10**8: 2, 10**9: 1}), Scale(1, {10**6: 2, 3 * 10**6: 1})


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure our apps, the naive ones, a server that reads nothing, nginx and the engine."""
    others = [stage.app("ours", stage.wide), stage.app("server alone", None)]
    with ExitStack() as stack:
        contestants = [*map(stack.enter_context, [*apps(stage), *others]), stage.nginx, *stage.engine]
        return compare(stage, contestants, scale)


def compare(stage: Stage, contestants: list[Contestant], scale: Scale, engine_limit: int = 10**8) -> list[Measured]:
    """Measure first the memory of each contestant, one after another, and then the speed, in turn.

    :param engine_limit: the largest value for the engine, whose upload of 100 MB takes seconds.
    """
    found, idle = [], {}
    for contestant in contestants:
        stage.fill(contestant, SMALL)
        with closing(Client(contestant.address)) as client:
            client.get(contestant.path(SMALL), SMALL)
        idle[contestant] = resident(contestant.pid)
    for size, downloads in scale.sizes.items():
        passed, racing = [], []
        for contestant in contestants:
            if contestant.name == "engine" and size > engine_limit:
                passed.append(Measured(contestant.name, label(size), error="not asked for"))
                continue
            passed.append(_memory(stage, contestant, size, idle[contestant]))
            racing += [contestant] if not passed[-1].error else []
        stage.settle()

        def measure(contestant: Contestant, size: int = size, downloads: int = downloads) -> Measured:
            return Measured(contestant.name, label(size), _speed(contestant, size, downloads))

        found += passed + in_turn(racing, scale.rounds, measure)
    return found


def apps(stage: Stage) -> list[AbstractContextManager[Contestant]]:
    """Return our app and the naive one, on each database."""
    return [stage.app(app, database) for database in stage.databases for app in ("ours", "naive")]


def _memory(stage: Stage, contestant: Contestant, size: int, idle: float) -> Measured:
    """Download once, check each byte, and watch the memory."""
    try:
        stage.fill(contestant, size)
        forget_peak(contestant.pid)
        database = contestant.database.pid if contestant.database else None
        with closing(Client(contestant.address)) as client, watched(database) as memory:
            if client.digest(contestant.path(size)) != digest(size):
                raise Refused("other bytes came")
    except (Refused, HTTPException, OSError) as error:
        print(f"  {label(size)}: {contestant.name}: {error}", flush=True)
        return Measured(contestant.name, label(size), error=str(error))
    most = peak(contestant.pid)
    values = {"peak_mib": most, "over_idle_mib": most - idle} | ({"database_mib": memory.grown} if memory else {})
    print(f"  {label(size)}: {contestant.name}: {shown(values)}", flush=True)
    return Measured(contestant.name, label(size), values)


def _speed(contestant: Contestant, size: int, downloads: int) -> dict[str, float]:
    with closing(Client(contestant.address)) as client:
        times = [client.get(contestant.path(size), size) for _ in range(downloads)]
    first = statistics.median(first for first, _ in times)
    whole = statistics.median(whole for _, whole in times)
    return {"mb_per_s": size / whole / 1e6, "first_ms": first * 1e3}
