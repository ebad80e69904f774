"""The storage of a live engine: reads come from its database, writes go through its REST API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, Row, Select, TableClause, literal, select
from sqlalchemy.exc import ProgrammingError

from ...errors import ContentVanished, ReadOnly, StorageUnavailable, TaskNotFound, VariableNotFound
from ...values import Content, TypedValue, Value, Variable, plain
from ..base import Guard, StorageAdapter, check_key, storable
from ..sql.database import OwnTransactions
from ..sql.limits import MAX_DEPTH
from .content import CamundaContent, Slices
from .resolution import Resolution
from .rest import EngineRest
from .stored import stored_value
from .tables import Tables


class CamundaStorage(StorageAdapter):
    """Serve the variables of a live Camunda 7, Operaton or CIB seven, from its own database.

    It needs SELECT on five tables: ACT_RU_TASK, ACT_RU_EXECUTION, ACT_RU_CASE_EXECUTION (if the engine has cases),
    ACT_RU_VARIABLE and ACT_GE_BYTEARRAY. Writing with SQL would skip the engine's listeners and its history, so writes
    go to the engine's REST API. Without `rest_url` this storage is read-only.

    PostgreSQL reads a value slice by slice, unless it stores the value compressed. MySQL and MariaDB read the whole
    value for each slice. In these cases the storage reads the value once, into a temporary file.

    :param engine: the database: PostgreSQL, MariaDB or MySQL.
    :param table_prefix: the engine's setting of the same name, such as `camunda.` for a schema.
    :param rest_url: the engine's REST API, such as `http://localhost:8080/engine-rest`. A user and password in the URL
        are sent with HTTP Basic.
    :raises ValueError: it is another database, or the prefix or the URL is invalid.
    """

    offloadable = False

    def __init__(self, engine: Engine, table_prefix: str = "", rest_url: str | None = None) -> None:
        if engine.dialect.name not in ("postgresql", "mysql", "mariadb"):
            raise ValueError(f"{engine.dialect.name} can't be read: give the engine's PostgreSQL, MariaDB or MySQL.")
        slicing = engine.dialect.name == "postgresql"
        self._database, self._prefix, self.slicing = OwnTransactions(engine), table_prefix, slicing
        self._slices = Slices(Tables(table_prefix), slicing=slicing)
        self._rest = None if rest_url is None else EngineRest(rest_url)
        self.read_only = self._rest is None

    @cached_property
    def tables(self) -> Tables:
        """The engine's tables, looked up on first use: a fork may have none for cases."""
        tables = Tables(self._prefix)
        self._probe(tables.task)
        try:
            assert tables.case_execution is not None
            self._probe(tables.case_execution)
        except StorageUnavailable as error:
            if not isinstance(error.__cause__, ProgrammingError):
                raise
            return Tables(self._prefix, cases=False)
        return tables

    def _probe(self, table: TableClause) -> None:
        with self._database.read() as connection:
            connection.execute(select(literal(1)).select_from(table).limit(0))

    @cached_property
    def _resolution(self) -> Resolution:
        return Resolution(self.tables, slicing=self.slicing)

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        # A database may also find names that differ: MariaDB ignores spaces at the end.
        rows = self._rows(self._resolution.one, task_id, local, name=name if self._storable(name) else "")
        nearest = next((row for row in rows if row.variable_name == name), None)
        if nearest is None:
            raise VariableNotFound(name)
        return self.variable(nearest)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        rows = self._rows(self._resolution.all, task_id, local)
        return {row.variable_name: self.variable(row) for row in rows if row.variable_name is not None}

    def _rows(self, statement: Select[Any], task_id: str, local: bool, **named: str) -> Sequence[Row[*tuple[Any, ...]]]:
        if not self._storable(task_id):
            raise TaskNotFound(task_id)
        rows = self.select(statement, {"task": task_id, "deepest": 0 if local else MAX_DEPTH, **named})
        if not any(row.depth == 0 and row.scope == task_id for row in rows):
            raise TaskNotFound(task_id)
        return rows

    def select(self, statement: Select[Any], where: Mapping[str, object]) -> Sequence[Row[*tuple[Any, ...]]]:
        """Read from the engine's database, for example from its `tables`.

        :raises StorageUnavailable: the database can't be reached.
        """
        return self._database.named(statement, where)

    def _storable(self, key: str) -> bool:
        """Whether the engine can store such a key: on MySQL and MariaDB its tables use three-byte UTF-8."""
        return storable(key) and (self.slicing or max(key, default="") <= "\uffff")

    def variable(self, row: Row[*tuple[Any, ...]]) -> Variable:
        """Make a variable from a row with `scope` and the columns of :func:`~.resolution.stored_columns`.

        :raises ContentVanished: its byte array is missing.
        """
        content = None
        if row.variable_bytearray_id is not None:
            if row.content_rev is None:
                raise ContentVanished
            content = CamundaContent(self._slices, self._database, row)
        return Variable(row.variable_name, row.scope, stored_value(row, content))

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
        guard: Guard | None = None,
    ) -> None:
        """Let the engine set and delete variables, all or none.

        :param guard: called with the variables as they are a moment before: the engine can't call it in its own
            transaction.
        :raises TaskNotFound: no task has this id.
        :raises InvalidRequest: a name can't be stored.
        :raises EngineRefused: the engine answers with an error, which the caller gets.
        :raises ReadOnly: there is no `rest_url`.
        """
        if self._rest is None:
            raise ReadOnly
        put = put or {}
        for name in put:
            check_key(name)
        self._rows(self._resolution.one, task_id, True, name="")
        if guard:
            found = self.get_all(task_id, local=local)
            guard({name: found[name] for name in {*put, *delete} if name in found})
        with ExitStack() as stack:
            sized = {name: self._sized(value, stack) for name, value in put.items()}
            self._rest.update(task_id, sized, [name for name in delete if storable(name)], local=local)

    def _sized(self, value: TypedValue, stack: ExitStack) -> TypedValue:
        """Give a value a known length, because the length is sent before the bytes."""
        value = plain(value)
        if isinstance(value, Value) or value.content is None or isinstance(value.content, Content):
            return value
        return replace(value, content=stack.enter_context(self.staging(value.content)))
