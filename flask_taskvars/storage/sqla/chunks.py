"""The content store in the host's database: rows of one block each, read without a connection between two windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, select

from ...contents.base import ContentStore, check_id
from ...errors import ContentVanished, StorageFull
from ...values import BLOCK, regular
from ..sql.database import Database, transact
from ..sql.limits import WINDOW

BATCH = 16
"""Blocks in one transaction of an upload."""
_SLICE = 32
"""Blocks deleted in one transaction. On SQLite other writers wait for it."""
_IDS = 1000
"""Ids in one query."""


class ChunkStatements:
    """The statements on the table of chunks, shared by all apps of a storage."""

    def __init__(self, chunk: Table) -> None:
        number = chunk.c.number
        here = chunk.c.content_id == bindparam("content_id", type_=chunk.c.content_id.type)
        self.insert = insert(chunk)
        self.window: Select[Any] = (
            select(number, chunk.c.data)
            .where(here, number.between(bindparam("first"), bindparam("last")))
            .order_by(number)
        )
        self.first = select(func.min(number)).where(here)
        self.delete = delete(chunk).where(here, number < bindparam("limit"))
        between = (chunk.c.content_id > bindparam("after"), chunk.c.content_id < bindparam("before"))
        self.ids = select(chunk.c.content_id).where(*between).distinct().order_by(chunk.c.content_id).limit(_IDS)


class ChunkContents(ContentStore):
    """Contents as rows of a database. Inside the host's session they commit and roll back with it."""

    def __init__(self, statements: ChunkStatements, database: Database) -> None:
        self._statements, self._database = statements, database

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        check_id(content_id)
        pending: list[dict[str, object]] = []
        try:
            for number, block in enumerate(_some(regular(blocks))):
                pending.append({"content_id": content_id, "number": number, "data": block})
                if len(pending) == BATCH:
                    self._flush(pending)
            self._flush(pending)
        except BaseException:
            if not self._database.joined:  # if joined, the host rolls back
                self.delete(content_id)
            raise

    def _flush(self, rows: list[dict[str, object]]) -> None:
        if rows:
            transact(self._database, lambda connection: connection.execute(self._statements.insert, rows))
        rows.clear()

    def open_at(self, content_id: str, offset: int) -> Iterator[bytes]:
        check_id(content_id)
        number, skip = divmod(offset, BLOCK)
        window = 1  # the first byte must not wait for a whole window
        while True:
            # The connection is given back before the first block is sent.
            where = {"content_id": content_id, "first": number, "last": number + window - 1}
            found = self._database.rows(self._statements.window, where)
            if not found and window == 1:
                raise ContentVanished
            for expected, (present, block) in enumerate(found, number):
                if present != expected:
                    raise ContentVanished  # a deletion has begun, with the lowest blocks
                yield block[skip:] if skip else block
                skip = 0
            if len(found) < window or len(found[-1][1]) < BLOCK:
                return
            number, window = number + window, WINDOW

    def delete(self, content_id: str) -> None:
        check_id(content_id)
        first: int | None = 0
        count = _SLICE
        while first is not None:
            try:
                first = transact(self._database, partial(self._delete_slice, content_id, first + count))
            except StorageFull:
                if count == 1:
                    raise
                count = 1  # what SQLite frees, it keeps in its journal until the end of the transaction

    def _delete_slice(self, content_id: str, limit: int, connection: Connection) -> int | None:
        """Delete the blocks below a number. :return: the number of the first block that is left."""
        connection.execute(self._statements.delete, {"content_id": content_id, "limit": limit})
        left: int | None = connection.scalar(self._statements.first, {"content_id": content_id})
        return left

    def ids(self, before: datetime) -> Iterator[str]:
        limit, last = f"{int(before.timestamp() * 1e9):016x}", ""  # ids begin with the time they were made
        while True:
            found = [row[0] for row in self._database.named(self._statements.ids, {"after": last, "before": limit})]
            yield from found
            if len(found) < _IDS:
                return
            last = found[-1]


def _some(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Give an empty content one row, too, which distinguishes it from a missing content."""
    yield next(blocks, b"")
    yield from blocks
