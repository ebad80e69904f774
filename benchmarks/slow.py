"""Many slow clients at once on one worker with a small pool, and small requests of others meanwhile."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from tests.support.rawhttp import Address
from tests.support.servers import ROOT

from .client import Client, Refused
from .processes import forget_peak, peak, resident
from .rounds import Measured, in_turn
from .stage import Contestant, Database, Stage
from .values import label

SMALL = 1024
POOL = 5
SPARE = 8
"""Threads in addition to those of the downloads. gthread needs one for each."""
PAUSE = 0.02
LOOK = 10


@dataclass(frozen=True)
class Scale:
    rounds: int
    readers: int
    size: int
    rate: int
    """Bytes per second for each client."""


FULL, SHORT = Scale(1, 200, 10**8, 10**6), Scale(1, 10, 10**6, 10**6)


@dataclass
class Probe:
    """Sends small requests of another client, one after another, and looks at the pool from time to time."""

    address: Address
    path: str
    times: list[float] = field(default_factory=list)
    failed: int = 0
    pool: int = 0

    def ask_while(self, going_on: Callable[[], bool]) -> None:
        with closing(Client(self.address)) as client:
            while going_on():
                try:
                    self.times.append(client.get(self.path, SMALL)[1] * 1e3)
                except (Refused, HTTPException, OSError) as error:
                    print(f"  a small request failed: {error!r}", flush=True)
                    self.failed += 1
                    client.close()
                if len(self.times) % LOOK == 0:
                    self.pool = max(self.pool, self._pool())
                time.sleep(PAUSE)

    def _pool(self) -> int:
        with closing(HTTPConnection(*self.address, timeout=60)) as connection:
            connection.request("GET", "/pool")
            return int(json.loads(connection.getresponse().read())["out"])

    def seen(self, prefix: str) -> dict[str, float]:
        shares = statistics.quantiles(self.times, n=100, method="inclusive")
        return {f"{prefix}_p50_ms": shares[49], f"{prefix}_p99_ms": shares[98], f"{prefix}_most_ms": max(self.times)}


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure once on each database."""
    case = f"{scale.readers} downloads of {label(scale.size)} at {label(scale.rate)}/s"

    def measure(database: Database) -> Measured:
        name, values = _measure(stage, database, scale)
        return Measured(name, case, values)

    return in_turn(stage.databases, scale.rounds, measure)


def _measure(stage: Stage, database: Database, scale: Scale) -> tuple[str, dict[str, float]]:
    with stage.app("ours", database, threads=scale.readers + SPARE, pool=POOL) as served:
        for size in (SMALL, scale.size):
            stage.fill(served, size)
        stage.settle()
        alone = Probe(served.address, served.path(SMALL))
        end = time.monotonic() + 1
        alone.ask_while(lambda: time.monotonic() < end)
        idle = resident(served.pid)
        forget_peak(served.pid)
        beside, times = _download(served, scale)
        memory = {"peak_mib": (most := peak(served.pid)), "over_idle_mib": most - idle}
    done = [one for one in times if one is not None]
    downloads = {"failed": scale.readers - len(done), "slowest_s": max(done, default=0.0)}
    small = {"small_failed": beside.failed, "small_requests": len(beside.times), "pool_most": beside.pool}
    return served.name, downloads | small | beside.seen("small") | alone.seen("alone") | memory


def _download(served: Contestant, scale: Scale) -> tuple[Probe, list[float | None]]:
    """Run all downloads, and the small requests meanwhile."""
    arguments = [*map(str, served.address), served.path(scale.size), str(scale.readers), str(scale.rate)]
    command = [sys.executable, "-m", "benchmarks.readers", *arguments]
    probe = Probe(served.address, served.path(SMALL))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as readers:
        probe.ask_while(lambda: readers.poll() is None)
        assert readers.stdout is not None
        return probe, json.loads(readers.stdout.read())
