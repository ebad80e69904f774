"""Small values: requests per second, and processor time for each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from .client import wrk
from .processes import cpu
from .rounds import Measured, in_turn
from .stage import SERVERS, Contestant, Stage
from .values import label

WORKERS, THREADS, CONNECTIONS = 2, 4, 16
ONE_THREAD = "granian with one thread"
"""The case with one thread has its own name. Several threads of a process take turns at Python; one needs no turns."""
JAVA_WARM_UP = 30
"""Seconds. Java takes longer than Python, because it compiles code that runs often."""


@dataclass(frozen=True)
class Scale:
    rounds: int
    seconds: float
    warm_up: int
    sizes: tuple[int, ...] = (1024, 16 * 1024)
    servers: tuple[str, ...] = (*SERVERS, ONE_THREAD, "uWSGI")


FULL, SHORT = Scale(5, 2, warm_up=1), Scale(1, 1, 0, (1024,), SERVERS)


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure all contestants on each server, for each size."""
    for engine in stage.engine:
        stage.fill(engine, scale.sizes[0])
        wrk(engine.url(scale.sizes[0]), seconds=JAVA_WARM_UP, connections=CONNECTIONS)
    return [one for server in scale.servers for one in _on(server, stage, scale)]


def _on(server: str, stage: Stage, scale: Scale) -> list[Measured]:
    found = []
    with ExitStack() as stack:
        apps = [
            ("bare", None),
            *((app, database) for database in stage.databases for app in ("ours", "by hand", "naive")),
        ]
        threads = 1 if server == ONE_THREAD else THREADS
        served = [stage.app(*app, server, workers=WORKERS, threads=threads) for app in apps]
        contestants = [*map(stack.enter_context, served), *stage.engine]
        for size in scale.sizes:
            for contestant in contestants:
                stage.fill(contestant, size)
                if scale.warm_up:
                    wrk(contestant.url(size), seconds=scale.warm_up, connections=CONNECTIONS)
            stage.settle()

            def measure(contestant: Contestant, size: int = size) -> Measured:
                values = _measure(contestant, size, scale.seconds)
                return Measured(contestant.name, f"{label(size)} on {server}", values)

            found += in_turn(contestants, scale.rounds, measure)
    return found


def _measure(contestant: Contestant, size: int, seconds: float) -> dict[str, float]:
    pids = {"cpu_us": contestant.pid}
    if contestant.database and contestant.database.pid:
        pids["database_cpu_us"] = contestant.database.pid
    before = {name: cpu(pid) for name, pid in pids.items()}
    load = wrk(contestant.url(size), seconds=seconds, connections=CONNECTIONS)
    spent = {name: (cpu(pid) - before[name]) / load.requests * 1e6 for name, pid in pids.items()}
    return {"rate": load.rate, **spent, "p50_ms": load.p50_ms, "p99_ms": load.p99_ms}
