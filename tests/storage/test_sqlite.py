"""Tests that concern only SQLite: a file that is not a database, and a backup while the app writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from flask_taskvars import Bytes
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
def engine(file: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 60})
    yield engine
    engine.dispose()


@pytest.mark.parametrize("listens", [False, True])
def test_a_file_that_is_not_a_database(listens: bool, engine: sa.Engine, file: Path) -> None:
    if listens:
        event.listen(engine, "begin", lambda connection: None)
    file.write_bytes(pattern(8192))
    storage = SQLAlchemyStorage(engine)
    for attempt in (
        lambda: storage.get("task", "v"),
        lambda: storage.get_all("task"),
        lambda: storage.set("task", "v", 1),
        lambda: storage.sweep(),
        storage.create_tables,
    ):
        with pytest.raises(StorageUnavailable):
            attempt()
    assert file.read_bytes() == pattern(8192)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_copy_is_whole_while_others_write(journal: str, engine: sa.Engine, tmp_path: Path) -> None:
    storage = SQLAlchemyStorage(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}")
    storage.create_tables()
    storage.add_scope("task")
    written, copied = threading.Semaphore(0), threading.Event()

    def write() -> None:
        number = 0
        while not copied.is_set():
            number += 1
            both = pattern(BLOCK * 2 + number)
            storage.update("task", put={"a": Bytes(both), "b": Bytes(both)})
            written.release()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            assert written.acquire(timeout=60)
            copy_file(engine.url.database or "", tmp_path / f"copy-{number}.db")
    finally:
        copied.set()
        writer.join()
    assert len({check(tmp_path / f"copy-{number}.db") for number in range(5)}) > 1, "no write happened meanwhile"


def copy_file(file: str, to: Path) -> None:
    """Copy a database as docs/operating.md shows."""
    with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(to)) as there:
        here.backup(there)


def check(file: Path) -> bytes:
    """Check that a copy is whole, and return the value in it."""
    engine = sa.create_engine(f"sqlite:///{file}")
    copy = SQLAlchemyStorage(engine)
    assert not [*copy.checker().variables(True, lambda size: None)]
    found = [read(variable) for variable in copy.get_all("task").values()]
    engine.dispose()
    assert found[0] == found[1]
    return found[0]
