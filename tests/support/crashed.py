"""A served app on a PostgreSQL. A test can kill either while clients write."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tests.support.databases import end_postgresql, postgresql, postgresql_process, prepare
from tests.support.servers import Served, two_workers

_OTHERS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type LIKE 'client%'"


@dataclass
class Crashing:
    """A PostgreSQL and the app on it, with ways to kill them."""

    url: str
    folder: Path
    stack: ExitStack
    served: Served | None = field(default=None)

    def kill_connections(self) -> None:
        """End all connections to the database."""
        prepare(self.url, f"SELECT pg_terminate_backend(pid) {_OTHERS}")

    def restart(self) -> None:
        """Crash the database, and start it again."""
        end_postgresql(self.folder, signal.SIGQUIT)
        port = sa.make_url(self.url).port
        assert port
        self.stack.enter_context(postgresql_process(self.folder, port))
        prepare(self.url, "SELECT 1")

    def kill_worker(self) -> None:
        """Kill a worker. Gunicorn starts another one."""
        assert self.served
        os.kill(self.served.workers()[0], signal.SIGKILL)

    @contextmanager
    def serving(self, folder: Path) -> Iterator[Served]:
        """Serve the app on the database with two workers with threads."""
        with two_workers(folder, {"TASKVARS_TEST_URL": self.url}) as self.served:
            yield self.served


@contextmanager
def crashing(folder: Path) -> Iterator[Crashing]:
    """Start a PostgreSQL that a test can kill."""
    with postgresql(folder) as url, ExitStack() as stack:
        yield Crashing(url, folder, stack)
