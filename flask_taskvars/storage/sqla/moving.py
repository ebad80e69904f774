"""Move contents from one store to another while the app serves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, or_, select, update

from ...contents.base import new_id
from ...errors import ContentVanished
from ..sql.database import Database, transact
from ..sql.limits import INLINE
from .contents import Contents
from .findings import Finding, rows_with_content, still_has
from .writing import Writer


class _Overtaken(Exception):
    """The variable was changed or deleted during the copying, or a sweep deleted the copy because it took too long."""


class Mover:
    """Copies contents, verifies the copies, and makes the variables' rows refer to them.

    A variable's row names the store of its bytes. So if a move is killed, the next one continues where it stopped. The
    old copies get a row in the journal: running downloads may still read them, and a later sweep deletes them.

    :param name: the target's name in the variables' rows; None for the database.
    """

    def __init__(
        self, variable: Table, contents: Contents, writer: Writer, database: Database, name: str | None
    ) -> None:
        self._variable, self._contents, self._writer, self._database = variable, contents, writer, database
        self._name, self._target = name, contents.stores.open(database, name)

    def _elsewhere(self, older_than: float) -> tuple[Any, ...]:
        table = self._variable
        other: ColumnElement[bool] = table.c.store.is_not(None)
        if self._name is not None:
            other = or_(table.c.store.is_(None), table.c.store != self._name)
        # The writer dates a content into the future if it replaces one of the same second. So for 0, compare no dates.
        old_enough = [table.c.modified <= time.time() - older_than] if older_than else []
        return (other, table.c.size > INLINE, *old_enough)

    def size(self, older_than: float) -> int:
        """Count the bytes to move."""
        total = select(func.sum(self._variable.c.size)).where(*self._elsewhere(older_than))
        return int(self._database.named(total, {})[0][0] or 0)

    def move(self, older_than: float, watch: Callable[[int], object]) -> Iterator[Finding]:
        """Move all contents that are older than `older_than` seconds, and yield those that can't be moved.

        :param watch: called with the size of each content after it was moved or found wrong.
        """
        for row in self._rows(older_than):
            finding = self._move(row)
            watch(row.size)
            if finding and still_has(self._database, self._variable, row):
                yield finding

    def _rows(self, older_than: float) -> Iterator[Row[Any]]:
        return rows_with_content(self._database, self._variable, *self._elsewhere(older_than))

    def _move(self, row: Row[Any]) -> Finding | None:
        content_id = new_id()
        entry = self._contents.journal.begin(self._database, content_id, self._name)
        try:
            if self._copy(row, content_id):
                transact(self._database, lambda connection: self._switch(connection, row, content_id, entry))
                return None
            finding = Finding.about("altered", row)
        except ContentVanished:
            finding = Finding.about("missing", row)
        except _Overtaken:
            finding = None
        self._contents.journal.withdraw(self._database, entry, content_id, self._target)
        return finding

    def _copy(self, row: Row[Any], content_id: str) -> bool:
        """Copy the bytes, read the copy, and return whether it has the recorded SHA-256."""
        self._target.write(content_id, self._contents.of(self._database, row).open_at(0))
        digest = hashlib.sha256()
        for block in self._target.open_at(content_id, 0):
            digest.update(block)
        return bool(digest.hexdigest() == row.sha256)

    def _switch(self, connection: Connection, row: Row[Any], content_id: str, entry: int) -> None:
        table, here = self._variable, (self._variable.c.scope_id == row.scope_id, self._variable.c.name == row.name)
        if not self._writer.lock_scope(connection, row.scope_id):
            raise _Overtaken
        change = update(table).where(*here, table.c.content_id == row.content_id)
        if not connection.execute(change.values(content_id=content_id, store=self._name)).rowcount:
            raise _Overtaken
        try:
            self._contents.journal.settle(connection, entry, content_id)
        except ContentVanished as error:
            raise _Overtaken from error
        self._contents.journal.retire(connection, [row])
