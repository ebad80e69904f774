"""A PostgreSQL with a standby that follows it by streaming replication."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tests.support.databases import (
    POSTGRESQL_FOLDERS,
    end_postgresql,
    free_port,
    owner,
    postgresql,
    postgresql_process,
    prepare,
    program,
)


@dataclass(frozen=True)
class Replicated:
    """Two servers with the same database, by their URLs."""

    primary: str
    standby: str
    primary_folder: Path

    @property
    def both(self) -> str:
        """A URL with both servers. The driver connects to the one that accepts writes."""
        primary, standby = sa.make_url(self.primary), sa.make_url(self.standby)
        hosts = [f"{url.host}:{url.port}" for url in (primary, standby)]
        query = {"host": hosts, "target_session_attrs": "read-write", "connect_timeout": "5"}
        return primary.set(host=None, port=None, query=query).render_as_string(hide_password=False)

    def kill_primary(self) -> None:
        """End the primary at once. Whatever it has not yet sent to the standby is lost."""
        end_postgresql(self.primary_folder, signal.SIGQUIT)

    def promote(self) -> None:
        """Make the standby the primary. This waits until it is."""
        prepare(self.standby, "SELECT pg_promote()")


@contextmanager
def replicated(folder: Path) -> Iterator[Replicated]:
    """Start both. A commit waits until the standby has it on disk, but not until the standby's readers see it."""
    backup = program("pg_basebackup", POSTGRESQL_FOLDERS)
    folder.chmod(0o711)
    here, there, port = folder / "primary", folder / "standby", free_port()
    for made in (here, there):
        made.mkdir()
    with postgresql(here) as primary:
        url = sa.make_url(primary)
        source = f"host={url.host} port={url.port} user={url.username}"
        copy: list[str | Path] = [
            backup,
            "-D",
            there / "data",
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-d",
            source,
        ]
        subprocess.run([*owner(there, "postgres"), *copy], check=True, capture_output=True)
        with postgresql_process(there, port):
            standby = url.set(port=port).render_as_string(hide_password=False)
            prepare(standby, "SELECT 1")
            prepare(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            prepare(primary, "SELECT pg_reload_conf()")
            yield Replicated(primary, standby, here)
