"""The tests that every content store passes.

A test class inherits :class:`ContentStoreContract` and has a fixture `store`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from flask_taskvars.contents import ContentStore
from flask_taskvars.contents.base import new_id
from flask_taskvars.errors import ContentVanished
from flask_taskvars.values import BLOCK
from tests.support.served_world import noise

SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 21 * BLOCK + 7)
LATER = timedelta(hours=1)


def cut(data: bytes, size: int = BLOCK) -> Iterator[bytes]:
    """Cut data into blocks of one size; the last may be shorter."""
    return (data[start : start + size] for start in range(0, len(data), size))


def read(store: ContentStore, content_id: str, offset: int = 0) -> bytes:
    return b"".join(store.open_at(content_id, offset))


def is_there(store: ContentStore, content_id: str) -> bool:
    try:
        read(store, content_id)
    except ContentVanished:
        return False
    return True


class ContentStoreContract:
    """The tests."""

    @pytest.mark.parametrize("size", SIZES)
    def test_reads_written_bytes_from_any_offset(self, store: ContentStore, size: int) -> None:
        content_id, data = new_id(), noise(size)
        store.write(content_id, cut(data))
        assert read(store, content_id) == data
        for offset in {1, BLOCK - 1, BLOCK, size - 1} & set(range(size)):
            assert read(store, content_id, offset) == data[offset:]
        assert max(map(len, store.open_at(content_id, 0)), default=0) <= BLOCK
        store.delete(content_id)

    def test_blocks_of_any_size(self, store: ContentStore) -> None:
        content_id, data = new_id(), noise(3 * BLOCK)
        store.write(content_id, [*cut(data[:1000], 7), b"", *cut(data[1000:], 99_999)])
        assert hashlib.sha256(read(store, content_id)).digest() == hashlib.sha256(data).digest()
        store.delete(content_id)

    def test_an_absent_content_has_vanished(self, store: ContentStore) -> None:
        with pytest.raises(ContentVanished):
            read(store, new_id())

    def test_a_deleted_content_has_vanished(self, store: ContentStore) -> None:
        content_id = new_id()
        store.write(content_id, [b"data"])
        store.delete(content_id)
        store.delete(content_id)  # deleting an absent content is not an error
        assert not is_there(store, content_id)

    @pytest.mark.parametrize("blocks", [0, 1, 40])
    def test_a_write_that_fails_leaves_nothing(self, store: ContentStore, blocks: int) -> None:
        def broken() -> Iterator[bytes]:
            yield from cut(noise(BLOCK) * blocks)
            raise LookupError("the client went away")

        content_id = new_id()
        with pytest.raises(LookupError, match="the client went away"):
            store.write(content_id, broken())
        assert not is_there(store, content_id)
        assert content_id not in set(store.ids(datetime.now(UTC) + LATER))

    def test_an_abandoned_read_is_closed(self, store: ContentStore) -> None:
        content_id = new_id()
        store.write(content_id, cut(noise(9 * BLOCK)))
        reading = store.open_at(content_id, 0)
        next(reading)
        reading.close()  # type: ignore[attr-defined]  # as a response closes what it reads
        store.delete(content_id)

    def test_lists_contents_written_before_a_moment(self, store: ContentStore) -> None:
        written = {new_id() for _ in range(3)}
        for content_id in written:
            store.write(content_id, [b"data"])
        assert written <= set(store.ids(datetime.now(UTC) + LATER))
        assert not written & set(store.ids(datetime.now(UTC) - LATER))
        for content_id in written:
            store.delete(content_id)

    @pytest.mark.parametrize("content_id", ["", "..", "../" + "a" * 32, "a" * 31, "A" * 32, "a" * 32 + "\n", "a/" * 16])
    def test_refuses_a_malformed_id(self, store: ContentStore, content_id: str) -> None:
        for use in (lambda: store.write(content_id, [b""]), lambda: read(store, content_id)):
            with pytest.raises(ValueError, match="is not the id of a content"):
                use()
        with pytest.raises(ValueError, match="is not the id of a content"):
            store.delete(content_id)

    def test_many_at_once(self, store: ContentStore) -> None:
        def round_trip(number: int) -> bool:
            content_id, data = new_id(), noise(BLOCK + number)
            store.write(content_id, cut(data))
            same = read(store, content_id) == data
            store.delete(content_id)
            return same

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(round_trip, range(32)))
