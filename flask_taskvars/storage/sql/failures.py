"""Recognize failures of a database; each driver reports them in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from ...errors import StorageFull, StorageUnavailable, TablesMissing

_CONFLICTS: set[object] = {"40001", "40P01", 1020, 1213, 1412, "SQLITE_BUSY_SNAPSHOT"}
"""SQLSTATEs, error numbers of MySQL and MariaDB, and names of SQLite: the transaction was rolled back in favour of
another one."""
_OF_CONNECTION: set[object] = {"0A000", "25006", "26000", "42P05", 1290, 1792, 1836, 2006, 2013, 2055}
"""Another connection may work: the database became read-only, or changed a prepared statement, or the connection was
lost and SQLAlchemy does not recognize this driver's error."""
_UNAVAILABLE: set[object] = {2002, 2003, 2005, "SQLITE_NOTADB", "SQLITE_CORRUPT"}
"""There is no server, or SQLite's file is not a database."""
_MISSING: set[object] = {"42P01", 1146}
"""A table does not exist. SQLite says so only in words."""
_FULL: set[object] = {"SQLITE_FULL", "53100", 1021, 1114}
"""There is no room on the disk."""
_UNAVAILABLE_CLASSES = {"08", "53", "55", "57", "58"}
"""Classes of SQLSTATEs: connections, resources, locks, operators and the system."""


class Conflict(StorageUnavailable):
    """The transaction conflicted with another one. Try again."""


class Lost(Conflict):
    """The connection was lost before anything was committed. Try again on another one."""


@contextmanager
def told() -> Iterator[None]:
    """Raise StorageUnavailable if the database can't serve now; let other errors, such as wrong statements, pass."""
    try:
        yield
    except TimeoutError as error:
        raise StorageUnavailable from error
    except DBAPIError as error:
        broken = isinstance(error, (OperationalError, InterfaceError))
        if failure := failure_of(error.orig, broken=broken, lost=error.connection_invalidated):
            raise failure from error
        raise


def failure_of(error: BaseException | None, *, broken: bool, lost: bool) -> StorageUnavailable | None:
    """Turn a driver's error into ours; return None if the statement was wrong.

    :param broken: whether the driver calls it an operational error.
    :param lost: whether the connection can't be used any more.
    """
    codes = _codes(error)
    if codes & _CONFLICTS:
        return Conflict()
    if lost or codes & _OF_CONNECTION:
        return Lost()
    if codes & _MISSING or (broken and str(error).startswith("no such table")):
        return TablesMissing()
    if codes & _FULL:
        return StorageFull()
    classes = {code[:2] for code in codes if isinstance(code, str) and len(code) == 5}
    if broken or codes & _UNAVAILABLE or classes & _UNAVAILABLE_CLASSES:
        return StorageUnavailable()
    return None


def is_of_connection(error: BaseException | None) -> bool:
    """Whether the connection must be thrown away."""
    return bool(_codes(error) & _OF_CONNECTION)


def _codes(error: Any) -> set[object]:
    """Return an error's codes: psycopg has `sqlstate`, psycopg2 `pgcode`, others `errno` or the first argument."""
    first = next(iter(getattr(error, "args", ())), None)
    if isinstance(first, dict):
        first = first.get("C")  # pg8000 gives the fields of PostgreSQL's message
    names = ("sqlstate", "pgcode", "errno", "sqlite_errorname")
    found = (first, *(getattr(error, name, None) for name in names))
    return {code for code in found if isinstance(code, (str, int))}
