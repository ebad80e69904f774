"""Row-level security of PostgreSQL: in whatever way the app sets the tenant, each tenant sees only its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import Pool

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import ContentVanished, TaskNotFound
from flask_taskvars.storage.sql.engines import EngineSource
from flask_taskvars.storage.sqla import (
    ChunkMixin,
    JournalMixin,
    ScopeMixin,
    SQLAlchemyStorage,
    UploadMixin,
    VariableMixin,
)
from flask_taskvars.values import BLOCK, Content
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern

LARGE = pattern(20 * BLOCK + 1)
OWNER = "coalesce(nullif(current_setting('app.tenant', true), ''), current_user)"
ROLES = ("app", "tenant_a", "tenant_b")
tenant: ContextVar[str] = ContextVar("tenant")
Listen = Callable[[Engine], "list[tuple[Any, str, Callable[..., Any]]]"]


class Base(DeclarativeBase):
    pass


class Owned:
    """The column that the policies compare with the tenant."""

    tenant: Mapped[str] = mapped_column(server_default=sa.text(OWNER))


class Scope(Owned, ScopeMixin, Base):
    pass


class Variable(Owned, VariableMixin, Base):
    pass


class Chunk(Owned, ChunkMixin, Base):
    pass


class Journal(Owned, JournalMixin, Base):
    pass


class Upload(Owned, UploadMixin, Base):
    pass


@pytest.fixture(scope="module")
def owner(postgresql_url: str) -> Iterator[Engine]:
    """The owner of a database with policies on all tables."""
    server = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    owner = sa.create_engine(server.url.set(database="policies"))
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE policies")
        for role in ROLES:
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql("GRANT tenant_a, tenant_b TO app")
        with owner.begin() as tables:
            Base.metadata.create_all(tables)
            for table in Base.metadata.tables:
                tables.exec_driver_sql(f"GRANT ALL ON {table} TO {', '.join(ROLES)}")
                tables.exec_driver_sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {', '.join(ROLES)}")
                tables.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
                tables.exec_driver_sql(f"CREATE POLICY own ON {table} USING (tenant = {OWNER})")
        yield owner
        owner.dispose()
        connection.exec_driver_sql("DROP DATABASE policies")
        connection.exec_driver_sql(f"DROP ROLE {', '.join(ROLES)}")
    server.dispose()


@pytest.fixture
def connect(owner: Engine) -> Iterator[Callable[[], Engine]]:
    """A function that makes engines for the app's own role, which sees no row. The tables are empty."""
    made: list[Engine] = []

    def engine() -> Engine:
        made.append(sa.create_engine(owner.url.set(username="app")))
        return made[-1]

    yield engine
    for one in made:
        one.dispose()
    with owner.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(Base.metadata.tables)}")


def storage_of(db: EngineSource) -> SQLAlchemyStorage:
    return SQLAlchemyStorage(db, scope=Scope, variable=Variable, chunk=Chunk, journal=Journal, upload=Upload)


@contextmanager
def acting(name: str) -> Iterator[None]:
    token = tenant.set(name)
    try:
        yield
    finally:
        tenant.reset(token)


def set_role(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL ROLE {tenant.get()}")


def set_tenant(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SELECT set_config('app.tenant', %s, true)", (tenant.get(),))


def set_tenant_by_cursor(connection: Any, cursor: Any, *others: object) -> None:
    cursor.execute("SELECT set_config('app.tenant', %s, true)", (tenant.get(),))


def set_tenant_before(cursor: Any, *others: object) -> None:
    set_tenant_by_cursor(None, cursor)


def set_and_leave_open(connection: Any, *others: object) -> None:
    connection.execute("SET LOCAL ROLE " + tenant.get())  # psycopg begins a transaction first


def set_and_commit(connection: Any, *others: object) -> None:
    connection.execute("SET ROLE " + tenant.get())
    connection.commit()


RECIPES: dict[str, Listen] = {
    "begin, SET LOCAL ROLE": lambda engine: [(engine, "begin", set_role)],
    "begin, set_config": lambda engine: [(engine, "begin", set_tenant)],
    "begin of every engine": lambda engine: [(Engine, "begin", set_role)],
    "engine_connect": lambda engine: [(engine, "engine_connect", set_role)],
    "checkout of an engine": lambda engine: [(engine, "checkout", set_and_leave_open)],
    "checkout of a pool": lambda engine: [(engine.pool, "checkout", set_and_leave_open)],
    "checkout of every pool": lambda engine: [(Pool, "checkout", set_and_leave_open)],
    "checkout for good": lambda engine: [(engine, "checkout", set_and_commit)],
    "before_cursor_execute": lambda engine: [(engine, "before_cursor_execute", set_tenant_by_cursor)],
    "do_execute": lambda engine: [
        (engine, name, set_tenant_before) for name in ("do_execute", "do_execute_no_params", "do_executemany")
    ],
}


class Tenants:
    """An engine for each tenant. Like Flask-SQLAlchemy's `engines`, it depends on the current context."""

    def __init__(self, **by_tenant: Engine) -> None:
        self._by_tenant = by_tenant

    @property
    def engines(self) -> dict[None, Engine]:
        return {None: self._by_tenant[tenant.get()]}


def check(storage: SQLAlchemyStorage, commit: Callable[[], None] = lambda: None, *, one_engine: bool = True) -> None:
    """Let tenant `a` write and read. Then let tenant `b` try to reach the same rows with each method."""
    with acting("tenant_a"):
        storage.add_scope("case", task=False)
        storage.add_scope("task", parent="case")
        storage.update("task", put={"small": Value("String", "secret"), "file": File(LARGE, filename="f")})
        with storage.staging(BytesIO(LARGE)) as staged:
            storage.update("task", put={"file": File(staged, filename="g")})
        file = storage.get("task", "file").value
        commit()
    assert isinstance(file, File)
    assert isinstance(file.content, Content)
    with acting("tenant_b"):
        storage.add_scope("own")
        storage.set("own", "v", LARGE)
        for attempt in attempts(storage):
            with pytest.raises(TaskNotFound):
                attempt()
        if one_engine:
            with pytest.raises(ContentVanished):
                b"".join(file.content.open_at(0))
        storage.remove_scope("task")
        commit()
        assert storage.sweep(older_than=0) == 0
        assert list(storage.get_all("own")) == ["v"]
        commit()
    with acting("tenant_a"):
        assert read(storage.get("task", "file")) == LARGE
        assert storage.get_all("task")["small"].value == Value("String", "secret")
        commit()
        assert storage.sweep(older_than=0) == 1  # the first file, which the second replaced
        storage.update("task", put={"small": Bytes(b"more")}, delete=["file"])
        assert read(storage.get("task", "small")) == b"more"
        commit()
        assert storage.sweep(older_than=0) == 1
        commit()


def attempts(storage: SQLAlchemyStorage) -> list[Callable[[], object]]:
    """Return the calls with which another tenant may try to reach the rows."""
    return [
        lambda: storage.get("task", "small"),
        lambda: storage.get_all("task"),
        lambda: storage.update("task", put={"small": Value("Null")}),
        lambda: storage.update("task", delete=["file"]),
        lambda: storage.set("case", "small", 1),
        lambda: storage.add_scope("below", parent="task"),
    ]


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_tenant_has_its_own_rows(recipe: str, connect: Callable[[], Engine]) -> None:
    engine = connect()
    storage = storage_of(engine)
    with pytest.raises(TaskNotFound):
        storage.get("task", "small")  # the app may add its listeners after this first look-up
    listeners = RECIPES[recipe](engine)
    for listener in listeners:
        event.listen(*listener)
    try:
        check(storage)
    finally:
        for listener in listeners:
            event.remove(*listener)


def connect_as_tenant(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> None:
    options["user"] = tenant.get()


@pytest.mark.parametrize(("name", "listener"), [("do_connect", connect_as_tenant), ("connect", set_and_commit)])
def test_each_tenant_has_its_own_engine(name: str, listener: Callable[..., Any], connect: Callable[[], Engine]) -> None:
    tenants = {role: connect() for role in ROLES[1:]}
    for engine in tenants.values():
        event.listen(engine, name, listener)
    check(storage_of(Tenants(**tenants)), one_engine=False)


def test_each_tenant_has_a_session(connect: Callable[[], Engine]) -> None:
    engine = connect()
    storage = storage_of(engine)
    with Session(engine) as session:
        event.listen(session, "after_begin", lambda session, transaction, connection: set_role(connection))
        check(storage.join(session), session.commit)
    with acting("tenant_b"), pytest.raises(TaskNotFound):
        storage.get("own", "v")  # not joined to the session: the app's own role sees no rows
