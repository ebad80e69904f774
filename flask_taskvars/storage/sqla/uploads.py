"""Resumable uploads: one row for each upload, and its bytes as pieces in the content stores.

A piece is a content like any other. It has a row in the journal, so that a sweep finds the pieces of abandoned uploads.
The upload's row counts the last byte only in the transaction that sets the variable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from ...errors import ContentVanished, StorageUnavailable, TooLarge, UploadLocked, UploadNotFound
from ...values import Content
from ..resumable import Upload, new_upload_id
from ..sql.database import Database, transact
from ..sql.limits import INLINE
from .contents import Beside, Contents, Piece, StagedContent
from .journal import Entry

PIECE = 64 * 2**20
"""Bytes after which a piece ends and counts. A killed server loses at most so many bytes of an upload."""
PIECE_SECONDS = 30
"""Seconds after which a piece ends, for slow connections."""
MAX_PIECES = 10_000


@dataclass(frozen=True, slots=True)
class StoredUpload(Upload):
    """An upload as its row has it.

    :param turn: the number of requests that appended so far. A statement with an older turn changes nothing.
    :param pieces: the stored pieces, in the order of their bytes.
    :param whole: the only piece, if this request wrote the whole upload; the variable can take it without a copy.
    """

    turn: int
    pieces: tuple[Piece, ...] = ()
    whole: StagedContent | None = None


class _Stream:
    """Turns blocks into a stream with a `read` method."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, size: int, /) -> bytes:
        return next(self._blocks, b"")


class Uploads:
    """The statements on the table of uploads."""

    def __init__(self, upload: Table, contents: Contents) -> None:
        self._upload, self._contents = upload, contents
        mine = (upload.c.id == bindparam("key"), upload.c.turn == bindparam("mine"))
        self._find = select(upload).where(upload.c.id == bindparam("key"))
        seen = upload.c.received == bindparam("seen")
        self._take = update(upload).where(*mine, seen).values(turn=upload.c.turn + 1)
        self._count = update(upload).where(*mine)

    def begin(self, database: Database, task_id: str, length: int, about: str) -> StoredUpload:
        """Insert the row of an upload."""
        upload = StoredUpload(new_upload_id(), task_id, about, length, 0, int(time.time()), turn=0)
        row = {"id": upload.id, "task_id": task_id, "about": about, "length": length, "received": 0}
        with database.write() as connection:
            connection.execute(
                insert(self._upload).values(row | {"turn": 0, "pieces": "[]", "created": upload.created})
            )
        return upload

    def find(self, database: Database, upload_id: str) -> StoredUpload:
        """Find an upload.

        :raises UploadNotFound: no upload has this id.
        """
        for row in database.named(self._find, {"key": upload_id}):
            pieces = tuple(Piece(*one) for one in json.loads(row.pieces))
            return StoredUpload(row.id, row.task_id, row.about, row.length, row.received, row.created, row.turn, pieces)
        raise UploadNotFound

    def append(
        self, database: Database, beside: Beside, upload: StoredUpload, blocks: Iterable[bytes], *, whole: bool
    ) -> StoredUpload:
        """Write pieces. Count each as soon as it is written, or with `whole` all of them at the end."""
        upload = self._take_turn(database, upload)
        held: list[StagedContent] = []
        try:
            for source in _cut(blocks, endless=whole):
                held.append(self._contents.keep_piece(database, beside, source))
                if not whole:
                    upload = self._counted(database, upload, held)
            if whole:
                upload = self._counted(database, upload, held)
        except StorageUnavailable:
            raise  # the pieces may be counted although the answer was lost: leave them to a sweep
        except BaseException:
            for content in held:
                content.discard()
            raise
        return upload

    def _take_turn(self, database: Database, upload: StoredUpload) -> StoredUpload:
        self._change(database, self._take, upload, seen=upload.offset)
        return replace(upload, turn=upload.turn + 1)

    def _counted(self, database: Database, upload: StoredUpload, held: list[StagedContent]) -> StoredUpload:
        """Add the written pieces to the upload's row. Don't count the last byte of the upload yet."""
        pieces = (*upload.pieces, *(content.piece() for content in held))
        if len(pieces) > MAX_PIECES:
            raise TooLarge(f"An upload has at most {MAX_PIECES} pieces: send more bytes in one request.")
        offset = upload.offset + sum(content.size for content in held)
        counted, kept = offset, pieces
        if offset == upload.length and held:
            counted, kept = offset - 1, (*pieces[:-1], pieces[-1]._replace(size=pieces[-1].size - 1))
        self._change(database, self._count.values(received=counted, pieces=json.dumps(kept)), upload)
        only = held[0] if len(pieces) == len(held) == 1 and offset == upload.length else None
        held.clear()
        return replace(upload, offset=offset, pieces=pieces, whole=only)

    def _change(self, database: Database, statement: Any, upload: StoredUpload, **seen: int) -> None:
        transact(database, lambda connection: _changed(connection, statement, upload, **seen))

    @contextmanager
    def uploaded(self, database: Database, beside: Beside, upload: StoredUpload) -> Iterator[Content]:
        """Stage the whole upload as one content. The transaction that sets the variable also finishes the upload."""
        content = upload.whole
        if content is None or content.size <= INLINE:
            content = self._contents.stage(database, beside, _Stream(self._blocks(database, upload)))
        done = self._count.values(received=upload.length, pieces="[]")
        content.also = lambda connection: _changed(connection, done, upload)
        try:
            yield content
        finally:
            if content.is_used:
                self._drop(database, upload.pieces)
            elif content is not upload.whole:  # keep the pieces for another try, delete only the copy
                content.discard()

    def _blocks(self, database: Database, upload: StoredUpload) -> Iterator[bytes]:
        for piece in upload.pieces:
            left = piece.size
            blocks = self._contents.stores.open(database, piece.store).open_at(piece.content_id, 0)
            while left > 0:
                block = next(blocks, b"")[:left]
                if not block:
                    raise ContentVanished  # the stored bytes are too short: a part must not look like the whole
                left -= len(block)
                yield block

    def remove(self, database: Database, upload: StoredUpload) -> None:
        """Delete the row of an upload, and its pieces."""
        gone = delete(self._upload).where(self._upload.c.id == upload.id)
        transact(database, lambda connection: connection.execute(gone))
        self._drop(database, upload.pieces)

    def _drop(self, database: Database, pieces: Iterable[Piece]) -> None:
        entries = [Entry(piece.row, piece.content_id, piece.store, "new") for piece in pieces if piece.row is not None]
        if entries and not database.joined:
            with suppress(StorageUnavailable):
                self._contents.journal.drop(database, entries, self._contents.deletable(database))

    def sweep(self, database: Database, older_than: float) -> None:
        """Delete the rows of uploads that began more than `older_than` seconds ago; the journal sweeps their pieces."""
        gone = delete(self._upload).where(self._upload.c.created <= time.time() - older_than)
        transact(database, lambda connection: connection.execute(gone))


def _changed(connection: Connection, statement: Any, upload: StoredUpload, **seen: int) -> None:
    if connection.execute(statement, {"key": upload.id, "mine": upload.turn, **seen}).rowcount != 1:
        raise UploadLocked


def _cut(blocks: Iterable[bytes], *, endless: bool) -> Iterator[Iterator[bytes]]:
    """Cut blocks into pieces of a limited size and duration. Read each piece to its end before you ask for the next.

    :param endless: whether to make a single piece of all blocks.
    """
    source = iter(blocks)
    for first in source:
        yield chain([first], source if endless else _some(source, len(first)))


def _some(source: Iterator[bytes], size: int) -> Iterator[bytes]:
    end = time.monotonic() + PIECE_SECONDS
    while size < PIECE and time.monotonic() < end and (block := next(source, None)) is not None:
        size += len(block)
        yield block
