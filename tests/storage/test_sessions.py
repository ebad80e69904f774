"""The storage inside the host's session: a task and its file are committed or rolled back together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import InvalidRequest, StorageUnavailable, TaskNotFound
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.storage_contract import read
from tests.support.storage_examples import Breaking, pattern
from tests.support.storage_tools import SERVERS, count, parts, statements

SIZES = [1000, 20 * BLOCK + 7]


@pytest.fixture(params=SERVERS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A desk with one task, on each database."""
    with make_desk(database_url(request.param)) as made:
        _, db = parts(made)
        if request.param == "sqlite":
            with db.engine.connect() as connection:
                # In other journal modes, a transaction that outgrows SQLite's cache locks out readers.
                connection.execute(sa.text("PRAGMA journal_mode=WAL"))
        made.storage.add_scope("old")
        made.storage.set("old", "v", "before")
        yield made


@pytest.mark.parametrize("size", SIZES)
def test_commits_with_the_session(desk: Desk, size: int) -> None:
    storage, db = parts(desk)
    joined = storage.join(db.session)
    joined.add_scope("new", parent="old")
    joined.set("new", "file", File(pattern(size), filename="f"))
    joined.update("new", put={"v": Value("String", "after")})
    assert read(joined.get("new", "file")) == pattern(size)
    with pytest.raises(TaskNotFound):
        storage.get("new", "file")
    assert storage.get("old", "v").value == Value("String", "before")
    db.session.commit()
    assert read(storage.get("new", "file")) == pattern(size)
    assert storage.get("old", "v").value == Value("String", "after")


@pytest.mark.parametrize("size", SIZES)
def test_rolls_back_with_the_session(desk: Desk, size: int) -> None:
    storage, db = parts(desk)
    joined = storage.join(db.session)
    joined.add_scope("new")
    joined.set("new", "file", File(pattern(size), filename="f"))
    joined.set("old", "v", Bytes(pattern(size)))
    joined.remove_scope("old")
    db.session.rollback()
    assert storage.get("old", "v").value == Value("String", "before")
    assert (count(db, "taskvars_scope"), count(db, "taskvars_variable"), count(db, "taskvars_chunk")) == (1, 1, 0)


def test_joins_a_plain_session(desk: Desk) -> None:
    storage, db = parts(desk)
    with Session(db.engine, autoflush=False) as session, session.begin():
        storage.join(session).set("old", "v", "after")
    assert storage.get("old", "v").value == Value("String", "after")


def test_uses_only_the_connection_of_the_session(desk: Desk) -> None:
    storage, db = parts(desk)
    pool = db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    joined = storage.join(db.session)
    with statements(db.engine) as seen:
        joined.set("old", "v", pattern(SIZES[1]))
        assert read(joined.get("old", "v")) == pattern(SIZES[1])
        assert pool.checkedout() == 1
    assert not any(statement.startswith(("SAVEPOINT", "RELEASE")) for statement in seen)
    db.session.rollback()
    assert pool.checkedout() == 0


def test_the_session_is_usable_after_a_refusal(desk: Desk) -> None:
    storage, db = parts(desk)
    joined = storage.join(db.session)
    joined.add_scope("new")
    with pytest.raises(InvalidRequest):
        joined.set("new", "\0", 1)
    with pytest.raises(ValueError, match="exists already"):
        joined.add_scope("old")
    with pytest.raises(TaskNotFound):
        joined.add_scope("newer", parent="absent")
    with pytest.raises(ConnectionResetError):
        joined.set("new", "v", Bytes(Breaking(40)))
    db.session.commit()
    assert storage.get_all("new") == {}
    storage.sweep(older_than=0)
    assert count(db, "taskvars_chunk") == 0


def test_a_write_in_an_old_transaction_is_not_lost(desk: Desk) -> None:
    storage, db = parts(desk)
    joined = storage.join(db.session)
    assert joined.get("old", "v").value == Value("String", "before")
    storage.update("old", delete=["v"])
    try:
        joined.set("old", "v", "after")
    except StorageUnavailable:  # on MariaDB, a transaction always sees the state at its beginning
        db.session.rollback()
        joined.set("old", "v", "after")
    db.session.commit()
    assert storage.get("old", "v").value == Value("String", "after")
