"""The statements that change variables, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from ...errors import TaskNotFound
from ..base import storable
from ..sql.failures import Conflict
from .journal import Journal
from .models import listed
from .resolution import distance

VariableRow: TypeAlias = Mapping[str, object]
"""The columns of a variable, without its scope and name."""
Found: TypeAlias = "Mapping[str, Row[*tuple[Any, ...]]]"
"""The existing rows, by name."""

MANY = 500
"""Ids or names in one statement, because databases limit them."""


class Writer:
    """Changes variables where they live.

    An UPDATE takes the lock, because SQLite has no SELECT … FOR UPDATE. It really changes the row, because nodes of a
    Galera cluster don't see each other's locks: at a commit they compare only changed rows. Scopes are locked from the
    outermost inwards, so that two writers never deadlock. Only existing rows are locked: for a missing row, MySQL would
    lock the gap, and with it the variables of other tasks.
    """

    def __init__(self, scope: Table | None, variable: Table, journal: Journal) -> None:
        self._scope, self._variable, self._journal = scope, variable, journal

    def lock(self, connection: Connection, scopes: Iterable[str]) -> bool:
        """Lock scopes against other writers, outer ones first. Return False if a scope doesn't exist any more."""
        assert self._scope is not None
        touch = update(self._scope).values(revision=self._scope.c.revision + 1)
        return all(connection.execute(touch.where(self._scope.c.id == scope)).rowcount for scope in scopes)

    def lock_scope(self, connection: Connection, scope: str) -> bool:
        """Lock one scope against other writers. If the host keeps the scopes, they wait for the variable's row."""
        return self._scope is None or self.lock(connection, [scope])

    def find(self, connection: Connection, chain: Sequence[str], near: Sequence[str], names: Iterable[str]) -> Found:
        """Find the nearest variable for each name, and lock them all against other writers.

        :param chain: the task's scope and all scopes around it.
        :param near: the scopes to look in, nearest first.
        :raises TaskNotFound: a scope doesn't exist any more.
        :raises Conflict: another transaction has added or deleted one of the variables meanwhile.
        """
        if self._scope is not None and not self.lock(connection, dict.fromkeys((chain[-1], near[-1]))):
            raise TaskNotFound(chain[0])
        return self._nearest(connection, near, [name for name in names if storable(name)])

    def usage(self, connection: Connection, chain: Sequence[str]) -> int:
        """Count the bytes of all variables in some scopes: their contents, and JSON, which is ASCII."""
        columns = self._variable.c
        size = func.coalesce(columns.size, func.length(columns.value), 0)
        total = connection.scalar(select(func.sum(size)).where(columns.scope_id.in_(chain)))
        return int(total or 0)

    def apply(
        self,
        connection: Connection,
        outermost: str,
        nearest: Found,
        rows: Mapping[str, VariableRow],
        delete_names: Collection[str],
    ) -> None:
        """Set, then delete, each name where :meth:`find` found it.

        :param outermost: the scope for new variables.
        """
        table = self._variable
        delete_names = dict.fromkeys(delete_names)  # found in constant time, each once
        self._journal.retire(connection, nearest.values())
        put = {name: row for name, row in rows.items() if name not in delete_names}
        new = [{"scope_id": outermost, "name": name, **row} for name, row in put.items() if name not in nearest]
        if new:
            connection.execute(insert(table), new)
        for name in put.keys() & nearest.keys():
            old = nearest[name]
            change = update(table).where(table.c.scope_id == old.scope_id, table.c.name == name)
            connection.execute(change.values(**_later(put[name], old.modified)))
        for old in (nearest[name] for name in delete_names if name in nearest):
            connection.execute(delete(table).where(table.c.scope_id == old.scope_id, table.c.name == old.name))

    def _nearest(
        self, connection: Connection, near: Sequence[str], names: Sequence[str]
    ) -> dict[str, Row[*tuple[Any, ...]]]:
        table = self._variable
        found: list[Row[*tuple[Any, ...]]] = []
        for start in range(0, len(names), MANY):
            here = (table.c.scope_id.in_(near), table.c.name.in_(names[start : start + MANY]))
            # Lock the rows too: `remove_scope` and `move` lock only an inner scope. And in a transaction of the host's
            # that began long ago, the SELECT shows the rows of that time, but for those that we have changed.
            locked = connection.execute(update(table).where(*here).values(revision=table.c.revision + 1)).rowcount
            rows = connection.execute(select(*listed(table)).where(*here)).all()
            if locked != len(rows):
                raise Conflict  # a row has come or gone in another transaction meanwhile
            found += rows
        return {row.name: row for row in sorted(found, key=distance(near), reverse=True)}


def _later(row: VariableRow, old: int | None) -> VariableRow:
    """Date a content later than the one that it replaces, so that the two never share a Last-Modified."""
    if old is None or not isinstance(modified := row["modified"], int):
        return row
    return {**row, "modified": max(modified, old + 1)}
