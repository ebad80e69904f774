"""Connections: our own short ones, or that of the host's session."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, Table, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session

from ...errors import ConfigError, StorageUnavailable
from .direct import Direct, Rows
from .drivers import avoid_prepared, is_idle
from .failures import Conflict, Lost, is_of_connection, told
from .listeners import has_listeners

T = TypeVar("T")

_SINGLE = ("psycopg", "psycopg2")
"""The drivers that we ask for a single statement without a transaction."""

_PROMPT = 2.0
"""Seconds. If a connection was closed, we learn it faster than this; a silent server takes longer."""

ATTEMPTS = 8
"""How often to try a transaction that conflicts with others."""

_PAUSE = 0.005
"""Seconds. The pause before the second attempt is at most twice this long; the limit doubles with each attempt."""


class Database(Protocol):
    """Where statements run."""

    joined: bool
    """Whether the host ends the transaction: then its rollback also undoes our changes."""

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows:
        """Run a statement; return rows with values in the order of its columns."""

    def named(self, statement: Select[Any], parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        """Run a statement; return rows whose values have the names of the columns."""

    def read(self) -> AbstractContextManager[Connection]:
        """Open a connection for one statement."""

    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction: all statements take effect, or none."""


class OwnTransactions:
    """Takes a connection from the pool for each `with` block, and gives it back at the end."""

    joined = False

    def __init__(self, engine: Engine) -> None:
        self._engine, self._direct, self.dialect = engine, Direct(engine), engine.dialect.name

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of all connections."""
        return self._engine.get_execution_options()

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows:
        started = time.monotonic()
        try:
            rows = self._direct.rows(statement, parameters)
        except Lost as error:
            if not _may_try_again(error, started):
                raise
            rows = None
        return self.named(statement, parameters) if rows is None else rows

    def named(self, statement: Select[Any], parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        """Read. If the pool's connection turns out to be lost, read again on another one.

        In most cases SQLAlchemy then empties the pool, so that the next connection is new.
        """
        started, attempt = time.monotonic(), 1
        while True:
            try:
                return self._execute(statement, parameters)
            except Conflict as error:
                if attempt == ATTEMPTS or not _may_try_again(error, started):
                    raise
            attempt += 1

    def _execute(self, statement: Select[Any], parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        with self.read() as connection:
            return connection.execute(statement, parameters).all()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._connected() as connection:
            _speed_up(connection)
            try:
                yield connection
            except SQLAlchemyError:
                raise
            except BaseException as error:
                connection.invalidate(error)  # interrupted in the middle of an answer
                raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._connected() as connection:
            yield connection  # not `engine.begin()`: a listener to `engine_connect` may have begun already
            try:
                with told():
                    connection.commit()
            except Lost as error:
                raise StorageUnavailable from error  # it may be committed, so don't try again

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with told(), self._engine.connect() as connection:
            try:
                _look_for_pooler(connection)
                yield connection
            except DBAPIError as error:
                if is_of_connection(error.orig):
                    connection.invalidate(error)
                raise


def _look_for_pooler(connection: Connection) -> None:
    """:raises Lost: the connection turns out to be lost."""
    if connection.dialect.driver != "psycopg":
        return
    try:
        avoid_prepared(connection.connection)
    except connection.dialect.loaded_dbapi.Error as error:
        connection.invalidate(error)
        raise Lost from error


def _speed_up(connection: Connection) -> None:
    """Make a single statement faster, without bypassing the host's listeners to the engine."""
    if connection.dialect.driver == "psycopg":
        event.listen(connection, "before_cursor_execute", _ask_for_bytes)
    # BEGIN and ROLLBACK cost as much as a look-up. But SET LOCAL in a host's listener works only between them.
    if connection.dialect.driver in _SINGLE and not has_listeners(connection.engine) and is_idle(connection.connection):
        connection.execution_options(isolation_level="AUTOCOMMIT")


def _ask_for_bytes(connection: Connection, cursor: Any, *others: object) -> None:
    """Ask psycopg for binary results. By default it gets bytes as hexadecimal text, which takes three times as long."""
    cursor.format = 1


class HostSession:
    """The host's session: its owner commits or rolls back."""

    joined = True

    def __init__(
        self, session: Session | scoped_session[Any], table: Table, check: Callable[[Connection], None]
    ) -> None:
        """Run all statements in a session.

        :param table: a table of ours: a session may have several databases.
        :param check: refuses a connection on which our statements would do harm.
        """
        self._session, self._table, self._check = session, table, check

    def named(self, statement: Select[Any], parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        with self.read() as connection:
            return connection.execute(statement, parameters).all()

    rows = named

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with told():
            if self._session.autoflush:
                self._session.flush()  # the host's own new rows may be our scopes
            connection = self._session.connection(bind_arguments={"clause": self._table})
            self._check(connection)
            _look_for_pooler(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.read() as connection:
            refuse_autocommit(connection)
            yield connection


def refuse_autocommit(bind: Engine | Connection) -> None:
    """Refuse an engine or a connection on which a failed change would stay half done. Don't connect to find out.

    :raises ConfigError: its isolation level is AUTOCOMMIT.
    """
    # SQLAlchemy tells the level for new connections only in this attribute; an execution option wins over it.
    by_default = getattr(bind.dialect, "_on_connect_isolation_level", None)
    if str(bind.get_execution_options().get("isolation_level", by_default)).upper() == "AUTOCOMMIT":
        raise ConfigError(
            'The engine or the session has isolation_level="AUTOCOMMIT", so the database commits each statement by '
            "itself, and a change that fails would stay half done: remove it from create_engine or "
            "SQLALCHEMY_ENGINE_OPTIONS. For statements of your own, use "
            'engine.execution_options(isolation_level="AUTOCOMMIT").'
        )


def transact(database: Database, work: Callable[[Connection], T], *again: type[Exception]) -> T:
    """Run statements as one transaction. Try again after a conflict, or after one of the errors `again`.

    A Galera cluster reports a conflict only at the commit.
    """
    started, attempt = time.monotonic(), 1
    retried: tuple[type[Exception], ...] = (Conflict, *again)
    while True:
        try:
            with database.write() as connection:
                return work(connection)
        except retried as error:
            if attempt == ATTEMPTS or database.joined or not _may_try_again(error, started):
                raise
        # Nodes of a cluster don't wait for each other's locks, so wait here.
        time.sleep(random.uniform(0, _PAUSE * 2**attempt))
        attempt += 1


def _may_try_again(error: Exception, started: float) -> bool:
    """Whether to try again. If the server was silent, the caller has already waited for a time-out: don't."""
    return not isinstance(error, Lost) or time.monotonic() - started < _PROMPT
