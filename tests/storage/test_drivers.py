"""Each driver reports errors in its own way. The storage turns them into its own errors."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event

from flask_taskvars import TaskVars, Value, everybody
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.sql.database import OwnTransactions, transact
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.support.databases import free_port
from tests.support.storage_contract import read

SERVERS = {
    "postgresql+psycopg": "postgresql_url",
    "postgresql+psycopg2": "postgresql_url",
    "postgresql+pg8000": "postgresql_url",
    "mysql+pymysql": "mariadb_url",
    "mysql+mysqlconnector": "mariadb_url",
    "mysql+mysqldb": "mariadb_url",
    "mariadb+mariadbconnector": "mariadb_url",
}
"""The fixture for each driver. The last two need MariaDB's headers to be built; they are tested if installed."""
BASIC = {"postgresql+psycopg", "mysql+pymysql", "sqlite+pysqlite"}
BUILT = {"mysql+mysqldb": "MySQLdb", "mariadb+mariadbconnector": "mariadb"}


def drivers(*names: str) -> pytest.MarkDecorator:
    marked = [pytest.param(name, marks=() if name in BASIC else pytest.mark.tools) for name in names]
    return pytest.mark.parametrize("driver", marked)


every_driver = drivers(*SERVERS, "sqlite+pysqlite")
every_server = drivers(*SERVERS)
# pg8000 leaves dead sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SIX = Value("Integer", 6)


@pytest.fixture
def url(driver: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if driver in BUILT:
        pytest.importorskip(BUILT[driver])
    if driver not in SERVERS:
        return f"{driver}:///{tmp_path / 'tasks.db'}"
    return str(sa.make_url(request.getfixturevalue(SERVERS[driver])).set(drivername=driver))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = sa.create_engine(url)
    SQLAlchemyStorage(engine).metadata.drop_all(engine)
    yield engine
    SQLAlchemyStorage(engine).metadata.drop_all(engine)
    engine.dispose()
    if engine.driver == "pg8000":
        gc.collect()  # so that the warnings about its sockets appear here, and not in another test


def is_mariadb(engine: Engine) -> bool:
    return engine.dialect.name in ("mysql", "mariadb")


@pytest.fixture
def storage(engine: Engine) -> SQLAlchemyStorage:
    storage = SQLAlchemyStorage(engine)
    storage.create_tables()
    storage.add_scope("task")
    storage.set("task", "v", b"small")
    return storage


def refused(storage: SQLAlchemyStorage) -> None:
    """Check that reads and writes fail with StorageUnavailable, not with an error of the driver."""
    attempts: list[Callable[[], object]] = [
        lambda: storage.get("task", "v"),
        lambda: storage.get_all("task"),
        lambda: storage.set("task", "v", 1),
        lambda: storage.add_scope("other"),
        lambda: storage.sweep(),
    ]
    for attempt in attempts:
        with pytest.raises(StorageUnavailable):
            attempt()


@every_driver
def test_no_server(engine: Engine) -> None:
    nowhere = sa.create_engine(engine.url.set(port=free_port()) if engine.url.port else "sqlite:////nowhere/tasks.db")
    refused(SQLAlchemyStorage(nowhere))
    nowhere.dispose()


@every_driver
def test_no_tables(engine: Engine, url: str) -> None:
    refused(SQLAlchemyStorage(engine))
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db = SQLAlchemy(app)
    TaskVars(SQLAlchemyStorage(db), everybody).init_app(app)
    told = app.test_cli_runner().invoke(args=["taskvars", "ls", "task"])
    with app.app_context():
        db.engine.dispose()
    assert told.exit_code == 1
    assert "If its tables are missing, run the command init-db." in told.output
    assert "Traceback" not in told.output


@every_server
@pytest.mark.parametrize("listens", [False, True])
def test_lost_connections_in_the_pool_are_replaced(listens: bool, engine: Engine, storage: SQLAlchemyStorage) -> None:
    if listens:
        event.listen(engine, "begin", lambda connection: None)
    attempts: list[Callable[[], object]] = [
        lambda: read(storage.get("task", "v")),
        lambda: storage.get_all("task"),
        lambda: storage.set("task", "v", b"small"),
        lambda: storage.remove_scope("other"),
        lambda: storage.set("task", "large", bytes(BLOCK)),
        lambda: read(storage.get("task", "large")),
        lambda: list(storage.checker().variables(False, lambda size: None)),
        storage.sweep,
    ]
    for attempt in attempts:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(engine.connect())
        end_connections(engine)
        attempt()


@every_server
def test_a_connection_that_is_lost_as_soon_as_it_is_made(engine: Engine, storage: SQLAlchemyStorage) -> None:
    """With the first connection SQLAlchemy asks for the server's version. Its errors are not those of the driver."""
    attempts: list[Callable[[SQLAlchemyStorage], object]] = [
        lambda fresh: read(fresh.get("task", "v")),
        lambda fresh: fresh.get_all("task"),
        lambda fresh: fresh.set("task", "v", b"small"),
    ]
    for attempt in attempts:
        fresh, lost = sa.create_engine(engine.url), list[object]()

        def connect(
            dialect: sa.Dialect, record: object, arguments: Any, more: Any, lost: list[object] = lost
        ) -> object:
            connection = dialect.connect(*arguments, **more)
            if not lost:
                end_connections(engine)
                lost.append(connection)
            return connection

        event.listen(fresh, "do_connect", connect)
        # SQLAlchemy does not recognize this one driver's error, so the connection does not count as lost.
        with suppress(*[StorageUnavailable] if engine.driver == "mysqlconnector" else []):
            attempt(SQLAlchemyStorage(fresh))
        assert lost
        fresh.dispose()
    engine.dispose()


def end_connections(engine: Engine) -> None:
    other = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        if engine.dialect.name == "postgresql":
            end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(sa.text(f"{end} AND datname = current_database()"))
        else:
            found = "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()"
            for number in connection.scalars(sa.text(found)).all():
                connection.execute(sa.text(f"KILL {number}"))
    other.dispose()


@every_server
def test_connections_to_a_read_only_database_are_replaced(engine: Engine, storage: SQLAlchemyStorage) -> None:
    is_standby = True

    def connect(connection: object, record: object) -> None:
        if is_standby:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            postgresql = engine.dialect.name == "postgresql"
            cursor.execute(f"SET SESSION {'CHARACTERISTICS AS ' * postgresql}TRANSACTION READ ONLY")
            connection.commit()  # type: ignore[attr-defined]

    event.listen(engine, "connect", connect)
    engine.dispose()
    assert read(storage.get("task", "v")) == b"small"
    with pytest.raises(StorageUnavailable):
        storage.set("task", "v", 6)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(engine.connect())
    is_standby = False
    storage.set("task", "v", 6)
    assert storage.get("task", "v").value == SIX


@every_server
def test_a_column_of_another_type(engine: Engine, storage: SQLAlchemyStorage) -> None:
    for kind in ("INTEGER", "BIGINT"):
        for _ in range(10):  # some drivers prepare a statement that runs often
            storage.get("task", "v")
            storage.get_all("task")
            storage.set("task", "w", 6)
        with engine.begin() as connection:
            change = "MODIFY size" if is_mariadb(engine) else "ALTER COLUMN size TYPE"
            connection.execute(sa.text(f"ALTER TABLE taskvars_variable {change} {kind}"))
        storage.get("task", "v")
        storage.get_all("task")
        storage.set("task", "w", 6)


@every_driver
def test_a_conflict_is_tried_again(engine: Engine, storage: SQLAlchemyStorage) -> None:
    change = sa.text("UPDATE taskvars_variable SET type = 'Bytes'")
    attempts = 0
    start = "SET SESSION innodb_snapshot_isolation = ON" if is_mariadb(engine) else ""
    if is_sqlite := engine.dialect.name == "sqlite":
        start = "BEGIN"
        with engine.connect() as connection:
            connection.execute(sa.text("PRAGMA journal_mode = WAL"))
    isolation_level = "SERIALIZABLE" if is_sqlite else "REPEATABLE READ"

    def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        if start:
            connection.execute(sa.text(start))
        connection.execute(sa.text("SELECT * FROM taskvars_variable")).all()
        if attempts == 1:
            with engine.begin() as other:
                other.execute(sa.text("UPDATE taskvars_variable SET type = 'Other'"))
        connection.execute(change)

    transact(OwnTransactions(engine.execution_options(isolation_level=isolation_level)), work)
    assert attempts == 2
