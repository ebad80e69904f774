"""Contents outside of the database: the columns that name their store, and the leftovers of failures and sessions."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.contents import ContentStore, DirectoryContents
from flask_taskvars.contents.base import MARKER
from flask_taskvars.errors import ContentVanished, InvalidRequest, StorageFull, StorageUnavailable
from flask_taskvars.storage.sql.limits import INLINE
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.storage.sqla.chunks import ChunkContents, ChunkStatements
from flask_taskvars.values import BLOCK
from tests.contract.golden.world import Storage
from tests.support.desk import make_desk
from tests.support.forms import CONTENT_TYPE, END, part
from tests.support.forms import stored as names
from tests.support.journaled import LARGE, OTHER, findings, journal, opened
from tests.support.served_world import noise
from tests.support.storage_contract import StorageContract, content_of, read
from tests.support.storage_examples import Breaking
from tests.support.storage_tools import count, parts
from tests.support.store_contract import ContentStoreContract


class TestChunks(ContentStoreContract):
    """The contract of content stores, for chunks in the database."""

    @pytest.fixture
    def store(self, storage: SQLAlchemyStorage) -> ContentStore:
        chunks = storage.metadata.tables["taskvars_chunk"]
        return ChunkContents(ChunkStatements(chunks), storage._database)


def until_it_breaks_off(blocks: Iterable[bytes]) -> bytes:
    received = bytearray()
    try:
        for block in blocks:
            received += block
    except ContentVanished:
        return bytes(received)
    raise AssertionError("It did not break off.")


@pytest.mark.parametrize("deleted", range(2, 7))
def test_a_read_breaks_off_at_the_first_missing_block(engine: sa.Engine, deleted: int) -> None:
    """A sweep deletes the lowest blocks first, while a download may be reading several of them in one query."""
    storage, data = SQLAlchemyStorage(engine), noise(12 * BLOCK)
    storage.set("task", "large", Bytes(data))
    reading = content_of(storage.get("task", "large")).open_at(0)
    first = next(reading)
    delete_blocks(storage, engine, deleted)
    assert data.startswith(first + until_it_breaks_off(reading))


@pytest.mark.parametrize("deleted", range(2, 7))
def test_a_range_has_only_its_own_bytes(engine: sa.Engine, deleted: int) -> None:
    """The blocks after a gap must not fill it. They would give the range its length, and wrong bytes."""
    storage, data = SQLAlchemyStorage(engine), noise(12 * BLOCK)
    storage.set("task", "large", Bytes(data))
    host = Flask("host")
    TaskVars(storage, everybody).init_app(host)
    headers = {"Range": f"bytes=0-{3 * BLOCK - 1}"}
    with host.test_client().get("/task/task/variables/large/data", headers=headers, buffered=False) as answer:
        delete_blocks(storage, engine, deleted)
        assert data.startswith(until_it_breaks_off(answer.iter_encoded()))


def delete_blocks(storage: SQLAlchemyStorage, engine: sa.Engine, below: int) -> None:
    chunk = storage.metadata.tables["taskvars_chunk"]
    with engine.begin() as connection:
        connection.execute(sa.delete(chunk).where(chunk.c.number < below))


class TestInADirectory(StorageContract):
    """The contract of storages, with long values in the directory that the app's setting names."""

    @pytest.fixture
    def storage(self, database_url: Callable[[str], str | None], tmp_path: Path) -> Iterator[Storage]:
        with make_desk(database_url("sqlite"), TASKVARS_CONTENTS=f"file://{tmp_path}/files") as desk:
            yield desk.storage
            assert list((tmp_path / "files").rglob("*")) != []


def test_a_row_names_the_store_of_its_bytes(engine: sa.Engine, files: DirectoryContents) -> None:
    old = opened(engine, None)
    old.set("task", "chunks", Bytes(LARGE))
    opened(engine, files).set("task", "file", Bytes(LARGE))
    several = opened(engine, {"db": None, "contents": files})
    several.set("task", "new", Bytes(OTHER))
    several.set("task", "short", Bytes(LARGE[:INLINE]))
    assert [read(several.get("task", name)) for name in ("chunks", "file", "new")] == [LARGE, LARGE, OTHER]
    assert len(names(files)) == 1
    with pytest.raises(StorageUnavailable) as refusal:
        read(old.get("task", "file"))
    assert "'contents': name it in" in str(refusal.value.__cause__)
    assert set(old.get_all("task")) == {"chunks", "file", "new", "short"}


@pytest.mark.parametrize(
    ("contents", "error"),
    [("/srv", TypeError), ({"files": "/srv"}, TypeError), ({"": None}, ValueError), ({"x" * 65: None}, ValueError)],
)
def test_an_object_that_is_not_a_store_is_refused(contents: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="content store"):
        SQLAlchemyStorage(sa.create_engine("sqlite://"), contents=contents)


class Full(DirectoryContents):
    """A directory on a disk that becomes full or is lost."""

    error: type[StorageUnavailable] | None = None

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        def some() -> Iterator[bytes]:
            for block in blocks:
                yield block
                if self.error and content_id != MARKER:
                    raise self.error

        super().write(content_id, some())


@pytest.mark.parametrize(("error", "status"), [(StorageFull, 507), (StorageUnavailable, 503)])
def test_a_store_that_fails_leaves_a_row_in_the_journal(
    error: type[StorageUnavailable], status: int, database_url: Callable[[str], str | None], tmp_path: Path
) -> None:
    store = Full(tmp_path / "full")
    with make_desk(database_url("sqlite")) as desk:
        desk.storage.add_scope("task")
        _, db = parts(desk)
        TaskVars(SQLAlchemyStorage(db, contents=store), everybody, name="full", url_prefix="/full").init_app(desk.app)
        store.error = error
        form = part("data", LARGE) + END
        answer = desk.client.post("/full/task/task/variables/v/data", data=form, content_type=CONTENT_TYPE)
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        assert desk.client.get("/full/task/task/variables").json == {}
        assert (count(db, "taskvars_variable"), names(store)) == (0, set())
        storage = desk.app.extensions["taskvars"].mounts["full"].storage
        assert journal(storage, db.engine) == ["new"]
        store.error = None
        assert storage.sweep(older_than=0) == 1
        assert journal(storage, db.engine) == []


def test_a_source_that_fails_leaves_nothing(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents
) -> None:
    def refuse(found: object) -> None:
        raise InvalidRequest("no")

    with pytest.raises(ConnectionResetError):
        storage.set("task", "v", Bytes(Breaking(40)))
    with pytest.raises(InvalidRequest):
        storage.update("task", put={"v": Bytes(LARGE)}, guard=refuse)
    with storage.staging(io.BytesIO(LARGE)):
        assert len(names(files)) == 1
    assert (journal(storage, engine), names(files)) == ([], set())


@pytest.mark.parametrize("commits", [True, False])
def test_in_a_session_of_the_hosts(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents, commits: bool
) -> None:
    storage.set("task", "v", Bytes(OTHER))
    with Session(engine) as session:
        joined = storage.join(session)
        joined.set("task", "v", Bytes(LARGE))
        assert read(joined.get("task", "v")) == LARGE
        assert read(storage.get("task", "v")) == OTHER
        (session.commit if commits else session.rollback)()
    assert read(storage.get("task", "v")) == (LARGE if commits else OTHER)
    if engine.dialect.name == "sqlite":  # the host held SQLite's only lock, so no row could be committed beside it
        assert journal(storage, engine) == (["joined", "old"] if commits else [])
        assert len(findings(storage, repair=True)) == (0 if commits else 1)
    else:
        assert journal(storage, engine) == (["joined", "old"] if commits else ["joined"])
        assert findings(storage) == []
    assert storage.sweep(older_than=0) == 1
    assert (journal(storage, engine), len(names(files))) == ([], 1)
    assert findings(storage) == []


def test_replaced_contents_of_a_session_are_kept_for_the_grace_period(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents
) -> None:
    with Session(engine) as session:
        storage.join(session).set("task", "v", Bytes(LARGE))
        session.commit()
    content = content_of(storage.get("task", "v"))
    table = storage.metadata.tables["taskvars_journal"]
    with engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id >= 0).values(created=0))
    storage.set("task", "v", Bytes(OTHER))
    assert storage.sweep() == 0
    assert journal(storage, engine) == ["old"]
    assert b"".join(content.open_at(0)) == LARGE


def test_a_sweep_continues_with_the_other_stores_if_one_is_lost(
    engine: sa.Engine, files: DirectoryContents, tmp_path: Path
) -> None:
    lost = DirectoryContents(tmp_path / "lost")
    for name, store in (("lost", lost), ("files", files)):
        opened(engine, {name: store}).set("task", name, Bytes(LARGE))
    storage = opened(engine, {"files": files})
    storage.update("task", delete=["files", "lost"])
    with pytest.raises(StorageUnavailable):
        storage.sweep(older_than=0)
    assert names(files) == set()
    assert opened(engine, {"lost": lost}).sweep(older_than=0) == 1
