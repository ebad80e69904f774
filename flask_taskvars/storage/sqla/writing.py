"""The statements that change variables, inside a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from ...errors import StorageUnavailable, TaskNotFound
from ..base import storable
from .models import listed

VariableRow: TypeAlias = Mapping[str, object]
"""The columns of a variable but for its scope and name."""
Check: TypeAlias = "Callable[[Mapping[str, Row[*tuple[Any, ...]]]], None]"
"""Looks at the rows that are there, by name."""

MANY = 500
"""Ids or names in one statement; databases have limits."""


class Writer:
    """Changes variables where they live.

    Writers take turns by a write that changes nothing, because SQLite has no other lock. Rows of scopes are locked
    from the outermost inwards, so that no two ever wait for each other; and only rows that exist, because MySQL
    locks the gap where one is missing, and with it the variables of other tasks.
    """

    def __init__(self, scope: Table | None, variable: Table) -> None:
        self._scope, self._variable = scope, variable

    def lock(self, connection: Connection, scopes: Iterable[str]) -> bool:
        """Keep other writers away from scopes that are given the outer ones first; False when one is gone."""
        assert self._scope is not None
        touch = update(self._scope).values(parent_id=self._scope.c.parent_id)
        return all(connection.execute(touch.where(self._scope.c.id == scope)).rowcount for scope in scopes)

    def apply(
        self,
        connection: Connection,
        chain: Sequence[str],
        rows: Mapping[str, VariableRow],
        delete_names: Collection[str],
        *,
        local: bool,
        check: Check | None,
    ) -> None:
        """Set, then delete, each name where it is nearest.

        :param chain: the scopes in sight, nearest first; a new name goes into the last, or with `local` the first.
        :param check: called when no other writer can change the named variables any more.
        :raises TaskNotFound: a scope is gone.
        """
        table = self._variable
        near = chain[:1] if local else chain
        if self._scope is not None and not self.lock(connection, dict.fromkeys((chain[-1], near[-1]))):
            raise TaskNotFound(chain[0])
        nearest = self._nearest(connection, near, [name for name in {*rows, *delete_names} if storable(name)])
        if check:
            check(nearest)
        put = {name: row for name, row in rows.items() if name not in delete_names}
        new = [{"scope_id": near[-1], "name": name, **row} for name, row in put.items() if name not in nearest]
        if new:
            connection.execute(insert(table), new)
        for name in put.keys() & nearest.keys():
            old = nearest[name]
            change = update(table).where(table.c.scope_id == old.scope_id, table.c.name == name)
            if not connection.execute(change.values(**_later(put[name], old.modified))).rowcount:
                raise StorageUnavailable  # the host's transaction still sees what another one deleted
        for old in (nearest[name] for name in delete_names if name in nearest):
            connection.execute(delete(table).where(table.c.scope_id == old.scope_id, table.c.name == old.name))

    def _nearest(
        self, connection: Connection, near: Sequence[str], names: Sequence[str]
    ) -> dict[str, Row[*tuple[Any, ...]]]:
        table = self._variable
        found: list[Row[*tuple[Any, ...]]] = []
        for start in range(0, len(names), MANY):
            here = (table.c.scope_id.in_(near), table.c.name.in_(names[start : start + MANY]))
            if self._scope is None:
                connection.execute(update(table).where(*here).values(modified=table.c.modified))
            found += connection.execute(select(*listed(table)).where(*here)).all()
        return {row.name: row for row in sorted(found, key=lambda row: near.index(row.scope_id), reverse=True)}


def _later(row: VariableRow, old: int | None) -> VariableRow:
    """Give what replaces another content a later date, so that no two ever share a Last-Modified."""
    if old is None or not isinstance(modified := row["modified"], int):
        return row
    return {**row, "modified": max(modified, old + 1)}
