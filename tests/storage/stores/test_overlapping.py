"""Changes that overlap. None is checked against an old state, half done, or leaves bytes that no sweep finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from flask_taskvars import Bytes, Value
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import StorageUnavailable, UploadLocked
from flask_taskvars.storage.sqla import SQLAlchemyStorage, VariableMixin
from flask_taskvars.values import Variable
from tests.support.journaled import opened
from tests.support.storage_contract import read

OLD, NEW = bytes(300_000), b"new" * 100_000


def assert_nothing_left(storage: SQLAlchemyStorage) -> None:
    storage.sweep(0)
    assert list(storage.checker().stores(0, repair=False)) == []


def blocks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + 65_536] for start in range(0, len(data), 65_536))


@pytest.fixture
def inner(storage: SQLAlchemyStorage) -> SQLAlchemyStorage:
    """A task in a scope. A writer of the task locks the scope too. The variable belongs to the task."""
    storage.add_scope("case", task=False)
    storage.add_scope("inner", "case")
    storage.set("inner", "v", Bytes(OLD))
    return storage


def test_a_scope_is_removed_while_a_variable_in_it_changes(inner: SQLAlchemyStorage, engine: sa.Engine) -> None:
    removing = Thread(target=inner.remove_scope, args=["inner"])

    @sa.event.listens_for(engine, "after_cursor_execute")
    def remove(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        if statement.startswith("UPDATE taskvars_variable SET type") and not removing.ident:
            removing.start()
            removing.join(0.5)  # enough time for the removal to happen in between

    inner.update("inner", put={"v": Bytes(NEW)})
    removing.join()
    assert inner.find_scope("inner") is None
    assert_nothing_left(inner)


def test_a_variable_is_moved_while_it_changes(
    engine: sa.Engine, inner: SQLAlchemyStorage, files: DirectoryContents
) -> None:
    storage = opened(engine, {"db": None, "files": files})
    moving = Thread(target=lambda: list(storage.mover("db").move(0, lambda size: None)))

    def move(found: Mapping[str, Variable]) -> None:
        moving.start()
        moving.join(0.5)

    inner.update("inner", put={"v": Bytes(NEW)}, guard=move)
    moving.join()
    assert read(inner.get("inner", "v")) == NEW
    assert_nothing_left(inner)


def test_a_guard_in_an_old_transaction_sees_the_newest_value(storage: SQLAlchemyStorage, engine: sa.Engine) -> None:
    seen = []
    storage.set("task", "v", 1)
    with Session(engine) as session:
        joined = storage.join(session)
        if engine.dialect.name == "sqlite":
            session.rollback()  # on SQLite an old transaction can't write at all
        else:
            assert joined.get("task", "v").value == Value("Integer", 1)
        storage.set("task", "v", 2)
        joined.update("task", put={"v": Value("Integer", 3)}, guard=lambda found: seen.append(found["v"].value))
        session.commit()
    assert seen == [Value("Integer", 2)]


def test_a_joined_change_takes_full_effect_or_none(storage: SQLAlchemyStorage, engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("there an old transaction can't write at all")
    for names in (("a", "b"), ("b", "a")):
        storage.set("task", "a", 1)
        storage.set("task", "b", 1)
        with Session(engine) as session:
            joined = storage.join(session)
            joined.get_all("task")
            storage.update("task", delete=["b"])
            refused = False
            try:
                joined.update("task", put={name: Value("Integer", 2) for name in names})
            except StorageUnavailable:
                refused = True
            session.commit()
        values = {name: variable.value for name, variable in storage.get_all("task").items()}
        assert values == ({"a": Value("Integer", 1)} if refused else dict.fromkeys(names, Value("Integer", 2)))


def test_a_refused_change_in_a_committed_session_is_swept(engine: sa.Engine) -> None:
    def refuse(found: Mapping[str, Variable]) -> None:
        raise RuntimeError("refused")

    storage = opened(engine, {"db": None})
    with Session(engine) as session:
        with pytest.raises(RuntimeError, match="refused"):
            storage.join(session).update("task", put={"v": Bytes(OLD)}, guard=refuse)
        session.commit()
    assert storage.get_all("task") == {}
    assert_nothing_left(storage)


def test_a_sweep_in_a_transaction_that_may_roll_back_is_refused(storage: SQLAlchemyStorage, engine: sa.Engine) -> None:
    storage.set("task", "v", Bytes(OLD))
    with Session(engine) as session:
        joined = storage.join(session)
        joined.update("task", delete=["v"])
        with pytest.raises(RuntimeError, match="commit it or roll it back"):
            joined.sweep(0)
        session.rollback()
        assert joined.sweep(0) == 0
        assert read(joined.get("task", "v")) == OLD


def test_storages_with_two_tables_of_variables_need_two_journals(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Archived(VariableMixin, Base):
        __tablename__ = "archived"

    SQLAlchemyStorage(engine, metadata=Base.metadata)
    SQLAlchemyStorage(engine, metadata=Base.metadata)
    with pytest.raises(ValueError, match="give archived chunk=, journal= and upload= models of its own"):
        SQLAlchemyStorage(engine, metadata=Base.metadata, variable=Archived)


def test_an_upload_can_be_finished_after_a_failure(storage: SQLAlchemyStorage) -> None:
    def fail(found: Mapping[str, Variable]) -> None:
        raise StorageUnavailable

    begun = storage.begin_upload("task", len(NEW), "{}")
    upload = storage.append(begun, blocks(NEW), whole=False)
    with pytest.raises(StorageUnavailable), storage.uploaded(upload) as content:
        storage.update("task", put={"v": Bytes(content)}, guard=fail)
    finish(storage, begun.id)


def finish(storage: SQLAlchemyStorage, upload_id: str) -> None:
    """Send the missing bytes, as a client does."""
    upload = storage.find_upload(upload_id)
    upload = storage.append(upload, blocks(NEW[upload.offset :]), whole=False)
    with storage.uploaded(upload) as content:
        storage.update("task", put={"v": Bytes(content)})
    assert read(storage.get("task", "v")) == NEW
    assert_nothing_left(storage)


def test_of_two_requests_at_the_end_of_an_upload_the_later_finishes(storage: SQLAlchemyStorage) -> None:
    begun = storage.begin_upload("task", len(NEW), "{}")
    first = storage.append(begun, blocks(NEW), whole=False)
    with storage.uploaded(first) as content:
        found = storage.find_upload(begun.id)
        second = storage.append(found, blocks(NEW[found.offset :]), whole=False)
        with pytest.raises(UploadLocked):
            storage.update("task", put={"v": Bytes(content)})
    with storage.uploaded(second) as content:
        storage.update("task", put={"v": Bytes(content)})
    assert read(storage.get("task", "v")) == NEW
    assert_nothing_left(storage)


def test_a_piece_is_kept_if_its_commit_was_not_acknowledged(
    storage: SQLAlchemyStorage, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = storage.begin_upload("task", len(NEW), "{}")
    commit, counting = engine.dialect.do_commit, []

    @sa.event.listens_for(engine, "after_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        if statement.startswith("UPDATE taskvars_upload SET received"):
            counting.append(statement)

    def commit_and_fail(connection: Any) -> None:
        commit(connection)
        if counting:
            counting.clear()
            raise engine.dialect.loaded_dbapi.OperationalError("the connection was lost after the commit")

    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "do_commit", commit_and_fail)
        with pytest.raises(StorageUnavailable):
            storage.append(begun, blocks(NEW[:200_000]), whole=False)
    finish(storage, begun.id)
