"""Sample what a served app holds, from outside: memory, descriptors and database connections."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import sqlalchemy as sa

from tests.support.faults import rounds
from tests.support.servers import Served

APPLICATION = "served"
"""The name of the app's connections in PostgreSQL."""
SAMPLES = 200
_HELD = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
_BUSY = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND state <> 'idle'")


class Sample(NamedTuple):
    """One sample of all workers.

    :param moment: seconds since the first sample.
    :param memory: MiB that each worker holds.
    :param descriptors: open descriptors of each worker.
    :param connections: database connections of all workers together.
    """

    moment: float
    memory: tuple[float, ...]
    descriptors: tuple[int, ...]
    connections: int

    @property
    def others(self) -> int:
        """All descriptors except those of the database connections, which a pool limits."""
        return sum(self.descriptors) - self.connections


class Sampler:
    """Samples a server on a PostgreSQL. The server's database URL must name :data:`APPLICATION`; see :func:`named`."""

    def __init__(self, served: Served, database: sa.Connection) -> None:
        self._database, self._workers, self._begun = database, served.workers(), time.monotonic()
        self.samples: list[Sample] = []

    def run(self, seconds: float) -> None:
        """Take samples for so many seconds."""
        for _ in rounds(seconds):
            self.samples.append(self.look())
            time.sleep(seconds / SAMPLES)

    def look(self) -> Sample:
        """Take one sample.

        :raises FileNotFoundError: a worker has ended.
        """
        memory = tuple(_resident(pid) for pid in self._workers)
        descriptors = tuple(len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in self._workers)
        return Sample(time.monotonic() - self._begun, memory, descriptors, self._count(_HELD))

    def busy(self) -> int:
        """Count the app's connections that are in a statement or a transaction."""
        return self._count(_BUSY)

    def _count(self, statement: sa.TextClause) -> int:
        return int(self._database.execute(statement, {"name": APPLICATION}).scalar_one())


def quarters(numbers: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the second quarter, when the app is warm, and of the last."""
    length = len(numbers) // 4
    return median(numbers[length : 2 * length]), median(numbers[-length:])


def named(url: str) -> str:
    """Return the URL of a PostgreSQL for the sampled app."""
    return sa.make_url(url).update_query_dict({"application_name": APPLICATION}).render_as_string(hide_password=False)


@contextmanager
def sampler(served: Served, url: str) -> Iterator[Sampler]:
    """Sample a server, with a separate database connection."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield Sampler(served, connection)
    engine.dispose()


def _resident(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found, "a process that has ended"
    return int(found[1]) / 1024
