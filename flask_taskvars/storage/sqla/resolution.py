"""The statements: which scopes a task sees, and what is in them. Each look-up is one round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    false,
    literal_column,
    not_,
    or_,
    select,
)

from ...errors import TaskNotFound
from .database import Database
from .models import StoredVariable, VariableFound, listed

MAX_DEPTH = 900
"""Scopes in a chain; a bound for tables that were damaged into a circle. MySQL gives up after 1,000."""

HostScopes: TypeAlias = Callable[[str], "Sequence[str] | None"]
"""The host's own rule: from a task's id to the ids of its scopes, nearest first; None for an unknown task."""
_ZERO = literal_column("0", Integer)


class Resolution(Protocol):
    """How a task finds its variables."""

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        """The scope and those around it, nearest first.

        :param task: insist on a task; else any scope will do.
        :raises TaskNotFound: it doesn't exist.
        """

    def one(self, database: Database, task_id: str, name: str, *, local: bool) -> VariableFound | None:
        """The nearest variable of this name. :raises TaskNotFound: the task doesn't exist."""

    def all(self, database: Database, task_id: str, *, local: bool) -> Sequence[VariableFound]:
        """Every variable in sight, the outermost scope's first. :raises TaskNotFound: the task doesn't exist."""


class TableResolution:
    """Scopes as rows with a parent: a recursive walk, in the same statement as the look-up."""

    def __init__(self, scope: Table, variable: Table) -> None:
        chain = _walk(scope, false())
        here = variable.c.scope_id == chain.c.id
        self._chain = select(chain.c.id, chain.c.is_task).order_by(chain.c.depth)
        self._all = (
            select(chain.c.is_task, *listed(variable))
            .join_from(chain, variable, here, isouter=True)
            .order_by(chain.c.depth.desc())
        )
        # The walk ends where the name is, so that nothing is to be sorted; its first row tells of the task.
        near = variable.alias("near")
        name: BindParameter[str] = bindparam("name")
        chain = _walk(scope, select(_ZERO).where(near.c.scope_id == scope.c.id, near.c.name == name).exists())
        there = and_(chain.c.found, variable.c.scope_id == chain.c.id, variable.c.name == name)
        self._one: Select[Any] = (
            select(chain.c.is_task, *(variable.c[field] for field in StoredVariable._fields))
            .join_from(chain, variable, there, isouter=True)
            .where(or_(chain.c.found, chain.c.depth == _ZERO))
        )

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        with database.read() as connection:
            rows = connection.execute(self._chain, _where(scope, local=False)).all()
        if not rows or (task and not rows[0].is_task):
            raise TaskNotFound(scope)
        return [row.id for row in rows]

    def one(self, database: Database, task_id: str, name: str, *, local: bool) -> VariableFound | None:
        rows = database.rows(self._one, _where(task_id, local) | {"name": name})
        if not rows or not rows[0][0]:
            raise TaskNotFound(task_id)
        for row in rows:
            if row[2] is not None:
                return StoredVariable._make(row[1:])
        return None

    def all(self, database: Database, task_id: str, *, local: bool) -> Sequence[VariableFound]:
        with database.read() as connection:
            rows = connection.execute(self._all, _where(task_id, local)).all()
        if not rows or not rows[0].is_task:
            raise TaskNotFound(task_id)
        return [row for row in rows if row.name is not None]


class HostResolution:
    """Scopes as the host's own tables know them; the host is asked while no connection is held."""

    def __init__(self, scopes: HostScopes, variable: Table) -> None:
        self._scopes = scopes
        here = variable.c.scope_id.in_(bindparam("scopes", expanding=True))
        self._one = select(variable).where(here, variable.c.name == bindparam("name"))
        self._all = select(*listed(variable)).where(here)

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        if not task:
            return [scope]  # the rule is for tasks; of other scopes the host's word is taken
        found = self._scopes(scope)
        if not found:
            raise TaskNotFound(scope)
        return list(found)

    def one(self, database: Database, task_id: str, name: str, *, local: bool) -> VariableFound | None:
        near = self._near(database, task_id, local)
        with database.read() as connection:
            rows = connection.execute(self._one, {"scopes": near, "name": name}).all()
        return min(rows, key=lambda row: near.index(row.scope_id), default=None)

    def all(self, database: Database, task_id: str, *, local: bool) -> Sequence[VariableFound]:
        near = self._near(database, task_id, local)
        with database.read() as connection:
            rows = connection.execute(self._all, {"scopes": near}).all()
        return sorted(rows, key=lambda row: near.index(row.scope_id), reverse=True)

    def _near(self, database: Database, task_id: str, local: bool) -> list[str]:
        chain = self.chain(database, task_id, task=True)
        return chain[:1] if local else chain


def _walk(scope: Table, found: ColumnElement[bool]) -> CTE:
    """The scopes from one outwards, up to the first where `found` is true."""
    start = select(scope.c.id, scope.c.parent_id, scope.c.is_task, _ZERO.label("depth"), found.label("found"))
    chain = start.where(scope.c.id == bindparam("scope")).cte("visible", recursive=True)
    # The flag travels from the first scope to all: what counts is whether the walk began at a task.
    step = select(scope.c.id, scope.c.parent_id, chain.c.is_task, chain.c.depth + literal_column("1"), found)
    further = and_(chain.c.depth < bindparam("deepest"), not_(chain.c.found))
    return chain.union_all(step.join_from(chain, scope, scope.c.id == chain.c.parent_id).where(further))


def _where(scope: str, local: bool) -> dict[str, object]:
    return {"scope": scope, "deepest": 0 if local else MAX_DEPTH}
