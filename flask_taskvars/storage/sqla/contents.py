"""Staged contents, which no variable refers to yet, and stored contents."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, Table, bindparam, select

from ...contents.base import ContentStore, new_id
from ...errors import ContentVanished, StorageUnavailable
from ...values import BLOCK, Content, Source, blocks, regular
from ..sql.database import Database
from ..sql.limits import INLINE
from .journal import Journal, StoreOf
from .markers import Markers
from .models import VariableFound
from .stores import Stores

Beside: TypeAlias = "Callable[[], Database]"
"""Returns a database in which a journal row is committed at once, while the host's session is still open."""


class Piece(NamedTuple):
    """A part of a resumable upload, in a content store.

    :param row: the id of its row in the journal; None if the host's session wrote that row.
    :param size: the bytes that count, from its start; one fewer than it has, while the upload's last byte must not
        count.
    """

    row: int | None
    content_id: str
    store: str | None
    size: int


class Contents:
    """Writes and finds the bytes of variables: short ones in the rows, long ones in a content store."""

    def __init__(self, variable: Table, journal: Journal, stores: Stores, markers: Markers) -> None:
        self.journal, self.stores, self._markers = journal, stores, markers
        here = variable.c.content_id == bindparam("content_id", type_=variable.c.content_id.type)
        self.inline: Select[Any] = select(variable.c.data).where(here)

    def stage(self, database: Database, beside: Beside, source: Source) -> StagedContent:
        """Read a source to its end: into memory if it is short, otherwise into the store for new contents."""
        pieces = Measured(blocks(source))
        first = next(pieces, b"")
        if len(first) <= INLINE:  # every block but the last is longer
            return StagedContent(self, database, new_id(), pieces, data=first)
        return self._put(database, beside, self.stores.new(), pieces, first)

    def keep_piece(self, database: Database, beside: Beside, source: Iterator[bytes]) -> StagedContent:
        """Store a piece of an upload. A short piece goes to the database: an upload may have many of them."""
        pieces = Measured(regular(source))
        first = next(pieces, b"")
        return self._put(database, beside, self.stores.new() if len(first) == BLOCK else None, pieces, first)

    def _put(
        self, database: Database, beside: Beside, name: str | None, pieces: Measured, first: bytes
    ) -> StagedContent:
        """Write blocks into a store, after a row in the journal is committed."""
        content_id = new_id()
        store = self.stores.open(database, name)
        if name is not None:
            self._markers.ensure(beside() if database.joined else database, name, store)
        row = self._note(database, beside, content_id, name)
        try:
            store.write(content_id, chain([first], pieces))
        except StorageUnavailable:
            raise  # the store may still be writing: leave the bytes to a sweep
        except BaseException:
            self.withdraw(database, row, content_id, store)
            raise
        return StagedContent(self, database, content_id, pieces, store=store, name=name, row=row)

    def _note(self, database: Database, beside: Beside, content_id: str, name: str | None) -> int | None:
        """Write the journal's row. Return its id if the transaction that sets the variable must delete it."""
        if not database.joined or name is None:
            return self.journal.begin(database, content_id, name)
        self.journal.begin(beside(), content_id, name, "joined")
        return None

    def withdraw(self, database: Database, row: int | None, content_id: str, store: ContentStore) -> None:
        """Delete a content that no variable got. In the host's session, its rollback or a sweep deletes it."""
        if row is not None and not database.joined:
            with suppress(StorageUnavailable):
                self.journal.withdraw(database, row, content_id, store)

    def keep(
        self, database: Database, beside: Beside, source: Source, others: Collection[StagedContent]
    ) -> StagedContent:
        """Stage a source, unless it is a staged content of this storage, not used, and not one of the `others`."""
        if isinstance(source, StagedContent) and source.is_free(self, database) and source not in others:
            return source
        return self.stage(database, beside, source)

    def deletable(self, database: Database) -> StoreOf:
        """Return a function that opens stores for deletions, and makes sure of each store's marker before."""
        return self._markers.guarded(database, lambda name: self.stores.open(database, name))

    def of(self, database: Database, row: VariableFound) -> StoredContent:
        """Return the content of a variable's row that has one."""
        return StoredContent(self, database, row)


class Measured(Iterator[bytes]):
    """Passes blocks on; at their end their size and SHA-256 are known.

    A thread computes the digest of each block, while the next block is read and this one is written.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self.size, self.digest = pieces, 0, hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._hashing: Future[None] | None = None

    def __next__(self) -> bytes:
        block = next(self._pieces, b"")
        if self._hashing:
            self._hashing.result()
        if not block:
            raise StopIteration
        self.size += len(block)
        if len(block) < BLOCK:
            self.digest.update(block)  # the last one
        else:
            self._thread = self._thread or ThreadPoolExecutor(1, "taskvars-digest")
            self._hashing = self._thread.submit(self.digest.update, block)
        return block


class _SQLAlchemyContent(Content):
    """The common part of staged and stored contents."""

    _written: int

    @property
    def sha256(self) -> bytes:  # type: ignore[override]  # computed only if a header needs it
        return bytes.fromhex(self.etag)

    @property
    def modified(self) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(self._written, UTC)


class StagedContent(_SQLAlchemyContent):
    """Bytes that no variable refers to yet: in memory, or in a store with a row in the journal."""

    def __init__(
        self,
        contents: Contents,
        database: Database,
        content_id: str,
        measured: Measured,
        *,
        data: bytes | None = None,
        store: ContentStore | None = None,
        name: str | None = None,
        row: int | None = None,
    ) -> None:
        self._contents, self._database, self._id = contents, database, content_id
        self._data, self._store, self._name, self._row = data, store, name, row
        self.size, self.etag, self._written = measured.size, measured.digest.hexdigest(), int(time.time())
        self._used = False
        self.also: Callable[[Connection], None] | None = None
        """Called in the transaction that sets the variable, to finish a resumable upload."""

    def is_free(self, contents: Contents, database: Database) -> bool:
        """Whether a variable of this storage can still take these bytes without copying them."""
        visible = database.joined or not self._database.joined
        return visible and not self._used and self._contents is contents

    def columns(self) -> dict[str, object]:
        """Return the columns for the variable's row."""
        return {
            "content_id": self._id,
            "size": self.size,
            "sha256": self.etag,
            "modified": self._written,
            "data": self._data,
            "store": self._name,
        }

    def settle(self, connection: Connection) -> None:
        """Delete the journal's row, in the transaction that sets the variable.

        :raises ContentVanished: the upload took so long that a sweep deleted its bytes.
        """
        if self._row is not None:
            self._contents.journal.settle(connection, self._row, self._id)
        if self.also:
            self.also(connection)

    def use(self) -> None:
        """Remember that the transaction is committed, so that the bytes stay."""
        self._used = True

    @property
    def is_used(self) -> bool:
        """Whether a variable has these bytes."""
        return self._used

    def piece(self) -> Piece:
        """Describe the content as a piece of an upload."""
        return Piece(self._row, self._id, self._name, self.size)

    def discard(self) -> None:
        """Delete the bytes, unless a variable has them."""
        if self._store is not None and not self._used:
            self._contents.withdraw(self._database, self._row, self._id, self._store)

    def open_at(self, offset: int) -> Iterator[bytes]:
        if offset >= self.size:
            return iter(())  # a store may answer an offset beyond the end as if the content were missing
        if self._data is not None:
            return iter([self._data[offset:]])
        assert self._store is not None
        return self._store.open_at(self._id, offset)


class StoredContent(_SQLAlchemyContent):
    """The bytes of a variable."""

    def __init__(self, contents: Contents, database: Database, row: VariableFound) -> None:
        self._contents, self._database = contents, database
        assert row.content_id is not None
        self._id: str = row.content_id
        self._data = row.data
        self._open = contents.stores.opener(database, row.store)
        self.size, self.etag, self._written = row.size, row.sha256, row.modified

    def open_at(self, offset: int) -> Iterator[bytes]:
        left = self.size - offset
        if left <= 0:
            return
        if self.size <= INLINE:
            yield self._inline()[offset:]
            return
        for block in self._open().open_at(self._id, offset):
            yield block
            left -= len(block)
            if left <= 0:
                return
        raise ContentVanished  # the stored bytes are too short: a part must not look like the whole

    def location(self, content_type: str, disposition: str | None) -> str | None:
        return None if self.size <= INLINE else self._open().location(self._id, content_type, disposition)

    def _inline(self) -> bytes:
        if self._data is None:
            found = self._database.rows(self._contents.inline, {"content_id": self._id})
            self._data = found[0][0] if found else None
        if self._data is None:
            raise ContentVanished
        return self._data
