"""SQLite on a disk that becomes full. No stored value is damaged, and deleting makes room again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from flask_taskvars import Bytes
from flask_taskvars.errors import StorageFull
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.conftest import missing
from tests.support.faults import Figures
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern

pytestmark = pytest.mark.faults
MIB = 1024 * 1024
VALUE = pattern(8 * MIB)
"""32 chunks: too many for one transaction in the remaining room."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", tmp_path], capture_output=True, text=True)
    if made.returncode:
        missing(f"no disk can be mounted: {made.stderr}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture(params=["delete", "wal"])
def engine(request: pytest.FixtureRequest, disk: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{disk / 'tasks.db'}")

    @event.listens_for(engine, "connect")
    def connect(connection: object, record: object) -> None:
        connection.execute(f"PRAGMA journal_mode = {request.param}")  # type: ignore[attr-defined]

    yield engine
    engine.dispose()


def free(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def test_deleting_frees_a_full_disk(engine: sa.Engine, disk: Path, figures: Callable[[str], Figures]) -> None:
    storage = SQLAlchemyStorage(engine)
    storage.create_tables()
    storage.add_scope("task")
    for name in ("a", "b"):
        storage.set("task", name, Bytes(VALUE))
    (disk / "log").write_bytes(bytes(2 * MIB))
    (disk / "others").write_bytes(bytes(free(disk) - 4 * MIB))
    with pytest.raises(StorageFull):
        storage.set("task", "c", Bytes(VALUE))
    assert [read(storage.get("task", name)) for name in storage.get_all("task")] == [VALUE, VALUE]
    if free(disk) < MIB:
        (disk / "log").unlink()  # the write-ahead log has used all the remaining room
    counted = figures("SQLite, a full disk")
    counted.note("KiB free", free(disk) // 1024)
    storage.update("task", delete=["a", "b"])
    assert storage.sweep(older_than=0) >= 2
    storage.set("task", "c", Bytes(VALUE))
    assert read(storage.get("task", "c")) == VALUE
    counted.count(rounds=1, requests=6, faults=1, acknowledged=5)
