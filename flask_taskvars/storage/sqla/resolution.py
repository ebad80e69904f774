"""The statements: which scopes a task sees, and what is in them. Each look-up is one round trip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, case, literal, select

from ...errors import TaskNotFound

MAX_DEPTH = 1000
"""Scopes in a chain; a bound for tables that were damaged into a circle."""

HostScopes: TypeAlias = Callable[[str], "Sequence[str] | None"]
"""The host's own rule: from a task's id to the ids of its scopes, nearest first; None for an unknown task."""


class Resolution(Protocol):
    """How a task finds its variables."""

    def visible(self, connection: Connection, scope: str, *, local: bool, task: bool) -> list[str]:
        """The scope and those around it, nearest first.

        :param task: insist on a task; else any scope will do.
        :raises TaskNotFound: it doesn't exist.
        """

    def one(self, connection: Connection, task_id: str, name: str, *, local: bool) -> Row[*tuple[Any, ...]] | None:
        """The nearest variable of this name. :raises TaskNotFound: the task doesn't exist."""

    def all(self, connection: Connection, task_id: str, *, local: bool) -> Sequence[Row[*tuple[Any, ...]]]:
        """Every variable in sight, the outermost scope's first. :raises TaskNotFound: the task doesn't exist."""


class TableResolution:
    """Scopes as rows with a parent: a recursive walk, in the same statement as the look-up."""

    def __init__(self, scope: Table, variable: Table) -> None:
        start = select(scope.c.id, scope.c.parent_id, scope.c.is_task, literal(0).label("depth"))
        chain = start.where(scope.c.id == bindparam("scope")).cte("visible", recursive=True)
        # The flag travels from the first scope to all: what counts is whether the walk began at a task.
        step = select(scope.c.id, scope.c.parent_id, chain.c.is_task, chain.c.depth + 1)
        chain = chain.union_all(
            step.join_from(chain, scope, scope.c.id == chain.c.parent_id).where(chain.c.depth < bindparam("deepest"))
        )
        here = variable.c.scope_id == chain.c.id
        self._visible = select(chain.c.id, chain.c.is_task).order_by(chain.c.depth)
        self._one = (
            select(chain.c.is_task, *_columns(variable), variable.c.data)
            .join_from(chain, variable, and_(here, variable.c.name == bindparam("name")), isouter=True)
            .order_by(variable.c.name.is_(None), chain.c.depth)
            .limit(1)
        )
        self._all = (
            select(chain.c.is_task, *_columns(variable), _bytes_data(variable))
            .join_from(chain, variable, here, isouter=True)
            .order_by(chain.c.depth.desc())
        )

    def visible(self, connection: Connection, scope: str, *, local: bool, task: bool) -> list[str]:
        rows = connection.execute(self._visible, _where(scope, local)).all()
        if not rows or (task and not rows[0].is_task):
            raise TaskNotFound(scope)
        return [row.id for row in rows]

    def one(self, connection: Connection, task_id: str, name: str, *, local: bool) -> Row[*tuple[Any, ...]] | None:
        row = connection.execute(self._one, _where(task_id, local) | {"name": name}).one_or_none()
        if row is None or not row.is_task:
            raise TaskNotFound(task_id)
        return None if row.name is None else row

    def all(self, connection: Connection, task_id: str, *, local: bool) -> Sequence[Row[*tuple[Any, ...]]]:
        rows = connection.execute(self._all, _where(task_id, local)).all()
        if not rows or not rows[0].is_task:
            raise TaskNotFound(task_id)
        return [row for row in rows if row.name is not None]


class HostResolution:
    """Scopes as the host's own tables know them."""

    def __init__(self, scopes: HostScopes, variable: Table) -> None:
        self._scopes = scopes
        here = variable.c.scope_id.in_(bindparam("scopes", expanding=True))
        self._one = select(*_columns(variable), variable.c.data).where(here, variable.c.name == bindparam("name"))
        self._all = select(*_columns(variable), _bytes_data(variable)).where(here)

    def visible(self, connection: Connection, scope: str, *, local: bool, task: bool) -> list[str]:
        found = self._scopes(scope)
        if not found:
            raise TaskNotFound(scope)
        return [scope] if local else list(found)

    def one(self, connection: Connection, task_id: str, name: str, *, local: bool) -> Row[*tuple[Any, ...]] | None:
        visible = self.visible(connection, task_id, local=local, task=True)
        rows = connection.execute(self._one, {"scopes": visible, "name": name}).all()
        return min(rows, key=lambda row: visible.index(row.scope_id), default=None)

    def all(self, connection: Connection, task_id: str, *, local: bool) -> Sequence[Row[*tuple[Any, ...]]]:
        visible = self.visible(connection, task_id, local=local, task=True)
        rows = connection.execute(self._all, {"scopes": visible}).all()
        return sorted(rows, key=lambda row: visible.index(row.scope_id), reverse=True)


def _where(scope: str, local: bool) -> dict[str, object]:
    return {"scope": scope, "deepest": 0 if local else MAX_DEPTH}


def _columns(variable: Table) -> list[ColumnElement[Any]]:
    return [column for column in variable.c if column.name != "data"]


def _bytes_data(variable: Table) -> ColumnElement[Any]:
    """The inline data of Bytes only: a list shows their value, but only the name of a File."""
    return case((variable.c.type == "Bytes", variable.c.data)).label("data")
