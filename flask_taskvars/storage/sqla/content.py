"""Contents in the database: written once, block by block, and read in windows that hold no connection."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, select, update

from ...errors import ContentVanished
from ...values import BLOCK, Content, Source, blocks
from .database import Database
from .models import INLINE, VariableFound

WINDOW = 4
"""Blocks in one query: what a download holds in memory at a time."""
_BATCH = 16
"""Blocks in one transaction of an upload."""
_SLICE = 128
"""Blocks deleted in one transaction, for which other writers wait on SQLite."""


class Contents:
    """The chunk rows, and the inline data in the variable rows."""

    def __init__(self, variable: Table, chunk: Table) -> None:
        self._chunk = chunk
        content_id, number = bindparam("content_id", type_=chunk.c.content_id.type), chunk.c.number
        here = chunk.c.content_id == content_id
        used = select(variable.c.content_id).where(variable.c.content_id == chunk.c.content_id).exists()
        self.window: Select[Any] = (
            select(chunk.c.data).where(here, number.between(bindparam("first"), bindparam("last"))).order_by(number)
        )
        self.inline: Select[Any] = select(variable.c.data).where(variable.c.content_id == content_id)
        self._used = select(variable.c.content_id).where(variable.c.content_id == content_id).limit(1)
        self._unused = select(chunk.c.content_id).where(chunk.c.content_id < bindparam("limit"), ~used).distinct()
        self._first = select(func.min(number)).where(here)
        self._delete = delete(chunk).where(here, number < bindparam("limit"))

    def write(self, database: Database, source: Source) -> SQLAlchemyContent:
        """Write a source: a small one into memory, a larger one into chunk rows that nothing refers to yet."""
        content_id, digest, size = new_id(), hashlib.sha256(), 0
        pending: list[dict[str, object]] = []
        try:
            for number, block in enumerate(blocks(source)):
                digest.update(block)
                size += len(block)
                pending.append({"content_id": content_id, "number": number, "data": block})
                if len(pending) == _BATCH:
                    self._flush(database, pending)
            inline = b"".join(row["data"] for row in pending) if size <= INLINE else None  # type: ignore[misc]
            if inline is None:
                self._flush(database, pending)
        except BaseException:
            if size > len(pending) * BLOCK:
                self.discard(database, content_id)
            raise
        return SQLAlchemyContent(self, database, content_id, size, digest.hexdigest(), int(time.time()), inline)

    def keep(self, database: Database, source: Source) -> SQLAlchemyContent:
        """Write a source, but for one that is staged here already."""
        if isinstance(source, SQLAlchemyContent) and source.staged and source.contents is self:
            return source
        return self.write(database, source)

    def of(self, database: Database, row: VariableFound) -> SQLAlchemyContent:
        """The content of a variable's row that has one."""
        assert row.content_id is not None
        content = SQLAlchemyContent(self, database, row.content_id, row.size, row.sha256, row.modified, row.data)
        content.staged = False
        return content

    def _flush(self, database: Database, rows: list[dict[str, object]]) -> None:
        if rows:
            with database.write() as connection:
                connection.execute(insert(self._chunk), rows)
        rows.clear()

    def hold(self, connection: Connection, content_id: str) -> bool:
        """Keep chunk rows from being swept before the transaction ends; False when they were."""
        first = (self._chunk.c.content_id == content_id, self._chunk.c.number == 0)
        return connection.execute(update(self._chunk).where(*first).values(number=0)).rowcount == 1

    def discard(self, database: Database, content_id: str) -> None:
        """Delete the chunks of a content that came to nothing; in a session of the host's, its rollback does."""
        if not database.joined:
            self._delete_from(database, content_id, 0)

    def _delete_from(self, database: Database, content_id: str, first: int | None) -> None:
        while first is not None:
            with database.write() as connection:
                connection.execute(self._delete, {"content_id": content_id, "limit": first + _SLICE})
                first = connection.scalar(self._first, {"content_id": content_id})

    def sweep(self, database: Database, older_than: float) -> int:
        """Delete the chunks of contents that no variable has, and count the contents."""
        limit = f"{max(0, time.time_ns() - int(older_than * 1e9)):016x}"
        with database.read() as connection:
            unused = list(connection.scalars(self._unused, {"limit": limit}))
        return sum(self._sweep(database, content_id) for content_id in unused)

    def _sweep(self, database: Database, content_id: str) -> bool:
        content = {"content_id": content_id}
        with database.write() as connection:
            self.hold(connection, content_id)
            # Only now no upload can put it to use any more; and none will without its first chunk.
            if connection.scalar(self._used, content) is not None:
                return False
            connection.execute(self._delete, content | {"limit": 1})
            rest = connection.scalar(self._first, content)
        self._delete_from(database, content_id, rest)
        return True


class SQLAlchemyContent(Content):
    """A content in the database: of a variable, or staged: written, and of none yet."""

    staged = True

    def __init__(
        self,
        contents: Contents,
        database: Database,
        content_id: str,
        size: int,
        sha256: str,
        modified: int,
        data: bytes | None,
    ) -> None:
        self.contents, self._database = contents, database
        self._id, self._data = content_id, data
        self.size, self.etag = size, sha256
        self._modified = modified

    def columns(self) -> dict[str, object]:
        """What a variable's row holds of it."""
        return {
            "content_id": self._id,
            "size": self.size,
            "sha256": self.etag,
            "modified": self._modified,
            "data": self._data if self.size <= INLINE else None,
        }

    def hold(self, connection: Connection) -> None:
        """Make sure that the bytes are there when a variable gets them.

        :raises ContentVanished: an upload took so long that its bytes were swept.
        """
        if self.size > INLINE and not self.contents.hold(connection, self._id):
            raise ContentVanished

    def discard(self) -> None:
        """Delete the bytes of a content that came to nothing."""
        if self.size > INLINE:
            self.contents.discard(self._database, self._id)

    @property
    def sha256(self) -> bytes:  # type: ignore[override]  # computed only where a header shows it
        return bytes.fromhex(self.etag)

    @property
    def modified(self) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(self._modified, UTC)

    def open_at(self, offset: int) -> Iterator[bytes]:
        if offset >= self.size:
            return
        if self.size <= INLINE:
            yield self._inline()[offset:]
            return
        number, skip = divmod(offset, BLOCK)
        count, window = -(-self.size // BLOCK), 1
        while number < count:
            last = min(number + window, count) - 1
            for block in self._read(number, last):
                yield block[skip:] if skip else block
                skip = 0
            number, window = last + 1, WINDOW

    def _inline(self) -> bytes:
        if self._data is None:
            found = self._database.rows(self.contents.inline, {"content_id": self._id})
            self._data = found[0][0] if found else None
        if self._data is None:
            raise ContentVanished
        return self._data

    def _read(self, first: int, last: int) -> list[bytes]:
        """Read blocks `first` to `last` on a connection that is given back before the first of them is sent."""
        where = {"content_id": self._id, "first": first, "last": last}
        found = [row[0] for row in self._database.rows(self.contents.window, where)]
        if len(found) != last - first + 1:
            raise ContentVanished
        return found


def new_id() -> str:
    """An id that no content had before; ids sort by the time they were made."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"
