"""The journal lists contents without a variable. A sweep reads it, and lists no store and scans no other table.

Before the first byte of an upload is written, a row is committed here. The transaction that sets the variable deletes
the row, or finds that a sweep has marked it. When a variable is replaced or deleted, the same transaction adds a row
for its content. So a committed variable always has its bytes, and whatever a crash leaves has a row here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, literal, select, update

from ...contents.base import ContentStore
from ...errors import ContentVanished, StorageUnavailable
from ...errors.logged import log_failure
from ..sql.database import Database, transact
from ..sql.limits import INLINE

State: TypeAlias = Literal["new", "joined", "old", "marked"]
"""`new`: an upload runs, or its variable is not committed yet. `joined`: the same in the host's session, which may
see an old state of this table; a sweep deletes the row. `old`: the variable was replaced or deleted. `marked`: a sweep
is deleting the bytes."""

StoreOf: TypeAlias = "Callable[[str | None], ContentStore]"
"""Returns the store for the name in a row. :raises StorageUnavailable: there is no store with this name."""

NAME_ID = -1
"""The id of the row with the database's name. It is negative, because this row is not about a content. Neither are
those below it: see :mod:`.markers`."""
_BATCH = 100
"""Rows in one transaction of a sweep. On SQLite other writers wait for it."""


class Entry(NamedTuple):
    """The columns of a row that a sweep reads."""

    id: int
    content_id: str
    store: str | None
    state: State


class Journal:
    """The statements on the journal's table."""

    def __init__(self, journal: Table, variable: Table) -> None:
        self._journal, self._variable = journal, variable
        content_id = bindparam("content", type_=variable.c.content_id.type)
        # SQLite gives the id of a row that was swept to the next one: the content tells them apart.
        here = (journal.c.id == bindparam("row"), journal.c.content_id == content_id)
        self._delete = delete(journal).where(*here)
        self._mark = update(journal).where(*here, journal.c.state == bindparam("before")).values(state="marked")
        self._used = select(literal(1)).where(variable.c.content_id == content_id).limit(1)
        self._replaced = select(literal(1)).where(journal.c.content_id == content_id, journal.c.state == "old").limit(1)

    def begin(self, database: Database, content_id: str, store: str | None, state: State = "new") -> int:
        """Add a row for a content before its bytes are written.

        :return: the row's id.
        """
        row = {"content_id": content_id, "store": store, "state": state, "created": int(time.time())}
        add = insert(self._journal).values(row)
        key = transact(database, lambda connection: connection.execute(add).inserted_primary_key)
        assert key is not None
        return int(key[0])

    def settle(self, connection: Connection, row: int, content_id: str) -> None:
        """Delete a content's row, in the transaction that sets its variable.

        :raises ContentVanished: a sweep came first, because the upload took longer than the grace period.
        """
        still_new = self._delete.where(self._journal.c.state == "new")
        if connection.execute(still_new, {"row": row, "content": content_id}).rowcount != 1:
            raise ContentVanished

    def retire(self, connection: Connection, found: Iterable[Row[Any]]) -> None:
        """Add rows for the contents of variables that the same transaction replaces or deletes."""
        rows = [
            {"content_id": row.content_id, "store": row.store, "state": "old", "created": int(time.time())}
            for row in found
            if row.content_id is not None and row.size > INLINE
        ]
        if rows:
            connection.execute(insert(self._journal), rows)

    def retire_scopes(self, connection: Connection, scopes: list[str]) -> None:
        """Add rows for the contents of all variables in some scopes, and lock these variables.

        A writer of another task may be about to change one of them: it holds the lock of an outer scope only.
        """
        variable = self._variable
        there = variable.c.scope_id.in_(scopes)
        connection.execute(update(variable).where(there).values(revision=variable.c.revision + 1))
        old = select(variable.c.content_id, variable.c.store, literal("old"), literal(int(time.time())))
        into = ["content_id", "store", "state", "created"]
        connection.execute(insert(self._journal).from_select(into, old.where(there, variable.c.size > INLINE)))

    def withdraw(self, database: Database, row: int, content_id: str, store: ContentStore) -> None:
        """Delete the bytes of a failed upload, unless its transaction was committed after all."""
        if self._sweep([Entry(row, content_id, None, "new")], database, lambda name: store, {}):
            return
        with database.read() as connection:
            swept = self._has_no_variable(connection, content_id, "joined")
        if swept:  # the sweep may have come before the last bytes were written
            store.delete(content_id)

    def drop(self, database: Database, entries: list[Entry], store_of: StoreOf) -> None:
        """Delete the bytes of contents that are no longer needed. If a store fails, a sweep deletes them later."""
        self._sweep(entries, database, store_of, {})

    def sweep(self, database: Database, older_than: float, store_of: StoreOf) -> int:
        """Delete the bytes of all contents whose rows are at least `older_than` seconds old, and count them.

        If a sweep is killed, the next one continues. Several may run at once.

        :raises StorageUnavailable: a store can't be reached. The contents in all other stores were swept before.
        """
        failed: dict[str | None, StorageUnavailable] = {}
        batches = self._batches(database, time.time() - older_than)
        count = sum(self._sweep(entries, database, store_of, failed) for entries in batches)
        if failed:
            raise next(iter(failed.values()))
        return count

    def _batches(self, database: Database, limit: float) -> Iterator[list[Entry]]:
        table, last = self._journal, NAME_ID
        columns = (table.c[field] for field in Entry._fields)
        batch = select(*columns).where(table.c.created <= limit).order_by(table.c.id).limit(_BATCH)
        while True:
            entries = [Entry._make(row) for row in database.named(batch.where(table.c.id > last), {})]
            yield entries
            if len(entries) < _BATCH:
                return
            last = entries[-1].id

    def _sweep(
        self,
        entries: list[Entry],
        database: Database,
        store_of: StoreOf,
        failed: dict[str | None, StorageUnavailable],
    ) -> int:
        """Mark the rows, delete the bytes, delete the rows. After a crash each step can be repeated.

        :param failed: the stores that failed before; their contents are skipped. A store that fails now is added.
        """

        def mark(connection: Connection) -> list[Entry]:
            return [one for one in entries if one.store not in failed and self._can_mark(connection, one)]

        def forget(connection: Connection) -> int:
            # Of two sweeps at once, the one that deletes the row counts the content.
            return sum(connection.execute(self._delete, row).rowcount for row in done)

        marked = transact(database, mark)
        done = []
        for one in marked:
            try:
                if one.store not in failed:
                    store_of(one.store).delete(one.content_id)
                    done.append({"row": one.id, "content": one.content_id})
            except StorageUnavailable as error:
                failed[one.store] = error
                log_failure("sweep", error, store=one.store)
        return transact(database, forget)

    def _can_mark(self, connection: Connection, entry: Entry) -> bool:
        """Mark a row, so that no upload can take its content any more."""
        row = {"row": entry.id, "content": entry.content_id}
        if connection.execute(self._mark, row | {"before": entry.state}).rowcount != 1:
            return False  # an upload has just set a variable to this content, or another sweep deletes it
        if self._has_no_variable(connection, entry.content_id, entry.state):
            return True
        connection.execute(self._delete, row)
        return False

    def _has_no_variable(self, connection: Connection, content_id: str, state: State) -> bool:
        """Make sure that no variable has a content before its bytes are deleted.

        A row of the state `joined` stays in the journal when the host's session commits, so its content may well have a
        variable. Or this variable was replaced since; then a second row, `old`, must wait for its own grace period.
        Rows of the other states never have a variable. We look all the same, so that no bug elsewhere can destroy
        stored bytes.
        """
        looks = [self._used, self._replaced] if state == "joined" else [self._used]
        return all(connection.execute(look, {"content": content_id}).first() is None for look in looks)
