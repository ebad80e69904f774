"""Connections: short ones of our own, or the one of a session that the host hands in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select, Table, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session, scoped_session

from ...errors import StorageUnavailable
from .direct import Direct, Rows

_CONFLICTS: set[str | int] = {"40001", "40P01", 1213}
"""SQLSTATEs of PostgreSQL, and a number of MySQL's: the transaction was undone to let another one through."""
_NO_TABLE: set[str | int] = {"42P01", 1146}
"""The tables are not there yet; SQLite tells the same by an OperationalError."""

ATTEMPTS = 5
"""Times that a transaction is tried when others are in its way."""


class Conflict(StorageUnavailable):
    """Another transaction was in the way: trying again will do."""


class Database(Protocol):
    """Where statements run."""

    joined: bool
    """Whether the host ends the transaction: then its rollback takes along all that was written."""

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows:
        """The rows that a statement finds."""

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for one statement."""

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction: all statements take effect, or none."""


class OwnTransactions:
    """A connection out of the pool for each block, given back at its end."""

    joined = False

    def __init__(self, engine: Engine) -> None:
        self._engine, self._reading = engine, engine
        if engine.dialect.name == "postgresql":
            # A single statement needs no transaction, and BEGIN and ROLLBACK cost as much as a look-up.
            self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.driver == "psycopg":
            event.listen(self._reading, "before_cursor_execute", _ask_for_bytes)
        self._direct = Direct(engine)

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows:
        try:
            rows = self._direct.rows(statement, parameters)
        except TimeoutError as error:
            raise StorageUnavailable from error
        if rows is not None:
            return rows
        with self.read() as connection:
            return connection.execute(statement, parameters).all()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _reachable(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _reachable(), self._engine.begin() as connection:
            yield connection


def _ask_for_bytes(connection: Connection, cursor: Any, *others: object) -> None:
    """Psycopg gets bytes as hexadecimal text unless it is told otherwise, which takes three times as long."""
    cursor.format = 1


class HostSession:
    """The host's session: its owner commits or rolls back."""

    joined = True

    def __init__(self, session: Session | scoped_session[Any], table: Table) -> None:
        self._session, self._table = session, table

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows:
        with self.read() as connection:
            return connection.execute(statement, parameters).all()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _reachable():
            if self._session.autoflush:
                self._session.flush()  # the host's own new rows may be our scopes
            yield self._session.connection(bind_arguments={"clause": self._table})

    write = read


def transact(database: Database, work: Callable[[Connection], None], *again: type[Exception]) -> None:
    """Run statements as one transaction, and once more when it ends with an error that trying again may help."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with database.write() as connection:
                work(connection)
            return
        except again:
            if attempt == ATTEMPTS or database.joined:
                raise


@contextmanager
def _reachable() -> Iterator[None]:
    """Tell a database that can't be reached or can't serve now from a wrong statement."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise (Conflict if _is_one_of(_CONFLICTS, error) else StorageUnavailable) from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_one_of(_NO_TABLE, error):
            raise StorageUnavailable from error
        raise


def _is_one_of(codes: set[str | int], error: SQLAlchemyError) -> bool:
    cause = getattr(error, "orig", None)
    found = (getattr(cause, "sqlstate", None), *getattr(cause, "args", ())[:1])
    return any(code in codes for code in found if isinstance(code, (str, int)))
