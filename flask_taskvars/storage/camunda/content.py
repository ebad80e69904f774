"""Contents in the engine's table of byte arrays. They are read slice by slice, without a connection between slices."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import Integer, LargeBinary, Row, Select, bindparam, func, literal, literal_column, select, true

from ...errors import ContentVanished
from ...values import BLOCK, Content
from ..sql.database import OwnTransactions
from ..sql.limits import WINDOW
from .tables import Tables

_PIECE = 4 * BLOCK
"""Bytes in a row when a value is read whole. Each row takes a step of a recursion; MySQL and MariaDB stop at 1,000."""


class Slices:
    """The statements that read one revision of one byte array.

    :param slicing: whether the database can read a slice of a value without the rest.
    """

    def __init__(self, tables: Tables, *, slicing: bool) -> None:
        table = tables.bytes
        here = (table.c.ID_ == bindparam("id"), table.c.REV_ == bindparam("rev"))
        self.size: Select[Any] = select(func.octet_length(table.c.BYTES_)).where(*here)
        stored = select(table.c.BYTES_.label("data")).where(*here)
        self.window = _cut(stored, BLOCK)
        # MySQL and MariaDB read the row once, because they know its key. PostgreSQL would decompress the value for each
        # slice, so make the value an expression, which it computes first.
        unpacked = table.c.BYTES_.op("||")(literal(b"", LargeBinary())).label("data")
        self.whole = _cut(select(unpacked).where(*here).offset(literal(0)) if slicing else stored, _PIECE)


def _cut(value: Select[Any], length: int) -> Select[Any]:
    """Select slices of a value, each in a row with its position: from `start` (the first byte is 1) to `last`."""
    data, step = value.subquery().c.data, literal_column(str(length), Integer)
    starts = select(bindparam("start", type_=Integer()).label("start")).cte("starts", recursive=True)
    following = starts.c.start + step
    starts = starts.union_all(select(following).where(following <= bindparam("last")))
    return select(starts.c.start, func.substring(data, starts.c.start, step)).join_from(data.table, starts, true())


class CamundaContent(Content):
    """The bytes of one variable.

    :param row: a row with the columns of :func:`~.resolution.stored_columns`.
    """

    sha256 = None
    modified = None

    def __init__(self, slices: Slices, database: OwnTransactions, row: Row[*tuple[Any, ...]]) -> None:
        self._slices, self._database, self._data = slices, database, row.data
        self._revision = {"id": row.variable_bytearray_id, "rev": row.content_rev}
        self._packed = row.packed
        self._size: int | None = row.size
        state = f"{row.variable_id}\n{row.variable_rev}\n{row.variable_bytearray_id}\n{row.content_rev}"
        self.etag = hashlib.sha256(state.encode()).hexdigest()

    @property
    def size(self) -> int:  # type: ignore[override]  # for a list on MySQL and MariaDB, read only if needed
        if self._size is None:
            with self._database.read() as connection:
                self._size = connection.scalar(self._slices.size, self._revision)
        if self._size is None:
            raise ContentVanished
        return self._size

    def open_at(self, offset: int) -> Iterator[bytes]:
        if offset >= self.size:
            return
        if self._data is not None:
            yield self._data[offset:]
            return
        if not self._packed:
            yield from self._sliced(offset)
            return
        with self.prepared(offset, self.size) as unpacked:
            yield from unpacked.open_at(offset)

    def _sliced(self, offset: int) -> Iterator[bytes]:
        """Read window by window. Give the connection back before the window's bytes are sent."""
        window = 1
        while offset < self.size:
            last = min(offset + window * BLOCK, self.size)
            rows = self._database.rows(self._slices.window, self._revision | {"start": offset + 1, "last": last})
            if sum(len(data) for _, data in rows) != last - offset:
                raise ContentVanished
            for _, data in sorted(rows, key=lambda row: int(row[0])):
                yield data
            offset, window = last, WINDOW

    @contextmanager
    def prepared(self, start: int, stop: int) -> Iterator[Content]:
        """Copy the bytes into a temporary file if each slice would cost as much as the whole value."""
        if not self._packed or self._data is not None:
            yield self
            return
        with tempfile.TemporaryFile() as file:
            self._unpack(file, start, stop)
            yield UnpackedContent(self, file, start)

    def _unpack(self, file: IO[bytes], start: int, stop: int) -> None:
        left = stop - start
        with self._database.write() as connection:  # one transaction, for a cursor on the server
            where = self._revision | {"start": start + 1, "last": stop}
            # Read the rows unsorted: to sort them, the database would copy them all.
            for place, data in connection.execute(self._slices.whole, where, execution_options={"yield_per": 1}):
                file.seek(place - 1 - start)
                left -= file.write(data)
        if left > 0:
            raise ContentVanished


class UnpackedContent(Content):
    """The bytes of one variable from `start` on, in a file. Only one reader at a time may use it."""

    sha256 = None
    modified = None

    def __init__(self, content: CamundaContent, file: IO[bytes], start: int) -> None:
        self.size, self.etag, self._file, self._start = content.size, content.etag, file, start

    def open_at(self, offset: int) -> Iterator[bytes]:
        self._file.seek(offset - self._start)
        while block := self._file.read(BLOCK):
            yield block
