"""Each failure is one line in the log, with fields. The line quotes no value, no statement and no password."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import ContentVanished, StorageUnavailable
from flask_taskvars.errors.logged import log_failure
from flask_taskvars.gates import ClamAV
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.databases import free_port

DATA = "/task/t/variables/v/data"
LONG = b"classified " * 200_000
FORBIDDEN = ("classified", "s3cret", "SELECT", "INSERT", "\n")
FIELDS = ("taskvars_failed", "taskvars_cause", "taskvars_task", "taskvars_variable", "taskvars_store")


class World:
    """An app in which a test lets something fail."""

    def __init__(self, folder: Path, database_url: Callable[[str], str], stack: ExitStack) -> None:
        self.folder, self.database_url, self._stack = folder, database_url, stack
        self.app, self.sqlite = Flask("host"), f"sqlite:///{folder / 'tasks.db'}"

    def mount(self, url: str, options: dict[str, Any] | None = None, **more: Any) -> SQLAlchemyStorage:
        """Mount a storage on a database, which may have no tables."""
        db = SQLAlchemy()
        self.app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=options or {})
        db.init_app(self.app)
        storage = SQLAlchemyStorage(db, **more)
        self.taskvars = TaskVars(storage, everybody)
        self.taskvars.init_app(self.app)
        self._stack.enter_context(self.app.app_context())
        self.engine = db.engine
        self._stack.callback(self.engine.dispose)
        return storage

    def fill(self, options: dict[str, Any] | None = None, **more: Any) -> SQLAlchemyStorage:
        """Mount a storage on SQLite, and store two long values."""
        storage = self.mount(self.sqlite, options, **more)
        storage.create_tables()
        storage.add_scope("t")
        for name in ("v", "w"):
            storage.set("t", name, Bytes(LONG))
        return storage

    def download(self) -> None:
        assert self.app.test_client().get(DATA).status_code == 503

    def upload(self) -> int:
        form = {"data": (io.BytesIO(LONG[:100_000]), "f"), "valueType": "Bytes"}
        return self.app.test_client().post(DATA, data=form).status_code


@pytest.fixture
def world(tmp_path: Path, database_url: Callable[[str], str]) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, database_url, stack)


def no_server(world: World) -> None:
    world.mount(f"postgresql+psycopg://user:s3cret@127.0.0.1:{free_port()}/tasks")
    world.download()


def no_server_mysql(world: World) -> None:
    world.mount(f"mysql+pymysql://user:s3cret@127.0.0.1:{free_port()}/tasks")
    world.download()


def no_tables(world: World) -> None:
    world.mount(world.database_url("postgresql"))
    world.app.extensions["sqlalchemy"].drop_all()
    world.download()


def not_a_database(world: World) -> None:
    (world.folder / "tasks.db").write_bytes(LONG)
    world.mount(world.sqlite)
    world.download()


def no_connection_left(world: World) -> None:
    world.fill({"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": 0.01})
    with world.engine.connect():
        world.download()


def locked(world: World) -> None:
    world.fill({"connect_args": {"timeout": 0.01}})
    with world.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert world.upload() == 503


def full(world: World) -> None:
    world.fill()
    world.engine.dispose()
    event.listen(world.engine, "connect", lambda connection, record: connection.execute("PRAGMA max_page_count = 1"))
    assert world.upload() == 507


def no_store(world: World) -> None:
    world.fill(contents={"files": DirectoryContents(world.folder / "contents")})
    shutil.rmtree(world.folder / "contents")
    world.download()


def rows_gone(world: World) -> None:
    world.fill()
    body = iter(world.app.test_client().get(DATA).response)
    next(body)
    with world.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM taskvars_chunk"))
    with pytest.raises(ContentVanished):
        list(body)


def no_scanner(world: World) -> None:
    world.fill()
    world.taskvars.accept(ClamAV(f"127.0.0.1:{free_port()}", timeout=2))
    assert world.upload() == 503


def no_store_in_a_sweep(world: World) -> None:
    storage = world.fill(contents={"files": DirectoryContents(world.folder / "contents")})
    storage.update("t", delete=["v", "w"])
    shutil.rmtree(world.folder / "contents")
    with pytest.raises(StorageUnavailable):
        storage.sweep(0)


REQUEST = ("t", "v", None)


@pytest.mark.parametrize(
    ("fail", "logger", "fields"),
    [
        (no_server, "host", ("storage", "psycopg.OperationalError", *REQUEST)),
        (no_server_mysql, "host", ("storage", "pymysql.err.OperationalError", *REQUEST)),
        (no_tables, "host", ("storage", "psycopg.errors.UndefinedTable", *REQUEST)),
        (not_a_database, "host", ("storage", "sqlite3.DatabaseError", *REQUEST)),
        (no_connection_left, "host", ("storage", "sqlalchemy.exc.TimeoutError", *REQUEST)),
        (locked, "host", ("storage", "sqlite3.OperationalError", *REQUEST)),
        (full, "host", ("storage", "sqlite3.OperationalError", *REQUEST)),
        (no_store, "host", ("storage", "flask_taskvars.errors.base.ConfigError", *REQUEST)),
        (rows_gone, "host", ("download", "flask_taskvars.errors.storage.ContentVanished", *REQUEST)),
        (no_scanner, "host", ("scanner", "clamav_client.clamd.CommunicationError", *REQUEST)),
        (
            no_store_in_a_sweep,
            "flask_taskvars",
            ("sweep", "flask_taskvars.errors.base.ConfigError", None, None, "files"),
        ),
    ],
)
def test_each_failure_writes_one_line(
    fail: Callable[[World], None],
    logger: str,
    fields: tuple[str | None, ...],
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "host"), caplog.at_level(logging.INFO, "flask_taskvars"):
        fail(world)
    [record] = caplog.records
    assert (record.name, record.levelname) == (logger, "ERROR")
    assert tuple(getattr(record, name) for name in FIELDS) == fields
    assert record.getMessage().startswith(f"taskvars: the {fields[0]} failed: {fields[1]}: ")
    assert not [text for text in FORBIDDEN if text in record.getMessage()]
    assert record.exc_info is None


def test_no_line_has_the_password_of_a_url(caplog: pytest.LogCaptureFixture) -> None:
    log_failure("storage", OSError("GET https://me:s3cret@host/x?sig=s3cret&a=1 (again: http://host/y?b=s3cret)\nmore"))
    assert caplog.messages == ["taskvars: the storage failed: OSError: GET https://…host/x?… (again: http://host/y?…)"]
