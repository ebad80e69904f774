"""The statements that change variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from sqlalchemy import Connection, Table, delete, insert, select, update

from ...errors import TaskNotFound
from .models import storable

VariableRow: TypeAlias = Mapping[str, object]
"""The columns of a variable but for its scope and name."""


class Writer:
    """Changes variables where they live, inside a transaction of the caller's."""

    def __init__(self, scope: Table | None, variable: Table) -> None:
        self._scope, self._variable = scope, variable

    def lock(self, connection: Connection, scope: str) -> None:
        """Let the writers of one tree of scopes take turns: whoever may create a variable writes its scope's row.

        A write and not `FOR UPDATE`, because SQLite has no other lock.

        :raises TaskNotFound: the scope is gone.
        """
        if self._scope is not None:
            touch = update(self._scope).where(self._scope.c.id == scope).values(parent_id=self._scope.c.parent_id)
            if not connection.execute(touch).rowcount:
                raise TaskNotFound(scope)

    def apply(
        self,
        connection: Connection,
        visible: list[str],
        rows: Mapping[str, VariableRow],
        delete_names: Collection[str],
        check: Callable[[Connection], None],
    ) -> None:
        """Set, then delete, each name where it is nearest.

        :param visible: the scopes in sight, nearest first; a new name goes into the last.
        :param check: called when no other writer can change the named variables any more.
        """
        table = self._variable
        self.lock(connection, visible[-1])
        names = [name for name in {*rows, *delete_names} if storable(name)]
        query = select(table.c.scope_id, table.c.name, table.c.modified)
        query = query.where(table.c.scope_id.in_(visible), table.c.name.in_(names)).with_for_update()
        found = sorted(connection.execute(query), key=lambda row: visible.index(row.scope_id), reverse=True)
        nearest = {row.name: row for row in found}
        check(connection)
        for name in rows.keys() - set(delete_names):
            if (old := nearest.get(name)) is None:
                connection.execute(insert(table).values(scope_id=visible[-1], name=name, **rows[name]))
            else:
                here = (table.c.scope_id == old.scope_id, table.c.name == name)
                connection.execute(update(table).where(*here).values(**_later(rows[name], old.modified)))
        for old in (nearest[name] for name in delete_names if name in nearest):
            connection.execute(delete(table).where(table.c.scope_id == old.scope_id, table.c.name == old.name))


def _later(row: VariableRow, old: int | None) -> VariableRow:
    """Give what replaces another content a later date, so that no two ever share a Last-Modified."""
    if old is None or not isinstance(modified := row["modified"], int):
        return row
    return {**row, "modified": max(modified, old + 1)}
