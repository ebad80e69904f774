"""Contents in the engine's table of byte arrays, read in slices that hold no connection."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, LargeBinary, Row, Select, bindparam, func, literal, select, true

from ...errors import ContentVanished
from ...values import BLOCK, Content
from ..sqla.database import OwnTransactions
from .tables import Tables

WINDOW = 4 * BLOCK
"""Bytes in one slice: what a download holds in memory at a time."""


class Slices:
    """The statements that read one byte array, in the revision that was found.

    :param slicing: whether the database reads a slice of a value without the rest.
    """

    def __init__(self, tables: Tables, *, slicing: bool) -> None:
        table = tables.bytes
        start = bindparam("start", type_=Integer())
        here = (table.c.ID_ == bindparam("id"), table.c.REV_ == bindparam("rev"))
        self.size: Select[Any] = select(func.octet_length(table.c.BYTES_)).where(*here)
        self.one: Select[Any] = select(func.substring(table.c.BYTES_, start, WINDOW)).where(*here)
        # MySQL and MariaDB read a row that they know the key of once; PostgreSQL would unpack the value for each slice,
        # were it not an expression that is computed first.
        whole = select(table.c.BYTES_.label("data")).where(*here).subquery()
        if slicing:
            unpacked = table.c.BYTES_.op("||")(literal(b"", LargeBinary()))
            whole = select(unpacked.label("data")).where(*here).offset(literal(0)).subquery()
        starts = select(start.label("start")).cte("starts", recursive=True)
        following = starts.c.start + WINDOW
        starts = starts.union_all(select(following).where(following <= bindparam("size")))
        parts = func.substring(whole.c.data, starts.c.start, WINDOW)
        self.all: Select[Any] = select(starts.c.start, parts).join_from(whole, starts, true())


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
        for window in self._unpacked(offset) if self._packed else self._sliced(offset):
            for start in range(0, len(window), BLOCK):
                yield window[start : start + BLOCK]

    def _sliced(self, offset: int) -> Iterator[bytes]:
        """Read slice by slice, each on a connection that is given back before it is sent."""
        while offset < self.size:
            with self._database.read() as connection:
                window = connection.scalar(self._slices.one, self._revision | {"start": offset + 1})
            if not window:
                raise ContentVanished
            yield window
            offset += len(window)

    def _unpacked(self, offset: int) -> Iterator[bytes]:
        """Read once into a temporary file: of these values each slice costs as much as the whole."""
        with tempfile.TemporaryFile() as file:
            with self._database.write() as connection:  # one transaction, for a cursor on the server
                where = self._revision | {"start": offset + 1, "size": self.size}
                left = self.size - offset
                # In any order: to sort them, the database would copy them all.
                for start, window in connection.execute(self._slices.all, where, execution_options={"yield_per": 1}):
                    file.seek(start - 1 - offset)
                    left -= file.write(window)
            if left:
                raise ContentVanished
            file.seek(0)
            while block := file.read(BLOCK):
                yield block
