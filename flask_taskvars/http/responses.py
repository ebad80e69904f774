"""Turn a representation into a response: preconditions, then ranges, then bytes (RFC 9110 13.2, 14, 15)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import IO, cast

from flask import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.utils import send_file

from ..errors import ContentVanished, PreconditionFailed, RangeNotSatisfiable, Unavailable
from ..values import Content
from .failures import failure_log
from .hardened import HARDENING, response_class
from .offload import handed_over
from .preconditions import evaluate, range_applies
from .ranges import select_ranges
from .representations import Representation

CRLF = "\r\n"
_CONDITIONAL = frozenset(
    {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE"}
)
"""The request headers, by their WSGI names, that can turn a plain 200 into another answer."""


def respond(representation: Representation, request: Request) -> Response:
    """Answer a GET or HEAD.

    :raises PreconditionFailed: a precondition is false.
    :raises RangeNotSatisfiable: no range lies within the content.
    :raises ContentVanished: the bytes vanished before the first of them was sent.
    :raises StorageUnavailable: the storage can't be reached before the first byte is sent.
    """
    method, conditions = request.method, request.headers
    if method == "GET" and request.environ.keys().isdisjoint(_CONDITIONAL):
        return _full(representation, conditions)
    etag, modified = representation.etag, representation.modified
    match evaluate(method, conditions, [etag], modified):
        case 304:
            return bodyless(304, representation.validating() | HARDENING)
        case 412:
            raise PreconditionFailed(etag)
    size = representation.content.size
    if method == "HEAD":
        return bodyless(200, representation.headers() | {"Content-Length": str(size)})
    header = conditions.get("Range")
    if header is not None and representation.takes_ranges and range_applies(conditions, etag, modified):
        ranges = select_ranges(header, size)
        if ranges is not None:
            return _partial(representation, ranges, conditions)
    return _full(representation, conditions)


def bodyless(status: int, headers: dict[str, str]) -> Response:
    """Make a response without a body: to HEAD, or a 304."""
    response = response_class()(status=status)
    response.headers = Headers([*headers.items()])
    return response


def _full(representation: Representation, conditions: Headers) -> Response:
    content, headers = representation.content, representation.headers()
    if representation.offload and content.size and (handed := handed_over(representation, headers, None, conditions)):
        return handed
    blocks = content.open_at(0) if content.size else iter(())
    return streamed(200, blocks, content.size, headers)


def _partial(representation: Representation, ranges: list[range], conditions: Headers) -> Response:
    """Answer 206. With If-Range, leave out headers that the client has from its first response (RFC 9110 15.3.7)."""
    content = representation.content
    if not ranges:
        raise RangeNotSatisfiable(content.size)
    headers = representation.headers()
    if "If-Range" in conditions:
        del headers["Content-Type"]
        headers.pop("Last-Modified", None)
    if len(ranges) > 1:
        return _multipart(representation, ranges, headers)
    [one] = ranges
    if representation.offload and (handed := handed_over(representation, headers, one, conditions)):
        return handed
    headers["Content-Range"] = content_range(one, content.size)
    return streamed(206, _piece(content, one), len(one), headers)


def _piece(content: Content, one: range) -> Iterator[bytes]:
    with content.prepared(one.start, one.stop) as source:
        yield from source.open_at(one.start)


def _multipart(representation: Representation, ranges: list[range], headers: dict[str, str]) -> Response:
    """Answer several ranges as `multipart/byteranges` (RFC 9110 14.6), in the order of the request."""
    content, boundary = representation.content, secrets.token_hex(16)
    heads = [
        f"{'' if one is ranges[0] else CRLF}--{boundary}\r\nContent-Type: {representation.content_type}\r\n"
        f"Content-Range: {content_range(one, content.size)}\r\n\r\n".encode("ascii")
        for one in ranges
    ]
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")

    def body() -> Iterator[bytes]:
        first, last = min(one.start for one in ranges), max(one.stop for one in ranges)
        with content.prepared(first, last) as source:
            for head, one in zip(heads, ranges, strict=True):
                with closing(exactly(source.open_at(one.start), len(one))) as part:
                    yield head + next(part)
                    yield from part
        yield tail

    length = sum(map(len, heads)) + sum(map(len, ranges)) + len(tail)
    headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    return streamed(206, body(), length, headers)


def content_range(one: range, size: int) -> str:
    """Write a Content-Range (RFC 9110 14.4)."""
    return f"bytes {one.start}-{one.stop - 1}/{size}"


def exactly(blocks: Iterator[bytes], length: int) -> Generator[bytes, None, None]:
    """Pass on exactly `length` bytes, and close the blocks.

    More would run into the next response of the connection; fewer must never look like the end.

    :raises ContentVanished: there are fewer bytes.
    """
    try:
        yield from _counted(blocks, length)
    finally:
        _close(blocks)


def _counted(blocks: Iterator[bytes], length: int) -> Iterator[bytes]:
    left = length
    for block in blocks:
        if left <= len(block):
            yield block[:left]
            return
        left -= len(block)
        yield block
    if left:
        raise ContentVanished


class Body:
    """A response body of `length` bytes. Its first block was read before the response started.

    Servers call `close` at the end, and when the client goes away. `Response.call_on_close` does not work here.

    :param report: called where the download must break off: its status is sent already, so that no error handler is.
    """

    def __init__(
        self, first: bytes, blocks: Iterator[bytes], length: int, report: Callable[[BaseException], None]
    ) -> None:
        self._first, self._blocks, self._left, self._report = first, blocks, length - len(first), report

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        self._first = b""
        try:
            yield from _counted(self._blocks, self._left)
        except Unavailable as error:
            self._report(error)
            raise

    def close(self) -> None:
        _close(self._blocks)


def _close(blocks: Iterator[bytes]) -> None:
    close = getattr(blocks, "close", None)
    if close:
        close()


def streamed(status: int, blocks: Iterator[bytes], length: int, headers: dict[str, str]) -> Response:
    """Make a response of `length` bytes from blocks.

    Read the first block at once, so that a failure up to there becomes an error response.

    :raises ContentVanished: there is no block, although `length` is not 0.
    """
    first = b""
    try:
        first = next(filter(None, blocks), b"")
    finally:
        if not first or len(first) >= length:
            _close(blocks)
    if not first and length:
        raise ContentVanished
    if len(first) >= length:
        # A small value needs no stream, and `send_file` would take a tenth of the request's time. Give an empty type,
        # because Werkzeug would spend time on a missing one.
        whole = [first[:length]]
        response = response_class()(whole, status=status, content_type="", direct_passthrough=True)
    else:
        response = _sent_file(Body(first, blocks, length, failure_log("download")))
        response.status_code = status
    # Only our headers, without those that the host's class adds. One list takes half the time of single sets.
    response.headers = Headers([*headers.items(), ("Content-Length", str(length))])
    return response


def _sent_file(body: Body) -> Response:
    # Give a private environ, without the server's own file wrapper, which may read from another thread; send_file's
    # default wrapper reads 8 KiB at a time. Don't use its conditional answers: they judge ranges before preconditions.
    response = send_file(
        cast(IO[bytes], body),
        {"wsgi.file_wrapper": lambda body, _: body},
        mimetype="application/octet-stream",
        conditional=False,
        response_class=response_class(),
    )
    return cast(Response, response)
