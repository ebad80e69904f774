"""The marker of a content store: several processes write it at once, one dies while it writes, or it is lost."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_taskvars.contents import DirectoryContents
from flask_taskvars.contents.base import MARKER
from flask_taskvars.errors import ConfigError, StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.forms import stored as names
from tests.support.journaled import findings
from tests.support.storage_contract import read
from tests.support.storage_examples import DATA


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with a task."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/taskvars.db")
    storage = SQLAlchemyStorage(engine)
    storage.create_tables()
    storage.add_scope("task")
    yield engine
    engine.dispose()


class Slow(DirectoryContents):
    """A directory whose marker is complete only after another process has also tried to write it."""

    begun, tried = threading.Event(), threading.Event()

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        super().write(content_id, self._late(blocks) if content_id == MARKER else blocks)

    def _late(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        self.begun.set()
        assert self.tried.wait(60)
        yield from blocks


class Second(DirectoryContents):
    """The same directory, for the other process."""

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        try:
            super().write(content_id, blocks)
        finally:
            Slow.tried.set()


def test_two_first_uploads_at_once(engine: sa.Engine, tmp_path: Path) -> None:
    slow = SQLAlchemyStorage(engine, contents=Slow(tmp_path / "contents"))
    second = SQLAlchemyStorage(engine, contents=Second(tmp_path / "contents"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow.set, "task", "a", DATA)
        assert Slow.begun.wait(60)
        second.set("task", "b", DATA)
        first.result()
    assert [read(found) for found in second.get_all("task").values()] == [DATA, DATA]


def test_a_process_that_died_while_it_wrote_the_marker(engine: sa.Engine, tmp_path: Path) -> None:
    contents = DirectoryContents(tmp_path / "contents")
    storage = SQLAlchemyStorage(engine, contents=contents)
    (tmp_path / "contents" / "00").mkdir()
    (tmp_path / "contents" / "00" / f"{MARKER}.part").write_bytes(b"")
    storage.set("task", "a", DATA)
    assert read(storage.get("task", "a")) == DATA
    assert len(b"".join(contents.open_at(MARKER, 0))) == 32


def test_a_disk_that_is_not_mounted(engine: sa.Engine, tmp_path: Path) -> None:
    """Its mount point is an empty directory, which would accept every file and every deletion."""

    def opened() -> SQLAlchemyStorage:
        """Make the storage of a new process."""
        return SQLAlchemyStorage(engine, contents={"files": DirectoryContents(tmp_path / "files")})

    running = opened()
    running.set("task", "a", DATA)
    running.set("task", "b", DATA)
    running.update("task", delete=["b"])
    shutil.move(tmp_path / "files", tmp_path / "disk")
    (tmp_path / "files").mkdir()
    uses: list[Callable[[], object]] = [
        lambda: running.set("task", "c", DATA),
        lambda: running.sweep(older_than=0),
        lambda: opened().set("task", "c", DATA),
        lambda: opened().sweep(older_than=0),
        lambda: opened().mover("files"),
    ]
    for use in uses:
        with pytest.raises(StorageUnavailable) as refusal:
            use()
        assert "Is its disk mounted?" in str(refusal.value.__cause__)
    with pytest.raises(ConfigError, match="Is its disk mounted"):
        list(opened().checker().stores(0, repair=True))
    assert list((tmp_path / "files").iterdir()) == []
    (tmp_path / "files").rmdir()
    shutil.move(tmp_path / "disk", tmp_path / "files")
    assert running.sweep(older_than=0) == 2  # the bytes of `b` and of the failed upload
    assert (len(names(DirectoryContents(tmp_path / "files"))), findings(opened())) == (1, [])


def test_remembers_a_store_that_was_marked_by_an_earlier_version(engine: sa.Engine, tmp_path: Path) -> None:
    contents = DirectoryContents(tmp_path / "files")
    SQLAlchemyStorage(engine, contents=contents).set("task", "a", DATA)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM taskvars_journal WHERE id < -1")
    SQLAlchemyStorage(engine, contents=contents).set("task", "b", DATA)
    contents.delete(MARKER)
    with pytest.raises(StorageUnavailable):
        SQLAlchemyStorage(engine, contents=contents).set("task", "c", DATA)
    assert [one.kind for one in findings(SQLAlchemyStorage(engine, contents=contents), repair=True)] == ["unmarked"]
    SQLAlchemyStorage(engine, contents=contents).set("task", "c", DATA)


def test_a_check_beside_a_sweep_reports_nothing(engine: sa.Engine, tmp_path: Path) -> None:
    """A content that a sweep deletes after the check has listed it does not count as leftover."""

    class Swept(DirectoryContents):
        def ids(self, before: datetime) -> Iterator[str]:
            listed = list(super().ids(before))
            storage.set("task", "a", DATA)
            assert storage.sweep(older_than=0) == 1
            yield from listed

    storage = SQLAlchemyStorage(engine, contents=Swept(tmp_path / "files"))
    storage.set("task", "a", DATA)
    assert findings(storage, repair=True) == []
