"""Look-ups on the driver's own connection: the number of statements, what they read, and when SQLAlchemy runs them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.types import LargeBinary, TypeDecorator

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.sql.direct import Direct
from flask_taskvars.storage.sqla import SQLAlchemyStorage, VariableMixin
from flask_taskvars.values import BLOCK
from tests.storage.test_models import running
from tests.support.desk import Desk, make_desk
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern
from tests.support.storage_tools import SERVERS, parts, statements

LARGE = pattern(3 * BLOCK)
DATA = "/task/task/variables/v/data"


@pytest.fixture(params=SERVERS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A desk with one task, on each database."""
    with make_desk(database_url(request.param)) as made:
        made.storage.add_scope("task")
        yield made


@pytest.fixture
def traced(sqlite_desk: Desk) -> tuple[Desk, list[str]]:
    """A desk on SQLite, and the list of statements that SQLite runs. SQLAlchemy's events don't see all of them."""
    _, db = parts(sqlite_desk)
    seen: list[str] = []
    db.engine.dispose()
    sa.event.listen(db.engine, "connect", lambda connection, _: connection.set_trace_callback(seen.append))
    return sqlite_desk, seen


@pytest.mark.parametrize("depth", [1, 50])
def test_a_small_value_at_any_depth_is_one_statement(traced: tuple[Desk, list[str]], depth: int) -> None:
    desk, seen = traced
    storage, _ = parts(desk)
    storage.add_scope("1")
    for level in range(2, depth + 1):
        storage.add_scope(f"{level}", parent=f"{level - 1}")
    storage.set("1", "v", File(b"small", filename="f"))
    seen.clear()
    assert desk.client.get(f"/task/{depth}/variables/v/data").data == b"small"
    assert len(seen) == 1


def test_head_and_304_read_no_chunks(traced: tuple[Desk, list[str]]) -> None:
    desk, seen = traced
    storage, _ = parts(desk)
    storage.add_scope("task")
    storage.set("task", "v", LARGE)
    etag = desk.client.head(DATA).headers["ETag"]
    seen.clear()
    assert desk.client.head(DATA).content_length == len(LARGE)
    assert desk.client.get(DATA, headers={"If-None-Match": etag}).status_code == 304
    assert len(seen) == 2
    assert "chunk" not in "".join(seen)


def test_a_look_up_uses_indexes_and_sorts_nothing(desk: Desk) -> None:
    storage, db = parts(desk)
    executed: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        executed.append((statement, parameters))

    # MariaDB ignores the indexes of a table with few rows.
    scopes = [{"id": f"{number}", "parent_id": "task", "is_task": True} for number in range(300)]
    db.session.execute(sa.insert(db.metadata.tables["taskvars_scope"]), scopes)
    db.session.commit()
    storage.update("task", put={"v": Bytes(b"small"), **{f"{number}": Value("Null") for number in range(300)}})
    sa.event.listen(db.engine, "before_cursor_execute", note)
    storage.get("task", "v")
    sa.event.remove(db.engine, "before_cursor_execute", note)
    [(statement, parameters)] = executed
    with db.engine.connect() as connection:
        match db.engine.dialect.name:
            case "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                assert not [step for *_, step in plan if "SCAN taskvars" in step or "B-TREE" in step]
            case "postgresql":
                # PostgreSQL ignores the indexes of an empty table.
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                lines = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
                assert not [line for line in lines if "Seq Scan" in line or "Sort" in line]
            case _:
                connection.exec_driver_sql("ANALYZE TABLE taskvars_scope, taskvars_variable")
                rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings().all()
                assert {row["type"] for row in rows if "taskvars" in f"{row['table']}"} <= {"const", "eq_ref"}
                assert not [row for row in rows if "filesort" in f"{row['Extra']}"]


def test_listeners_and_logs_see_the_statement(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    storage, db = parts(desk)
    storage.set("task", "v", b"small")
    with statements(db.engine) as seen:
        storage.get("task", "v")
    assert len(seen) == 1
    with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
        storage.get("task", "v")
    assert caplog.text.count("WITH RECURSIVE") == 1


def test_a_lost_connection_is_replaced(database_url: Callable[[str], str | None]) -> None:
    with make_desk(database_url("postgresql")) as desk:
        storage, db = parts(desk)
        storage.add_scope("task")
        storage.set("task", "v", b"small")
        storage.get("task", "v")
        other = sa.create_engine(db.engine.url)
        with other.connect() as connection:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.exec_driver_sql(f"{end} AND datname = current_database()")
        other.dispose()
        assert read(storage.get("task", "v")) == b"small"


def test_the_cursor_kept_with_a_connection_holds_little(database_url: Callable[[str], str | None]) -> None:
    with make_desk(database_url("postgresql")) as desk:
        storage, db = parts(desk)
        storage.add_scope("task")
        storage.update("task", put={"small": Bytes(b"small"), "large": Bytes(LARGE)})

        def kept() -> Any:
            with closing(db.engine.raw_connection()) as pooled:
                return pooled.info.get("taskvars_cursor")

        storage.get("task", "small")
        cursor = kept()
        assert cursor is not None
        storage.get("task", "small")
        assert kept() is cursor
        assert read(storage.get("task", "large")) == LARGE
        assert kept() is None


def test_no_connection_in_time_is_unavailable(tmp_path: Path) -> None:
    db = SQLAlchemy(engine_options={"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1})
    storage = SQLAlchemyStorage(db)
    with running(db, f"sqlite:///{tmp_path / 'taskvars.db'}"):
        db.create_all()
        storage.add_scope("task")
        with db.engine.connect(), pytest.raises(StorageUnavailable):
            storage.get("task", "v")


class Backwards(TypeDecorator[bytes]):
    """Stands for encryption, or any other conversion in a host's column."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: sa.Dialect) -> bytes | None:
        return value and value[::-1]

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> bytes | None:
        return value and value[::-1]


@pytest.mark.parametrize("kind", SERVERS)
def test_the_hosts_column_type_converts_values(kind: str, database_url: Callable[[str], str | None]) -> None:
    db = SQLAlchemy()

    class Variable(VariableMixin, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "own_variable"
        data = sa.Column(Backwards)  # type: ignore[assignment]

    storage = SQLAlchemyStorage(db, variable=Variable)
    with running(db, str(database_url(kind))):
        db.create_all()
        storage.add_scope("task")
        storage.set("task", "v", Bytes(b"abc"))
        stored = sa.select(sa.table("own_variable", sa.column("data")).c.data)
        with db.engine.connect() as connection:
            assert connection.scalar(stored) == b"cba"
        assert read(storage.get("task", "v")) == b"abc"


def test_a_statement_with_literal_values_runs_through_sqlalchemy() -> None:
    engine = sa.create_engine("sqlite://")
    direct, given = Direct(engine), sa.bindparam("given", type_=sa.Integer)
    assert direct.rows(sa.select(given), {"given": 1}) == [(1,)]
    assert direct.rows(sa.select(given + 1), {"given": 1}) is None
    engine.dispose()
