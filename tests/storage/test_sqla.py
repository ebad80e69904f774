"""The SQLAlchemy storage: the number of its statements, the connections that it holds, and its leftovers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import ContentVanished, StorageUnavailable, TaskNotFound, VariableNotFound
from flask_taskvars.storage import Scope
from flask_taskvars.storage.sql.limits import WINDOW
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.storage.sqla.writing import MANY
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.storage_contract import content_of, read
from tests.support.storage_examples import Breaking, pattern
from tests.support.storage_tools import SERVERS, count, parts, statements

LARGE = 7 * BLOCK + 5
SMALL = 1000


@pytest.fixture(params=SERVERS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A desk with one task, on each database."""
    with make_desk(database_url(request.param)) as made:
        made.storage.add_scope("task")
        yield made


@pytest.mark.parametrize("depth", [1, 2, 10, 50])
def test_a_look_up_at_any_depth_is_one_statement(desk: Desk, depth: int) -> None:
    storage, db = parts(desk)
    storage.add_scope("1")
    for level in range(2, depth + 1):
        storage.add_scope(f"{level}", parent=f"{level - 1}")
    storage.set("1", "small", File(pattern(SMALL), filename="f"))
    with statements(db.engine) as seen:
        found = storage.get(f"{depth}", "small")
        assert read(found) == pattern(SMALL)
        assert len(seen) == 1
        with pytest.raises(VariableNotFound):
            storage.get(f"{depth}", "absent")
        with pytest.raises(TaskNotFound):
            storage.get("unknown", "small")
        assert len(seen) == 3
        assert set(storage.get_all(f"{depth}")) == {"small"}
        assert len(seen) == 4


def test_lists_scopes_in_pages(desk: Desk) -> None:
    storage, db = parts(desk)
    rows: list[dict[str, Any]] = [
        {"id": f"{number}", "parent_id": "task", "is_task": number % 2 == 0} for number in range(2 * MANY)
    ]
    db.session.execute(sa.insert(db.metadata.tables["taskvars_scope"]), rows)
    db.session.commit()
    with statements(db.engine) as seen:
        found = list(storage.scopes())
    assert len(seen) == 3
    assert len(found) == len(rows) + 1
    assert set(found) == {Scope("task", None, True), *(Scope(row["id"], "task", row["is_task"]) for row in rows)}


def test_reads_large_contents_in_windows(desk: Desk) -> None:
    storage, db = parts(desk)
    storage.set("task", "v", pattern(LARGE))
    with statements(db.engine) as seen:
        content = content_of(storage.get("task", "v"))
        assert len(seen) == 1
        assert len(list(content.open_at(0))) == 8
        # The first read is small, so that the first byte does not wait for a whole window.
        assert len(seen) == 1 + 1 + -(-7 // WINDOW)
        seen.clear()
        assert b"".join(content.open_at(LARGE - 3)) == pattern(LARGE)[-3:]
        assert len(seen) == 1


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_holds_no_connection_between_blocks(desk: Desk, size: int) -> None:
    storage, db = parts(desk)
    storage.set("task", "v", pattern(size))
    pool = db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    blocks = content_of(storage.get_all("task")["v"]).open_at(0)
    assert pool.checkedout() == 0
    for _ in blocks:
        assert pool.checkedout() == 0


def test_a_circle_of_scopes_ends(desk: Desk) -> None:
    storage, db = parts(desk)
    storage.add_scope("below", parent="task")
    storage.set("task", "v", 1)
    with db.engine.begin() as connection:
        scope = db.metadata.tables["taskvars_scope"]
        connection.execute(sa.update(scope).where(scope.c.id == "task").values(parent_id="below"))
    assert storage.get("below", "v").scope == "task"
    storage.remove_scope("below")
    assert count(db, "taskvars_scope") == count(db, "taskvars_variable") == 0


def test_takes_more_names_and_scopes_than_fit_in_a_statement(desk: Desk) -> None:
    storage, db = parts(desk)
    numbers = range(1300)
    scope = db.metadata.tables["taskvars_scope"]
    with db.engine.begin() as connection:
        rows: list[dict[str, Any]] = [{"id": f"{number}", "parent_id": "task", "is_task": True} for number in numbers]
        connection.execute(sa.insert(scope), rows)
    storage.update("1", put={f"{number}": Value("Integer", number) for number in numbers})
    storage.update("2", put={f"{number}": Value("Integer", -number) for number in numbers}, delete=["absent"])
    assert {found.name: found.value for found in storage.get_all("3").values()} == {
        f"{number}": Value("Integer", -number) for number in numbers
    }
    storage.update("4", delete=[f"{number}" for number in numbers])
    assert count(db, "taskvars_variable") == 0
    storage.remove_scope("task")
    assert count(db, "taskvars_scope") == 0


def test_a_failed_write_leaves_no_bytes(desk: Desk) -> None:
    storage, db = parts(desk)
    unread = Breaking(0)
    with pytest.raises(TaskNotFound):
        storage.update("unknown", put={"v": Bytes(unread)})
    with pytest.raises(ConnectionResetError):
        storage.update("task", put={"whole": Bytes(pattern(LARGE)), "broken": Bytes(Breaking(40))})
    with storage.staging(io.BytesIO(pattern(LARGE))):
        assert count(db, "taskvars_chunk") == 8
    assert count(db, "taskvars_chunk") == count(db, "taskvars_variable") == 0


def test_stages_without_a_second_copy(desk: Desk) -> None:
    storage, db = parts(desk)
    with storage.staging(io.BytesIO(pattern(LARGE))) as source:
        storage.update("task", put={"v": Bytes(source)})
        storage.update("task", put={"w": Bytes(source)})
    assert count(db, "taskvars_chunk") == 16
    storage.update("task", delete=["v"])
    storage.sweep(0)
    assert read(storage.get("task", "w")) == pattern(LARGE)


def test_a_sweep_deletes_bytes_without_a_variable(desk: Desk) -> None:
    storage, db = parts(desk)
    for data in (pattern(LARGE), bytes(LARGE), pattern(SMALL), pattern(LARGE + 1)):
        storage.set("task", "v", data)
    storage.set("task", "other", pattern(LARGE))
    storage.add_scope("gone")
    storage.set("gone", "v", pattern(LARGE))
    storage.remove_scope("gone")
    assert storage.sweep() == 0
    assert count(db, "taskvars_chunk") == 5 * 8
    assert storage.sweep(older_than=0) == 3
    assert storage.sweep(older_than=0) == 0
    assert count(db, "taskvars_chunk") == 2 * 8
    assert read(storage.get("task", "v")) == pattern(LARGE + 1)
    assert read(storage.get("task", "other")) == pattern(LARGE)


def test_refuses_an_upload_that_was_swept_meanwhile(desk: Desk) -> None:
    storage, _ = parts(desk)
    with storage.staging(io.BytesIO(pattern(LARGE))) as source:
        assert storage.sweep(older_than=0) == 1
        with pytest.raises(ContentVanished):
            storage.update("task", put={"v": Bytes(source), "w": Value("Null")})
    assert storage.get_all("task") == {}


class Swept(io.BytesIO):
    """An upload that is swept while it runs, because it takes longer than the grace period."""

    def __init__(self, data: bytes, storage: SQLAlchemyStorage) -> None:
        super().__init__(data)
        self._storage = storage

    def read(self, size: int | None = -1, /) -> bytes:
        self._storage.sweep(older_than=0)
        return super().read(size)


def test_an_upload_that_was_swept_meanwhile_leaves_nothing(desk: Desk) -> None:
    storage, db = parts(desk)
    with pytest.raises(ContentVanished):
        storage.set("task", "v", Bytes(Swept(pattern(40 * BLOCK), storage)))
    assert storage.get_all("task") == {}
    assert count(db, "taskvars_chunk") == count(db, "taskvars_journal") == 0


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_vanished_bytes_raise_an_error(desk: Desk, size: int) -> None:
    storage, _ = parts(desk)
    storage.set("task", "v", File(pattern(size), filename="f"))
    content = content_of(storage.get_all("task")["v"])  # a list doesn't read the bytes of a File
    reader = content.open_at(0)
    if size == LARGE:
        next(reader)
    storage.update("task", delete=["v"])
    storage.sweep(older_than=0)
    with pytest.raises(ContentVanished):
        list(reader)
    with pytest.raises(ContentVanished):
        next(content.open_at(size - 1))


def test_tells_a_lost_database_from_a_missing_variable(desk: Desk) -> None:
    storage, db = parts(desk)
    storage.set("task", "v", pattern(LARGE))
    content = content_of(storage.get("task", "v"))

    def lose(*arguments: object) -> NoReturn:
        raise sa.exc.OperationalError("", {}, ConnectionError("lost"))

    sa.event.listen(db.engine, "before_cursor_execute", lose)
    calls = (
        lambda: storage.get("task", "v"),
        lambda: storage.get_all("task"),
        lambda: storage.update("task", delete=["v"]),
        lambda: list(content.open_at(0)),
    )
    for call in calls:
        with pytest.raises(StorageUnavailable):
            call()
    sa.event.remove(db.engine, "before_cursor_execute", lose)
    assert read(storage.get("task", "v")) == pattern(LARGE)
