"""Look-ups directly on the driver's connection, because SQLAlchemy takes several times as long as the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Boolean, Engine, LargeBinary, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.types import TypeEngine

from .drivers import avoid_prepared, is_idle
from .failures import Lost, failure_of, is_of_connection, told
from .limits import INLINE
from .listeners import has_listeners

Parameters: TypeAlias = Mapping[str, object] | Sequence[object]
Rows: TypeAlias = Sequence[Sequence[Any]]


class Direct:
    """Runs statements that need only a connection from SQLAlchemy's pool, and nothing else of SQLAlchemy."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = _RUN.get(engine.dialect.driver)
        self._compiled: WeakKeyDictionary[Select[Any], tuple[str, list[str] | None] | None] = WeakKeyDictionary()

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows | None:
        """Run a statement; None leaves it to SQLAlchemy.

        Leave it if SQLAlchemy must convert values, if the host listens to the engine, or if the statement is wrong:
        SQLAlchemy explains that better.

        :raises StorageUnavailable: the database can't be reached or can't serve now. Don't wait for it a second time.
        """
        if self._run is None or has_listeners(self._engine):
            return None
        if statement not in self._compiled:
            self._compiled[statement] = self._compile(statement)
        compiled = self._compiled[statement]
        if compiled is None:
            return None
        text, order = compiled
        dbapi = self._engine.dialect.loaded_dbapi
        try:
            return self._fetch(self._run, text, [parameters[name] for name in order] if order else parameters)
        except (TimeoutError, DBAPIError):  # from the pool, which runs its own statements on the first connection
            with told():
                raise
        except dbapi.Error as error:
            broken = isinstance(error, (dbapi.OperationalError, dbapi.InterfaceError))
            if failure := failure_of(error, broken=broken, lost=False):
                raise failure from error
            return None

    def _compile(self, statement: Select[Any]) -> tuple[str, list[str] | None] | None:
        compiled = statement.compile(self._engine)
        if not all(one.required for one in compiled.binds.values()):
            return None  # the statement has values of its own besides the parameters
        if not all(self._is_plain(one.type) for one in (*statement.selected_columns, *compiled.binds.values())):
            return None
        return compiled.string, compiled.positiontup

    def _is_plain(self, type_: TypeEngine[Any]) -> bool:
        """Whether the driver handles values of this type without SQLAlchemy's conversion."""
        dialect = self._engine.dialect
        impl = type_.dialect_impl(dialect)
        if isinstance(impl, (Boolean, LargeBinary)):
            return True
        return impl.bind_processor(dialect) is None and impl.result_processor(dialect, None) is None

    def _fetch(self, run: _Run, text: str, parameters: Parameters) -> Rows:
        pooled = self._engine.raw_connection()
        try:
            return run(pooled, text, parameters)
        except self._engine.dialect.loaded_dbapi.Error as error:
            lost = self._engine.dialect.is_disconnect(error, pooled.dbapi_connection, None)
            if lost or is_of_connection(error):
                pooled.invalidate(error)
                raise Lost from error
            raise
        except BaseException as error:
            # For example a worker's time-out in the middle of an answer: nobody else may read the rest of it.
            pooled.invalidate(error)
            raise
        finally:
            pooled.close()


_Run: TypeAlias = Callable[[PoolProxiedConnection, str, Parameters], Rows]


def _sqlite(pooled: PoolProxiedConnection, text: str, parameters: Parameters) -> Rows:
    connection: Any = pooled.driver_connection
    rows: Rows = connection.execute(text, parameters).fetchall()
    return rows


def _psycopg(pooled: PoolProxiedConnection, text: str, parameters: Parameters) -> Rows:
    connection: Any = pooled.driver_connection
    # Keep the cursor with its connection: a new cursor prepares to read each column, a quarter of a look-up's time.
    cursor = pooled.info.pop(_CURSOR, None) or connection.cursor(
        binary=True
    )  # in text mode, bytes come as hexadecimal digits
    before = connection.autocommit
    if is_idle(pooled):
        connection.autocommit = True  # a single statement needs no transaction
    try:
        avoid_prepared(pooled)
        rows: Rows = cursor.execute(text, parameters).fetchall()
    finally:
        if is_idle(pooled):
            connection.autocommit = before
    if _are_small(rows):  # a cursor keeps its last result in memory
        pooled.info[_CURSOR] = cursor
    return rows


def _are_small(rows: Rows) -> bool:
    return len(rows) <= 2 and all(len(one) <= INLINE for row in rows for one in row if isinstance(one, (bytes, str)))


_CURSOR = "taskvars_cursor"
_RUN: dict[str, _Run] = {"pysqlite": _sqlite, "psycopg": _psycopg}
