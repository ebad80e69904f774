"""The blocks of a response: the exact length, failures before and after the first block, and closing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.errors import ContentVanished, StorageUnavailable
from flask_taskvars.http.responses import exactly
from tests.support.watched import DATA, WatchedContent, answer, respond


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=10-29"}, {"Range": "bytes=10-29,50-59"}])
@pytest.mark.parametrize("failure", [None, StorageUnavailable()])
def test_a_failure_before_the_first_byte_is_an_answer_of_its_own(
    headers: dict[str, str], failure: StorageUnavailable | None
) -> None:
    content = WatchedContent(ends_after=0, failure=failure)
    with Flask("host").test_request_context(headers=headers), pytest.raises(type(failure or ContentVanished())):
        respond(content)
    assert content.closed == 1


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-79"}, {"Range": "bytes=0-9,60-79"}])
def test_a_failure_after_the_first_byte_breaks_off(headers: dict[str, str]) -> None:
    content = WatchedContent(ends_after=70)
    with Flask("host").test_request_context(headers=headers), closing(respond(content)) as response:
        promised, body = response.content_length, response.iter_encoded()
        sent = len(next(iter(body)))
        with pytest.raises(ContentVanished):
            sent += sum(map(len, body))
    assert promised is not None
    assert 0 < sent < promised


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-59"}, {"Range": "bytes=70-79,0-59"}])
@pytest.mark.parametrize("blocks_read", [0, 1, 2])
def test_a_disconnected_client_closes_the_content(headers: dict[str, str], blocks_read: int) -> None:
    content = WatchedContent()
    with Flask("host").test_request_context(headers=headers):
        response = respond(content)
    blocks = iter(response.iter_encoded())
    for _ in range(blocks_read):
        next(blocks)
    assert content.closed == 0
    response.close()
    assert content.closed == 1


def test_blocks_may_be_empty() -> None:
    class Sparse(WatchedContent):
        def _read(self, offset: int) -> Iterator[bytes]:
            for block in super()._read(offset):
                yield from (b"", block)

    assert answer(Sparse()).body == DATA
    assert answer(Sparse(), {"Range": "bytes=10-29"}).body == DATA[10:30]


class Reader:
    """An iterator that is not a generator: it stays open until it is closed."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self.closed = blocks, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        self.closed += 1


class ReaderContent(WatchedContent):
    """A content that is read by a :class:`Reader`."""

    def open_at(self, offset: int) -> Iterator[bytes]:
        self.reader = Reader(super().open_at(offset))
        return self.reader


@pytest.mark.parametrize("failure", [None, StorageUnavailable()])
def test_a_content_that_fails_before_the_first_byte_is_closed(failure: StorageUnavailable | None) -> None:
    content = ReaderContent(ends_after=0, failure=failure)
    with Flask("host").test_request_context(), pytest.raises(type(failure or ContentVanished())):
        respond(content)
    assert content.reader.closed == 1


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=10-29", "bytes=0-0", "bytes=0-9,60-79"])
def test_a_content_read_to_its_end_is_closed_once(asked: str) -> None:
    content = ReaderContent()
    assert answer(content, {"Range": asked}).status == 206
    assert content.reader.closed == 1


@given(st.lists(st.binary(max_size=5), max_size=8), st.integers(0, 30))
def test_exactly_sends_the_length_or_fails(blocks: list[bytes], length: int) -> None:
    held, passed_on = b"".join(blocks), exactly(iter(blocks), length)
    if len(held) < length:
        with pytest.raises(ContentVanished):
            list(passed_on)
    else:
        assert b"".join(passed_on) == held[:length]
