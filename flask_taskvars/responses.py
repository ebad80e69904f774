"""From a content to its response: preconditions, then ranges, then bytes (RFC 9110 13.2, 14, 15)."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import IO, cast

from flask import Request, Response, current_app
from werkzeug.datastructures import Headers
from werkzeug.utils import send_file

from .errors import ContentVanished, PreconditionFailed, RangeNotSatisfiable
from .preconditions import evaluate, range_applies
from .ranges import select_ranges
from .representations import Representation

CRLF = "\r\n"
_CONDITIONAL = frozenset(
    {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE"}
)
"""The headers that can make the answer to a GET another one than the whole, as WSGI names them."""


def content_response(representation: Representation, request: Request) -> Response:
    """Answer a GET or HEAD.

    :raises PreconditionFailed: a precondition is false.
    :raises RangeNotSatisfiable: no range lies within the content.
    :raises ContentVanished: the bytes are gone before the first of them is sent.
    :raises StorageUnavailable: the storage can't be reached before the first byte is sent.
    """
    method, conditions = request.method, request.headers
    if method == "GET" and request.environ.keys().isdisjoint(_CONDITIONAL):
        return _full(representation)
    etag, modified = representation.etag, representation.modified
    match evaluate(method, conditions, [etag], modified):
        case 304:
            return bodyless(304, representation.validating())
        case 412:
            raise PreconditionFailed(etag)
    size = representation.content.size
    if method == "HEAD":
        return bodyless(200, representation.headers() | {"Content-Length": str(size)})
    header = conditions.get("Range")
    if header is not None and range_applies(conditions, etag, modified):
        ranges = select_ranges(header, size)
        if ranges is not None:
            return _partial(representation, ranges, brief="If-Range" in conditions)
    return _full(representation)


def bodyless(status: int, headers: dict[str, str]) -> Response:
    """A response of headers alone: to HEAD, or a 304."""
    response = current_app.response_class(status=status)
    response.headers = Headers([*headers.items()])
    return response


def _full(representation: Representation) -> Response:
    content = representation.content
    blocks = content.open_at(0) if content.size else iter(())
    return streamed(200, blocks, content.size, representation.headers())


def _partial(representation: Representation, ranges: list[range], *, brief: bool) -> Response:
    """Answer 206; a `brief` one leaves out what the client has from its first response (RFC 9110 15.3.7)."""
    content = representation.content
    if not ranges:
        raise RangeNotSatisfiable(content.size)
    headers = representation.headers()
    if brief:
        del headers["Content-Type"]
        headers.pop("Last-Modified", None)
    if len(ranges) > 1:
        return _multipart(representation, ranges, headers)
    [one] = ranges
    headers["Content-Range"] = content_range(one, content.size)
    return streamed(206, content.open_at(one.start), len(one), headers)


def _multipart(representation: Representation, ranges: list[range], headers: dict[str, str]) -> Response:
    """Answer several ranges as `multipart/byteranges` (RFC 9110 14.6), in the order asked for."""
    content, boundary = representation.content, secrets.token_hex(16)
    heads = [
        f"{'' if one is ranges[0] else CRLF}--{boundary}\r\nContent-Type: {representation.content_type}\r\n"
        f"Content-Range: {content_range(one, content.size)}\r\n\r\n".encode("ascii")
        for one in ranges
    ]
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")

    def body() -> Iterator[bytes]:
        for head, one in zip(heads, ranges, strict=True):
            with closing(exactly(content.open_at(one.start), len(one))) as part:
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

    :raises ContentVanished: there are fewer.
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
    """A response of `length` bytes out of blocks, the first of which was read before.

    Servers call `close` at the end and when the client goes away; `Response.call_on_close` is not called for these.
    """

    def __init__(self, first: bytes, blocks: Iterator[bytes], length: int) -> None:
        self._first, self._blocks, self._left = first, blocks, length - len(first)

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        self._first = b""
        yield from _counted(self._blocks, self._left)

    def close(self) -> None:
        _close(self._blocks)


def _close(blocks: Iterator[bytes]) -> None:
    close = getattr(blocks, "close", None)
    if close:
        close()


def streamed(status: int, blocks: Iterator[bytes], length: int, headers: dict[str, str]) -> Response:
    """A response of `length` bytes out of blocks.

    The first is read at once, so that a failure before it is an answer of its own.

    :raises ContentVanished: there is none.
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
        # A small value has nothing to stream, and `send_file` would take a tenth of all its time. A type must be given:
        # to find out that there is none takes Werkzeug longer.
        whole = [first[:length]]
        response = current_app.response_class(whole, status=status, content_type="", direct_passthrough=True)
    else:
        response = _sent_file(Body(first, blocks, length))
        response.status_code = status
    # Ours alone, whatever the host's class adds; and to make them at once costs half of setting one after the other.
    response.headers = Headers([*headers.items(), ("Content-Length", str(length))])
    return response


def _sent_file(body: Body) -> Response:
    # A private environ: the server's own file wrapper may read from another thread, and send_file's default reads
    # 8 KiB at a time. Its conditional answers are not used; they judge ranges before preconditions.
    response = send_file(
        cast(IO[bytes], body),
        {"wsgi.file_wrapper": lambda body, _: body},
        mimetype="application/octet-stream",
        conditional=False,
        response_class=current_app.response_class,
    )
    return cast(Response, response)
