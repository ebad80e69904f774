"""Look-ups straight on the driver's connection: SQLAlchemy adds to each several times what the database takes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Engine, LargeBinary, PoolProxiedConnection, Select
from sqlalchemy.types import TypeEngine

from .models import INLINE, Key

Parameters: TypeAlias = Mapping[str, object] | Sequence[object]
Rows: TypeAlias = Sequence[Sequence[Any]]


class Direct:
    """Runs statements that need nothing of SQLAlchemy but a connection out of its pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = None if engine.get_execution_options() else _RUN.get(engine.dialect.driver)
        self._compiled: dict[Select[Any], tuple[str, list[str] | None] | None] = {}

    def rows(self, statement: Select[Any], parameters: Mapping[str, object]) -> Rows | None:
        """Run a statement; None leaves it to SQLAlchemy.

        That is so when its values are to be converted, when somebody listens to what is executed, and when it fails:
        SQLAlchemy knows what failed, and throws away the connections that are lost.
        """
        if self._run is None or self._is_watched():
            return None
        if statement not in self._compiled:
            self._compiled[statement] = self._compile(statement)
        compiled = self._compiled[statement]
        if compiled is None:
            return None
        text, order = compiled
        try:
            return self._fetch(self._run, text, [parameters[name] for name in order] if order else parameters)
        except self._engine.dialect.loaded_dbapi.Error:
            return None

    def _is_watched(self) -> bool:
        dispatch = self._engine.dispatch
        listeners = (dispatch.before_execute, dispatch.before_cursor_execute)
        return any(listeners) or self._engine.logger.isEnabledFor(logging.INFO)

    def _compile(self, statement: Select[Any]) -> tuple[str, list[str] | None] | None:
        compiled = statement.compile(self._engine)
        if not all(one.required for one in compiled.binds.values()):
            return None  # it has values of its own, which are not among the parameters
        if not all(self._is_plain(one.type) for one in (*statement.selected_columns, *compiled.binds.values())):
            return None
        return compiled.string, compiled.positiontup

    def _is_plain(self, type_: TypeEngine[Any]) -> bool:
        """Whether the driver takes and gives values as we want them: on these databases a Key is text."""
        dialect = self._engine.dialect
        impl = type_.dialect_impl(dialect)
        if isinstance(impl, (Key, Boolean, LargeBinary)):
            return True
        return impl.bind_processor(dialect) is None and impl.result_processor(dialect, None) is None

    def _fetch(self, run: _Run, text: str, parameters: Parameters) -> Rows:
        pooled = self._engine.raw_connection()
        try:
            return run(pooled, text, parameters)
        finally:
            pooled.close()


_Run: TypeAlias = Callable[[PoolProxiedConnection, str, Parameters], Rows]


def _sqlite(pooled: PoolProxiedConnection, text: str, parameters: Parameters) -> Rows:
    connection: Any = pooled.driver_connection
    rows: Rows = connection.execute(text, parameters).fetchall()
    return rows


def _psycopg(pooled: PoolProxiedConnection, text: str, parameters: Parameters) -> Rows:
    connection: Any = pooled.driver_connection
    # Kept with its connection: a new one finds out anew how each column is read, which takes a quarter of a look-up.
    cursor = pooled.info.pop(_CURSOR, None) or connection.cursor(binary=True)  # as text, bytes come as digits
    # A single statement needs no transaction.
    before, connection.autocommit = connection.autocommit, True
    try:
        rows: Rows = cursor.execute(text, parameters).fetchall()
    finally:
        connection.autocommit = before
    if _are_small(rows):  # a cursor holds what it read until it reads again
        pooled.info[_CURSOR] = cursor
    return rows


def _are_small(rows: Rows) -> bool:
    return len(rows) <= 2 and all(len(one) <= INLINE for row in rows for one in row if isinstance(one, (bytes, str)))


_CURSOR = "taskvars_cursor"
_RUN: dict[str, _Run] = {"pysqlite": _sqlite, "psycopg": _psycopg}
