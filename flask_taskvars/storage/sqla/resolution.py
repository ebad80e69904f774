"""The SQL statements that find the variables that a task sees. Each look-up is one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from ...given import kind_of
from ..sql.database import Database
from ..sql.limits import MAX_DEPTH
from .models import StoredVariable, VariableFound, found, listed

HostScopes: TypeAlias = Callable[[str], "Sequence[str] | None"]
"""The host's function: takes a task's id and returns the ids of its scopes, nearest first; None for an unknown task."""
_ZERO = literal_column("0", Integer)


class Resolution(Protocol):
    """How a task finds its variables."""

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        """Return the scope and those around it, nearest first.

        :param task: whether the scope must be a task.
        :raises TaskNotFound: it doesn't exist.
        """

    def one(self, database: Database, task_id: str, name: str, *, local: bool) -> VariableFound | None:
        """Find the nearest variable with this name. :raises TaskNotFound: the task doesn't exist."""

    def all(self, database: Database, task_id: str, *, local: bool) -> Sequence[VariableFound]:
        """Find all variables that the task sees, outermost scope first. :raises TaskNotFound: it doesn't exist."""


class TableResolution:
    """Finds scopes in our own table, by a recursive walk in the same statement as the look-up."""

    def __init__(self, scope: Table, variable: Table) -> None:
        chain = _walk(scope, false())
        here = variable.c.scope_id == chain.c.id
        self._chain = select(chain.c.id, chain.c.is_task).order_by(chain.c.depth)
        self._all = (
            select(chain.c.is_task, *listed(variable))
            .join_from(chain, variable, here, isouter=True)
            .order_by(chain.c.depth.desc())
        )
        # The walk ends at the first scope with the name, so the rows need no sorting. The first row is the task's.
        near = variable.alias("near")
        name: BindParameter[str] = bindparam("name")
        chain = _walk(scope, select(_ZERO).where(near.c.scope_id == scope.c.id, near.c.name == name).exists())
        there = and_(chain.c.found, variable.c.scope_id == chain.c.id, variable.c.name == name)
        self._one: Select[Any] = (
            select(chain.c.is_task, *found(variable))
            .join_from(chain, variable, there, isouter=True)
            .where(or_(chain.c.found, chain.c.depth == _ZERO))
        )

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        rows = database.named(self._chain, _where(scope, local=False))
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
        rows = database.named(self._all, _where(task_id, local))
        if not rows or not rows[0].is_task:
            raise TaskNotFound(task_id)
        return [row for row in rows if row.name is not None]


class HostResolution:
    """Asks the host's function for the scopes, while no connection is held."""

    def __init__(self, scopes: HostScopes, variable: Table) -> None:
        self._scopes = scopes
        here = variable.c.scope_id.in_(bindparam("scopes", expanding=True))
        self._one = select(*found(variable)).where(here, variable.c.name == bindparam("name"))
        self._all = select(*listed(variable)).where(here)

    def chain(self, database: Database, scope: str, *, task: bool) -> list[str]:
        if not task:
            return [scope]  # the host's function knows only tasks; trust the caller that the scope exists
        scopes = self._scopes(scope)
        if not scopes:
            raise TaskNotFound(scope)
        return _checked_ids(scopes)

    def one(self, database: Database, task_id: str, name: str, *, local: bool) -> VariableFound | None:
        near = self._near(database, task_id, local)
        rows = database.named(self._one, {"scopes": near, "name": name})
        return min(rows, key=distance(near), default=None)

    def all(self, database: Database, task_id: str, *, local: bool) -> Sequence[VariableFound]:
        near = self._near(database, task_id, local)
        rows = database.named(self._all, {"scopes": near})
        return sorted(rows, key=distance(near), reverse=True)

    def _near(self, database: Database, task_id: str, local: bool) -> list[str]:
        chain = self.chain(database, task_id, task=True)
        return chain[:1] if local else chain


def _checked_ids(scopes: Sequence[str]) -> list[str]:
    """:raises TypeError: the host's function returned something else than a list of ids."""
    several = isinstance(scopes, Iterable) and not isinstance(scopes, (str, bytes))
    for one in scopes if several else [None]:
        if not isinstance(one, str):
            wrong = one if several else scopes
            raise TypeError(
                f"scopes(…) returned {scopes!r}{', with ' if several else ', '}{kind_of(wrong)}: "
                "return a list of the ids as strings, nearest first; None if there is no such task."
            )
    return list(scopes)


def held_variable(variable: Table) -> Select[Any]:
    """Select the variable with a name in exactly one scope."""
    return select(*found(variable)).where(
        variable.c.scope_id == bindparam("scope"), variable.c.name == bindparam("name")
    )


def scope_columns(scope: Table) -> Select[tuple[str, str | None, bool]]:
    """Select scopes."""
    return select(scope.c.id, scope.c.parent_id, scope.c.is_task)


def distance(near: Sequence[str]) -> Callable[[VariableFound], int]:
    """Make a sort key for rows: how far a row's scope is from the task.

    :param near: the scopes that the task sees, nearest first.
    """
    places = {
        scope: place for place, scope in reversed([*enumerate(near)])
    }  # if a scope is listed twice, its first place counts
    return lambda row: places[row.scope_id]


def _walk(scope: Table, found: ColumnElement[bool]) -> CTE:
    """Select a scope and those around it, up to the first for which `found` is true."""
    start = select(scope.c.id, scope.c.parent_id, scope.c.is_task, _ZERO.label("depth"), found.label("found"))
    chain = start.where(scope.c.id == bindparam("scope")).cte("visible", recursive=True)
    # Each row carries the flag of the first scope: did the walk begin at a task?
    step = select(scope.c.id, scope.c.parent_id, chain.c.is_task, chain.c.depth + literal_column("1"), found)
    further = and_(chain.c.depth < bindparam("deepest"), not_(chain.c.found))
    return chain.union_all(step.join_from(chain, scope, scope.c.id == chain.c.parent_id).where(further))


def _where(scope: str, local: bool) -> dict[str, object]:
    return {"scope": scope, "deepest": 0 if local else MAX_DEPTH}
