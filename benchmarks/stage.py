"""Run everything that is compared: databases, the apps on their servers, nginx, and a real engine."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.engine.server import running_engine
from tests.support.databases import free_port, postgresql
from tests.support.desk import make_desk
from tests.support.rawhttp import Address
from tests.support.servers import NOTHING, PYTHON, UWSGI, run

from .apps import Base
from .client import Client
from .nginx import nginx
from .values import TASK, path_of, pieces

ENGINE = "camunda"
HEAP = "4g"
LABELS = {"sqlite": "SQLite", "sqlite-wide": "SQLite with 32 KiB pages", "postgresql": "PostgreSQL"}
KINDS = ("sqlite", "postgresql")
"""The usual ones."""
SERVERS = ("gunicorn", "granian")


@dataclass(frozen=True)
class Database:
    """A database with empty tables and one task."""

    label: str
    url: str
    pid: int | None


@dataclass(frozen=True)
class Contestant:
    """A program that answers requests."""

    name: str
    address: Address
    pid: int
    database: Database | None = None
    prefix: str = ""

    def path(self, size: int) -> str:
        return self.prefix + path_of(size)

    def url(self, size: int) -> str:
        return f"http://{self.address}{self.path(size)}"


class Stage:
    """Starts each part when it is first needed, and ends all of them at the end."""

    def __init__(self, *, with_engine: bool) -> None:
        self.with_engine = with_engine
        self._stack = ExitStack()
        self._filled: set[tuple[str, int]] = set()

    def __enter__(self) -> Stage:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self._folder.chmod(0o755)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def folder(self, name: str) -> Path:
        """Return a new folder."""
        return Path(tempfile.mkdtemp(prefix=name, dir=self._folder))

    @cached_property
    def _postgresql(self) -> tuple[sa.URL, int]:
        folder = self.folder("postgresql")
        url = self._stack.enter_context(postgresql(folder))
        pid = (folder / "data" / "postmaster.pid").read_text().split()[0]
        return sa.make_url(url), int(pid)

    def empty_database(self, kind: str, name: str) -> Database:
        """Return a new database without tables.

        :param kind: one of :data:`LABELS`.
        """
        if kind.startswith("sqlite"):
            location = f"sqlite:///{self.folder(kind) / name}.db"
            if kind == "sqlite-wide":
                execute(location, "PRAGMA page_size = 32768", "VACUUM")
            return Database(LABELS[kind], location, None)
        url, pid = self._postgresql
        execute(url, f"CREATE DATABASE {name}")
        return Database(LABELS[kind], url.set(database=name).render_as_string(hide_password=False), pid)

    @cached_property
    def sqlite(self) -> Database:
        return self.with_tables("sqlite")

    @cached_property
    def postgresql(self) -> Database:
        return self.with_tables("postgresql")

    @cached_property
    def wide(self) -> Database:
        return self.with_tables("sqlite-wide")

    @property
    def databases(self) -> list[Database]:
        return [self.sqlite, self.postgresql]

    def with_tables(self, kind: str, name: str = "bench") -> Database:
        """Return a new database with our tables and the naive app's."""
        database = self.empty_database(kind, name)
        with make_desk(database.url) as desk:
            assert isinstance(desk.storage, SQLAlchemyStorage)
            assert desk.db is not None
            desk.storage.add_scope(TASK)
            Base.metadata.create_all(desk.db.engine)
        return database

    @contextmanager
    def app(
        self,
        app: str,
        database: Database | None,
        server: str = "gunicorn",
        *,
        workers: int = 1,
        threads: int = 8,
        pool: int = 0,
        name: str = "",
        env: Mapping[str, str] = NOTHING,
    ) -> Iterator[Contestant]:
        """Run one of :mod:`benchmarks.apps` on a server.

        :param pool: the most connections to the database; 0 means Flask-SQLAlchemy's default.
        :param env: more environment variables for :mod:`benchmarks.apps`.
        """
        address = Address("127.0.0.1", free_port())
        env = {"BENCH_APP": app, "BENCH_URL": database.url if database else "", "BENCH_POOL": str(pool or ""), **env}
        command = _command(server, address, workers, threads)
        with run(server, command, address, self.folder(server), env) as served:
            yield Contestant(name or (f"{app}, {database.label}" if database else app), address, served.pid, database)

    def upload(self, database: Database, env: Mapping[str, str], sizes: list[int]) -> None:
        """Upload values through a separate app, which then ends, so that the memory of the measured apps is small."""
        with self.app("ours", database, env=env) as uploading, closing(Client(uploading.address)) as client:
            for size in sizes:
                client.post(path_of(size), size)

    @cached_property
    def nginx(self) -> Contestant:
        """nginx, which sends static files by `sendfile`."""
        folder = self.folder("nginx")
        served = self._stack.enter_context(nginx(folder))
        self._files = folder / "files"
        return Contestant("nginx", served.address, served.pid)

    @cached_property
    def engine(self) -> list[Contestant]:
        """A real engine on its own database in the same PostgreSQL; an empty list if it is left out."""
        if not self.with_engine:
            return []
        database = self.empty_database("postgresql", "engine")
        parts = urlsplit(self._stack.enter_context(running_engine(ENGINE, database.url, heap=HEAP)))
        assert parts.hostname is not None
        assert parts.port is not None
        [java] = [child for child in psutil.Process().children() if child.name() == "java"]
        task = urllib.request.Request(f"{parts.geturl()}/task/create", json.dumps({"id": TASK}).encode())
        task.add_header("Content-Type", "application/json")
        urllib.request.urlopen(task).close()
        return [Contestant("engine", Address(parts.hostname, parts.port), java.pid, database, parts.path)]

    def fill(self, contestant: Contestant, size: int) -> None:
        """Store the value of a size for a contestant, unless it is already stored.

        :raises Refused: the contestant can't store it.
        """
        if self.is_filled(contestant, size) or contestant.name in ("bare", "server alone"):
            return
        if contestant.name == "nginx":
            write(self._files / path_of(size).lstrip("/"), size)
        else:
            client = Client(contestant.address)
            try:
                client.post(contestant.path(size), size)
            finally:
                client.close()
        self.keep(contestant, size)

    def is_filled(self, contestant: Contestant, size: int) -> bool:
        return _key(contestant, size) in self._filled

    def keep(self, contestant: Contestant, size: int) -> None:
        """Remember that the value of a size is stored for a contestant."""
        self._filled.add(_key(contestant, size))

    def settle(self) -> None:
        """Write everything to the disk now, so that it does not disturb the measurement."""
        if "_postgresql" in self.__dict__:
            execute(self._postgresql[0], "CHECKPOINT")
        os.sync()


def _key(contestant: Contestant, size: int) -> tuple[str, int]:
    app = "naive" if contestant.name.startswith("by hand") else contestant.name.partition(",")[0]  # they share a table
    return f"{app} {contestant.database}", size


def execute(url: sa.URL | str, *statements: str) -> None:
    """Run statements on one connection, outside of a transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in pieces(size):
            file.write(piece)


def _command(server: str, address: Address, workers: int, threads: int) -> list[str]:
    if server == "uWSGI":  # `--http-socket` would not keep connections alive
        return [
            *(
                UWSGI,
                "--http11-socket",
                str(address),
                "--master",
                "--processes",
                str(workers),
                "--threads",
                str(threads),
            ),
            *("--need-app", "--die-on-term", "--disable-logging", "--module", "benchmarks.apps:app"),
        ]
    if server == "gunicorn":
        return [
            *(*PYTHON, "gunicorn", "--bind", str(address), "--workers", str(workers)),
            *("--worker-class", "gthread", "--threads", str(threads)),
            *("--no-control-socket", "--reuse-port", "--log-level", "warning", "benchmarks.apps:app"),
        ]
    return [
        *(*PYTHON, "granian", "--host", address.host, "--port", str(address.port), "--interface", "wsgi"),
        *("--workers", str(workers), "--blocking-threads", str(threads), "--log-level", "warning"),
        "benchmarks.apps:app",
    ]
