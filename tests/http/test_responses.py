"""The response for a content: its status, its headers, and when the content is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.http import http_date

from flask_taskvars.errors import PreconditionFailed, RangeNotSatisfiable
from flask_taskvars.http.hardened import HARDENING
from flask_taskvars.http.representations import NoContent, Representation
from flask_taskvars.values import Content
from tests.support.watched import COMMON, DATA, DATED, DESCRIBED, WHOLE, Answer, WatchedContent, answer, respond


def test_the_whole() -> None:
    content = WatchedContent()
    assert answer(content) == Answer(200, WHOLE, DATA)
    assert (content.opened, content.closed) == ([0], 1)


def test_head_has_the_same_headers_without_the_bytes() -> None:
    content = WatchedContent()
    assert answer(content, {"Range": "bytes=0-0"}, "HEAD") == Answer(200, WHOLE, b"")
    assert content.opened == []


def test_not_modified_repeats_only_what_a_cache_needs() -> None:
    content = WatchedContent()
    expected = {name: COMMON[name] for name in ("ETag", "Cache-Control", "Vary", *HARDENING)}
    assert answer(content, {"If-None-Match": "*", "Range": "bytes=0-0"}) == Answer(304, expected, b"")
    assert content.opened == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_failed_precondition_opens_nothing(method: str) -> None:
    content = WatchedContent()
    with pytest.raises(PreconditionFailed) as failure:
        answer(content, {"If-Match": '"other"', "Range": "bytes=0-0"}, method)
    assert failure.value.headers() == {"ETag": COMMON["ETag"]}
    assert content.opened == []


def test_an_unsatisfiable_range_opens_nothing() -> None:
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
    """The client still has the metadata of its first response (RFC 9110 15.3.7)."""
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


class PreparedContent(WatchedContent):
    """A content that records the span for which it was prepared."""

    @contextmanager
    def prepared(self, start: int, stop: int) -> Iterator[Content]:
        self.opened.append(stop - start)
        try:
            yield self
        finally:
            self.closed += 1


@pytest.mark.parametrize(
    ("asked", "opened"), [("10-29", [20, 10]), ("50-59,0-9", [60, 50, 0]), ("95-,50-59", [50, 95, 50])]
)
def test_a_content_is_prepared_once_for_all_ranges(asked: str, opened: list[int]) -> None:
    content = PreparedContent()
    assert answer(content, {"Range": f"bytes={asked}"}).status == 206
    assert (content.opened, content.closed) == (opened, len(opened))


def test_the_tag_depends_on_the_name_and_the_type() -> None:
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


def test_unknown_metadata_sends_no_headers() -> None:
    content = WatchedContent()
    content.sha256, content.modified = None, None
    assert not {"Repr-Digest", "Last-Modified"} & answer(content).headers.keys()


def test_a_date_in_the_future_is_not_sent() -> None:
    """A Last-Modified must not be after the response's Date (RFC 9110 8.8.2.1), and no condition is checked by it."""
    content = WatchedContent()
    content.modified = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    sent = answer(content, {"If-Modified-Since": http_date(content.modified)})
    assert sent.status == 200
    assert "Last-Modified" not in sent.headers


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
