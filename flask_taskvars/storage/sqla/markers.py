"""Markers: each content store holds the name of the database that it belongs to.

If a check compared a store with another database, it would take all contents in the store for leftovers.

The database remembers which stores it has marked. A store that lacks its marker is then no new store: most likely its
disk is not mounted.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from functools import cache
from hashlib import sha256
from weakref import WeakKeyDictionary

from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from ...contents.base import MARKER, ContentStore
from ...errors import ConfigError, ContentVanished, StorageUnavailable
from ..sql.database import Database, transact
from .journal import NAME_ID, StoreOf


class Markers:
    """The marker of each store, written before its first content."""

    def __init__(self, journal: Table) -> None:
        self._journal = journal
        self._seen: WeakKeyDictionary[Database, set[str]] = WeakKeyDictionary()

    def ensure(self, database: Database, name: str, store: ContentStore) -> None:
        """Mark a store before its first content. Each process does this once for a store, because it costs a read.

        :raises StorageUnavailable: the store belongs to another database, has lost its marker, or can't be reached.
        """
        seen = self._seen.setdefault(database, set())
        if name in seen or database.joined:  # a rollback of the host's would remove the database's name again
            return
        self._require(database, name, store)
        seen.add(name)

    def guarded(self, database: Database, store_of: StoreOf) -> StoreOf:
        """Return `store_of`, but make sure of each store's marker, once for each store.

        A sweep needs this: a store without its contents accepts every deletion.
        """

        @cache
        def open_it(name: str | None) -> ContentStore:
            store = store_of(name)
            if name is not None:
                self._require(database, name, store)
            return store

        return open_it

    def _require(self, database: Database, name: str, store: ContentStore) -> None:
        try:
            if not self.check(database, name, store):
                self.write(database, name, store)
            elif not self._is_known(database, name):
                self._remember(database, name)
        except ConfigError as error:
            raise StorageUnavailable from error

    def check(self, database: Database, name: str, store: ContentStore) -> bool:
        """Tell whether a store has this database's marker; if it does not, it is new.

        :raises ConfigError: the store has the marker of another database, or has lost its own.
        """
        known = self._is_known(database, name)  # first, because another process may mark the store now
        found = self.find(database, name, store)
        if known and not found:
            raise ConfigError(
                f"The content store {name!r} has lost its marker, the content {MARKER}. Is its disk mounted? If its "
                "other contents are there, `flask taskvars check --repair` writes the marker again. If you want to "
                "begin with an empty store, give it a new name."
            )
        return found

    def find(self, database: Database, name: str, store: ContentStore) -> bool:
        """Tell whether a store has this database's marker.

        :raises ConfigError: the store has the marker of another database.
        """
        try:
            found = b"".join(store.open_at(MARKER, 0)).decode("ascii", "replace")
        except ContentVanished:
            return False
        if found != self._name_of(database):
            raise ConfigError(
                f"The content store {name!r} belongs to another database, as its marker says: give each database a "
                f"directory or prefix of its own. If you are sure that this one owns it, delete the content {MARKER}, "
                "and run `flask taskvars check --repair`."
            )
        return True

    def write(self, database: Database, name: str, store: ContentStore) -> None:
        """Mark a store. Another process may do so at the same moment."""
        marker = self._name_of(database).encode()
        try:
            store.write(MARKER, [marker])
        except StorageUnavailable:
            found = _awaited(store)
            if found is None:
                store.delete(MARKER)  # a process died while it wrote the marker
                store.write(MARKER, [marker])
            elif found != marker:
                raise
        self._remember(database, name)

    def _is_known(self, database: Database, name: str) -> bool:
        """Whether the database remembers that it has marked a store."""
        table = self._journal
        return bool(database.named(select(table.c.id).where(table.c.id == _key(name)), {}))

    def _remember(self, database: Database, name: str) -> None:
        self._add(database, _key(name), name, "store")

    def _add(self, database: Database, key: int, store: str, state: str) -> None:
        """Add a row that is not about a content, unless it is there."""
        row = {"id": key, "content_id": MARKER, "store": store, "state": state, "created": int(time.time())}
        with suppress(IntegrityError):  # another process was faster
            transact(database, lambda connection: connection.execute(insert(self._journal).values(row)))

    def _name_of(self, database: Database) -> str:
        """Read the database's name, or give it one.

        :raises ConfigError: row-level security hides it.
        """
        table = self._journal
        find = select(table.c.store).where(table.c.id == NAME_ID)
        found = database.named(find, {})
        if not found:
            self._add(database, NAME_ID, secrets.token_hex(16), "name")
            found = database.named(find, {})
        if not found:
            raise ConfigError(
                f"The name of this database can't be read: let every tenant see the rows of {table.name} whose "
                "id is negative."
            )
        return str(found[0].store)


def _awaited(store: ContentStore) -> bytes | None:
    """Wait for the marker that another process is writing; return None if it doesn't appear within two seconds."""
    for _ in range(40):
        try:
            return b"".join(store.open_at(MARKER, 0))
        except ContentVanished:
            time.sleep(0.05)
    return None


def _key(name: str) -> int:
    """The id of the row that remembers a store: below NAME_ID, and the same in all processes."""
    return NAME_ID - 1 - int.from_bytes(sha256(name.encode()).digest()[:7])
