"""Contents in the engine's table of byte arrays, read in slices that hold no connection."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, LargeBinary, Row, Select, bindparam, func, literal, literal_column, select, true

from ...errors import ContentVanished
from ...values import BLOCK, Content
from ..sqla.database import OwnTransactions
from .tables import Tables

WINDOW = 4
"""Blocks in one query: what a download holds in memory at a time."""
_PIECE = 4 * BLOCK
"""Bytes in a row of a value that is read whole: MySQL and MariaDB end a recursion, one step for each, after 1,000."""


class Slices:
    """The statements that read one byte array, in the revision that was found.

    :param slicing: whether the database reads a slice of a value without the rest.
    """

    def __init__(self, tables: Tables, *, slicing: bool) -> None:
        table = tables.bytes
        here = (table.c.ID_ == bindparam("id"), table.c.REV_ == bindparam("rev"))
        self.size: Select[Any] = select(func.octet_length(table.c.BYTES_)).where(*here)
        stored = select(table.c.BYTES_.label("data")).where(*here)
        self.window = _cut(stored, BLOCK)
        # MySQL and MariaDB read a row that they know the key of once; PostgreSQL would unpack the value for each slice,
        # were it not an expression that is computed first.
        unpacked = table.c.BYTES_.op("||")(literal(b"", LargeBinary())).label("data")
        self.whole = _cut(select(unpacked).where(*here).offset(literal(0)) if slicing else stored, _PIECE)


def _cut(value: Select[Any], length: int) -> Select[Any]:
    """Slices of a value, each in a row with its place: from `start`, counted from 1, to the one that holds `last`."""
    data, step = value.subquery().c.data, literal_column(str(length), Integer)
    starts = select(bindparam("start", type_=Integer()).label("start")).cte("starts", recursive=True)
    following = starts.c.start + step
    starts = starts.union_all(select(following).where(following <= bindparam("last")))
    return select(starts.c.start, func.substring(data, starts.c.start, step)).join_from(data.table, starts, true())


class CamundaContent(Content):
    """The bytes of one variable.

    :param row: the variable as :class:`~.resolution.Resolution` finds it.
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
    def size(self) -> int:  # type: ignore[override]  # of a list on MySQL and MariaDB it is asked for only when needed
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
        yield from self._unpacked(offset) if self._packed else self._sliced(offset)

    def _sliced(self, offset: int) -> Iterator[bytes]:
        """Read window by window, each on a connection that is given back before it is sent."""
        window = 1
        while offset < self.size:
            last = min(offset + window * BLOCK, self.size)
            rows = self._database.rows(self._slices.window, self._revision | {"start": offset + 1, "last": last})
            if sum(len(data) for _, data in rows) != last - offset:
                raise ContentVanished
            for _, data in sorted(rows, key=lambda row: int(row[0])):
                yield data
            offset, window = last, WINDOW

    def _unpacked(self, offset: int) -> Iterator[bytes]:
        """Read once into a temporary file: of these values each slice costs as much as the whole."""
        with tempfile.TemporaryFile() as file:
            with self._database.write() as connection:  # one transaction, for a cursor on the server
                where = self._revision | {"start": offset + 1, "last": self.size}
                left = self.size - offset
                # In any order: to sort them, the database would copy them all.
                for start, data in connection.execute(self._slices.whole, where, execution_options={"yield_per": 1}):
                    file.seek(start - 1 - offset)
                    left -= file.write(data)
            if left:
                raise ContentVanished
            file.seek(0)
            while block := file.read(BLOCK):
                yield block
