"""From a content to its response: what is opened when, what is closed, and that the length is always exact."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from flask import Flask, Response, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import http_date

from flask_taskvars.errors import ContentVanished, PreconditionFailed, RangeNotSatisfiable, StorageUnavailable
from flask_taskvars.representations import NoContent, Representation
from flask_taskvars.responses import content_response, exactly
from flask_taskvars.values import Content

DATA = bytes(range(100))
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


class WatchedContent(Content):
    """Bytes that note each opening and each closing; `ends_after` bytes they break off, with `failure` if any."""

    def __init__(self, data: bytes = DATA, ends_after: int | None = None, failure: Exception | None = None) -> None:
        self.size, self.sha256, self.modified = len(data), hashlib.sha256(data).digest(), MOMENT
        self.etag = self.sha256.hex()
        self._data, self._failure = data[:ends_after], failure
        self.opened: list[int] = []
        self.closed = 0
        self.readers: list[Iterator[bytes]] = []  # held, so that garbage collection closes none of them

    def open_at(self, offset: int) -> Iterator[bytes]:
        self.opened.append(offset)
        self.readers.append(self._read(offset))
        return self.readers[-1]

    def _read(self, offset: int) -> Iterator[bytes]:
        try:
            for start in range(offset, len(self._data), 7):
                yield self._data[start : start + 7]
            if self._failure:
                raise self._failure
        finally:
            self.closed += 1


@dataclass
class Answer:
    """What a server would send."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(content: Content, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
    with Flask("host").test_request_context(method=method, headers=headers or {}), closing(respond(content)) as sent:
        return Answer(sent.status_code, dict(sent.headers), b"".join(sent.iter_encoded()))


def respond(content: Content) -> Response:
    described = Representation(
        content, "text/plain; charset=UTF-8", 'attachment; filename="a.txt"', "private, no-cache"
    )
    return content_response(described, request)


DESCRIBED = hashlib.sha256(b'text/plain; charset=UTF-8\nattachment; filename="a.txt"').hexdigest()[:16]
COMMON = {
    "Content-Disposition": 'attachment; filename="a.txt"',
    "ETag": f'"{hashlib.sha256(DATA).hexdigest()}-{DESCRIBED}"',
    "Repr-Digest": "sha-256=:vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=:",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATED = {"Content-Type": "text/plain; charset=UTF-8", "Last-Modified": "Thu, 02 Jan 2020 03:04:05 GMT"}
WHOLE = COMMON | DATED | {"Content-Length": "100"}


def test_the_whole() -> None:
    content = WatchedContent()
    assert answer(content) == Answer(200, WHOLE, DATA)
    assert (content.opened, content.closed) == ([0], 1)


def test_head_is_the_same_without_the_bytes() -> None:
    content = WatchedContent()
    assert answer(content, {"Range": "bytes=0-0"}, "HEAD") == Answer(200, WHOLE, b"")
    assert content.opened == []


def test_not_modified_repeats_only_what_validates() -> None:
    content = WatchedContent()
    expected = {name: COMMON[name] for name in ("ETag", "Cache-Control")}
    assert answer(content, {"If-None-Match": "*", "Range": "bytes=0-0"}) == Answer(304, expected, b"")
    assert content.opened == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_failed_precondition_opens_nothing(method: str) -> None:
    content = WatchedContent()
    with pytest.raises(PreconditionFailed) as failure:
        answer(content, {"If-Match": '"other"', "Range": "bytes=0-0"}, method)
    assert failure.value.headers() == {"ETag": COMMON["ETag"]}
    assert content.opened == []


def test_a_range_outside_opens_nothing() -> None:
    content = WatchedContent()
    with pytest.raises(RangeNotSatisfiable) as failure:
        answer(content, {"Range": "bytes=100-"})
    assert failure.value.headers() == {"Content-Range": "bytes */100", "Accept-Ranges": "bytes"}
    assert content.opened == []


def test_one_range() -> None:
    content = WatchedContent()
    partial = {"Content-Range": "bytes 10-29/100", "Content-Length": "20"}
    assert answer(content, {"Range": "bytes=10-29"}) == Answer(206, COMMON | DATED | partial, DATA[10:30])
    assert (content.opened, content.closed) == ([10], 1)


def test_an_if_range_leaves_out_what_the_client_has() -> None:
    """RFC 9110 15.3.7: it kept the metadata of its first response."""
    partial = {"Content-Range": "bytes 90-99/100", "Content-Length": "10"}
    asked = {"Range": "bytes=-10", "If-Range": COMMON["ETag"]}
    assert answer(WatchedContent(), asked) == Answer(206, COMMON | partial, DATA[90:])


@pytest.mark.parametrize("condition", ['"other"', "Thu, 02 Jan 2020 03:04:04 GMT"])
def test_an_if_range_of_another_version_gets_the_whole(condition: str) -> None:
    asked = {"Range": "bytes=-10", "If-Range": condition}
    assert answer(WatchedContent(), asked) == Answer(200, WHOLE, DATA)


@pytest.mark.parametrize("if_range", [{}, {"If-Range": COMMON["ETag"]}])
def test_several_ranges(if_range: dict[str, str]) -> None:
    content = WatchedContent()
    sent = answer(content, {"Range": "bytes=50-59,0-9,95-"} | if_range)
    assert sent.status == 206
    assert sent.headers["Content-Length"] == str(len(sent.body))
    assert ("Last-Modified" in sent.headers) == (not if_range)
    assert "Content-Range" not in sent.headers
    message = message_from_bytes(f"Content-Type: {sent.headers['Content-Type']}\r\n\r\n".encode() + sent.body)
    assert message.get_content_type() == "multipart/byteranges"
    parts = [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in message.walk()][
        1:
    ]
    described = "text/plain; charset=UTF-8"
    assert parts == [
        ("bytes 50-59/100", described, DATA[50:60]),
        ("bytes 0-9/100", described, DATA[:10]),
        ("bytes 95-99/100", described, DATA[95:]),
    ]
    assert (content.opened, content.closed) == ([50, 0, 95], 3)


def test_a_validator_tells_names_and_types_apart() -> None:
    content = WatchedContent()
    described = [
        ("text/plain", 'attachment; filename="a.txt"'),
        ("text/html", 'attachment; filename="a.txt"'),
        ("text/plain", 'attachment; filename="b.txt"'),
        ("application/octet-stream", None),
    ]
    tags = {Representation(content, *description, "no-cache").etag for description in described}
    assert len(tags) == len(described)


def test_null_content_is_empty() -> None:
    empty = hashlib.sha256(b"")
    sent = answer(NoContent())
    assert (sent.status, sent.body, sent.headers["Content-Length"]) == (200, b"", "0")
    assert sent.headers["ETag"] == f'"{empty.hexdigest()}-{DESCRIBED}"'
    assert "Last-Modified" not in sent.headers
    assert list(NoContent().open_at(0)) == []


def test_an_empty_content_is_not_opened() -> None:
    content = WatchedContent(b"")
    assert answer(content, {"Range": "bytes=-5"}).body == b""
    assert content.opened == []


def test_what_a_storage_does_not_know_is_not_sent() -> None:
    content = WatchedContent()
    content.sha256, content.modified = None, None
    assert not {"Repr-Digest", "Last-Modified"} & answer(content).headers.keys()


def test_a_date_in_the_future_is_not_sent() -> None:
    """RFC 9110 8.8.2.1: a Last-Modified lies not after the response's Date; no condition is judged by it."""
    content = WatchedContent()
    content.modified = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    sent = answer(content, {"If-Modified-Since": http_date(content.modified)})
    assert sent.status == 200
    assert "Last-Modified" not in sent.headers


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
def test_a_client_that_goes_away_closes_the_content(headers: dict[str, str], blocks_read: int) -> None:
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
    """An iterator that is no generator: it stays open until it is closed."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self.closed = blocks, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        self.closed += 1


class ReaderContent(WatchedContent):
    """A content that is read by such."""

    def open_at(self, offset: int) -> Iterator[bytes]:
        self.reader = Reader(super().open_at(offset))
        return self.reader


@pytest.mark.parametrize("failure", [None, StorageUnavailable()])
def test_what_fails_before_the_first_byte_is_closed(failure: StorageUnavailable | None) -> None:
    content = ReaderContent(ends_after=0, failure=failure)
    with Flask("host").test_request_context(), pytest.raises(type(failure or ContentVanished())):
        respond(content)
    assert content.reader.closed == 1


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=10-29", "bytes=0-0", "bytes=0-9,60-79"])
def test_what_is_read_to_its_end_is_closed_once(asked: str) -> None:
    content = ReaderContent()
    assert answer(content, {"Range": asked}).status == 206
    assert content.reader.closed == 1


@pytest.mark.parametrize("size", [5, 100])
def test_headers_of_the_hosts_responses_do_not_replace_ours(size: int) -> None:
    class Lax(Response):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.headers["Content-Security-Policy"] = "default-src *"

    host = Flask("host")
    host.response_class = Lax
    with host.test_request_context(), closing(respond(WatchedContent(DATA[:size]))) as sent:
        assert sent.headers["Content-Security-Policy"] == COMMON["Content-Security-Policy"]


@given(st.lists(st.binary(max_size=5), max_size=8), st.integers(0, 30))
def test_exactly_sends_the_length_or_fails(blocks: list[bytes], length: int) -> None:
    held, passed_on = b"".join(blocks), exactly(iter(blocks), length)
    if len(held) < length:
        with pytest.raises(ContentVanished):
            list(passed_on)
    else:
        assert b"".join(passed_on) == held[:length]
