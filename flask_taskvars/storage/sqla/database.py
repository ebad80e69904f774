"""Connections: short ones of our own, or the one of a session that the host hands in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, scoped_session

from ...errors import StorageUnavailable


class Database(Protocol):
    """Where statements run."""

    def read(self) -> AbstractContextManager[Connection]: ...

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction: all statements take effect, or none."""


class OwnTransactions:
    """A connection out of the pool for each block, given back at its end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _reachable(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _reachable(), self._engine.begin() as connection:
            yield connection


class HostSession:
    """The host's session: its owner commits or rolls back."""

    def __init__(self, session: Session | scoped_session[Any], table: Table) -> None:
        self._session, self._table = session, table

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _reachable():
            yield self._session.connection(bind_arguments={"clause": self._table})

    write = read


@contextmanager
def _reachable() -> Iterator[None]:
    """Tell a database that can't be reached or can't serve now from a wrong statement."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise StorageUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable from error
        raise
