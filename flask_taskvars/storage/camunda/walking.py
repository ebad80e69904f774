"""Walk through an engine's database: all scopes, from the outermost inwards, and the variables of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    TableClause,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
)

from ..base import Scope
from ..sql.limits import MAX_DEPTH
from .adapter import CamundaStorage
from .resolution import stored_columns

_MANY = 100
"""Rows in one query. So at most 100 variables, each with up to 64 KiB, are in memory at a time."""


class Walk:
    """A walk through all or some scopes of an engine.

    It begins with the outermost scopes: process instances, case instances, and standalone tasks. It goes down level by
    level, for a hundred outermost scopes at a time, and yields each scope once.

    :param storage: the engine's database.
    :param process_definition: walk only through process instances of this definition key, in all its versions.
    :param tasks: walk only through these tasks and the scopes around them.
    """

    def __init__(
        self, storage: CamundaStorage, process_definition: str | None = None, tasks: Collection[str] = ()
    ) -> None:
        self._storage, self._tables = storage, storage.tables
        self._definition, self._tasks = process_definition, tasks

    @property
    def is_whole(self) -> bool:
        """Whether the walk goes through everything."""
        return not self._tasks and self._definition is None

    def scopes(self) -> Iterator[list[Scope]]:
        """Yield the scopes in batches, parents before their children."""
        if self._tasks:
            yield from self._around_tasks()
            return
        for roots in self._roots():
            level = roots
            while level:
                yield level
                level = self._below([scope.id for scope in level])

    def around(self, task: str) -> list[Scope]:
        """Return a task and the scopes around it, the outermost first; an empty list if there is no such task."""
        chain: list[Scope] = []
        following: str | None = task
        while following is not None and len(chain) < MAX_DEPTH:
            scope = self._named(following, is_task=not chain)
            if scope is None:
                break
            chain.append(scope)
            following = scope.parent
        if chain and chain[-1].parent is not None:  # a look-up from the task goes no further either
            chain[-1] = Scope(chain[-1].id, None, chain[-1].is_task)
        return chain[::-1]

    def is_there(self, scope: Scope) -> bool:
        """Whether the engine still has a scope."""
        return self._named(scope.id, is_task=scope.is_task) is not None

    def variables(self, scope: str) -> Iterator[Row[*tuple[Any, ...]]]:
        """Read the variables of exactly one scope, as rows for :meth:`CamundaStorage.variable`."""
        variable, content = self._tables.variable, self._tables.bytes
        columns = stored_columns(variable, content, content, true(), slicing=self._storage.slicing)
        found = select(variable.c.VAR_SCOPE_.label("scope"), *columns)
        found = found.join_from(variable, content, content.c.ID_ == variable.c.BYTEARRAY_ID_, isouter=True)
        # Select only the ids first: to sort whole rows, a database could read all their bytes.
        ids = select(variable.c.ID_).where(variable.c.VAR_SCOPE_ == scope)
        for some in self._pages(ids, variable.c.ID_):
            rows = self._storage.select(found.where(variable.c.ID_.in_(_ids())), {"ids": [row.ID_ for row in some]})
            yield from (row for row in rows if row.scope == scope)

    def lost(self) -> Iterator[Row[*tuple[Any, ...]]]:
        """Find variables whose scope is missing, as rows with `variable_name` and `scope`."""
        variable = self._tables.variable
        here = [exists().where(kind.table.c.ID_ == variable.c.VAR_SCOPE_) for kind in self._kinds]
        columns = (variable.c.ID_, variable.c.NAME_.label("variable_name"), variable.c.VAR_SCOPE_.label("scope"))
        for some in self._pages(select(*columns).where(~or_(*here)), variable.c.ID_):
            yield from some

    def count(self) -> int:
        """Count the variables. For a process definition the number is too small, because it lacks those of subtasks."""
        variable = self._tables.variable
        counted = select(func.count()).select_from(variable)
        if self._tasks:
            ids = {scope.id for task in self._tasks for scope in self.around(task)}
            counted = counted.where(variable.c.VAR_SCOPE_.in_(ids))
        elif self._definition is not None:
            tables = (self._tables.execution, self._tables.task)
            ours = (select(table.c.ID_).where(self._defined(table)) for table in tables)
            counted = counted.where(or_(*(variable.c.VAR_SCOPE_.in_(ids) for ids in ours)))
        [row] = self._storage.select(counted, {})
        return int(row[0])

    def _around_tasks(self) -> Iterator[list[Scope]]:
        seen: set[str] = set()
        for task in self._tasks:
            chain = self.around(task)
            yield [scope for scope in chain if scope.id not in seen]
            seen.update(scope.id for scope in chain)

    def _named(self, scope: str, *, is_task: bool) -> Scope | None:
        """Find a scope by its id. Compare again, because some databases also find ids that differ."""
        kinds = self._kinds[-1:] if is_task else self._kinds
        found = (one for kind in kinds for one in self._read(kind, kind.table.c.ID_.in_(_ids()), [scope]))
        return next((one for one in found if one.id == scope), None)

    def _roots(self) -> Iterator[list[Scope]]:
        whole = self._definition is None
        kinds = self._kinds if whole else self._kinds[:1]
        chosen = true() if whole else self._defined(self._tables.execution)
        for kind in kinds:
            id_ = kind.table.c.ID_
            for some in self._pages(select(id_).where(kind.alone(), chosen), id_):
                yield [Scope(row.ID_, None, kind.is_task) for row in some]

    def _below(self, ids: Sequence[str]) -> list[Scope]:
        """Return the scopes directly inside other scopes."""
        cut = (ids[start : start + _MANY] for start in range(0, len(ids), _MANY))
        return [scope for some in cut for kind in self._kinds for scope in self._read(kind, kind.within(), some)]

    def _read(self, kind: _Kind, where: ColumnElement[bool], ids: Sequence[str]) -> list[Scope]:
        rows = self._storage.select(select(kind.table.c.ID_, kind.parent).where(where), {"ids": ids})
        return [Scope(row[0], row[1], kind.is_task) for row in rows]

    @cached_property
    def _kinds(self) -> list[_Kind]:
        tables = self._tables
        execution, cases, task = tables.execution, tables.case_execution, tables.task
        held = [execution] if cases is None else [execution, cases]
        ways = (task.c.EXECUTION_ID_, task.c.CASE_EXECUTION_ID_, task.c.PARENT_TASK_ID_)
        return [*(_Kind(table, (table.c.PARENT_ID_,), False) for table in held), _Kind(task, ways, True)]

    def _defined(self, table: TableClause) -> ColumnElement[bool]:
        definition = self._tables.definition
        return table.c.PROC_DEF_ID_.in_(select(definition.c.ID_).where(definition.c.KEY_ == self._definition))

    def _pages(self, statement: Select[Any], id_: ColumnElement[Any]) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        """Read page by page. Give the connection back before the next page."""
        statement = statement.order_by(id_).limit(_MANY)
        rows = self._storage.select(statement, {})
        while rows:
            yield rows
            if len(rows) < _MANY:
                return
            rows = self._storage.select(statement.where(id_ > rows[-1].ID_), {})


@dataclass(frozen=True)
class _Kind:
    """A table of scopes.

    :param ways: its columns that lead outwards: the first that is not NULL counts.
    """

    table: TableClause
    ways: tuple[ColumnElement[Any], ...]
    is_task: bool

    @property
    def parent(self) -> ColumnElement[Any]:
        return func.coalesce(*self.ways) if len(self.ways) > 1 else self.ways[0]

    def alone(self) -> ColumnElement[bool]:
        """Whether nothing is around it. The task that another one is in may be gone: no foreign key keeps it."""
        *others, last = self.ways
        if not self.is_task:
            return last.is_(None)
        around = self.table.alias("around")
        return and_(*(way.is_(None) for way in others), ~exists().where(around.c.ID_ == last))

    def within(self) -> ColumnElement[bool]:
        """Whether it is directly in one of several."""
        ways = (
            and_(*(way.is_(None) for way in self.ways[:at]), self.ways[at].in_(_ids())) for at in range(len(self.ways))
        )
        return or_(*ways)


def _ids() -> BindParameter[Any]:
    return bindparam("ids", expanding=True)
