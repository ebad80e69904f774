"""Receive the body of a request. Each WSGI server reports an unreadable body in its own way; we raise one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from ..errors import LengthRequired, UnreadableBody


def limit_body(request: Request, limit: int) -> None:
    """Limit the bytes of a request's body. If the host's MAX_CONTENT_LENGTH is smaller, that is the limit.

    :raises LengthRequired: the body comes in chunks, and this server doesn't pass them to apps (RFC 9110 15.5.12).
    """
    host = request.max_content_length
    request.max_content_length = limit if host is None else min(host, limit)
    if is_chunked(request) and not request.environ.get("wsgi.input_terminated") and request.content_length is None:
        raise LengthRequired


def received(request: Request) -> bytes:
    """Read a short body into memory.

    :raises UnreadableBody: the body can't be read, or came in chunks and is empty.
    """
    with _explained():
        body = request.get_data(cache=False)
    if not body and is_chunked(request):
        raise UnreadableBody  # granian reports no error for broken chunks: the body just ends
    return body


class Incoming:
    """The stream of a request's body."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes.

        :raises UnreadableBody: the connection broke, or the chunks can't be decoded.
        """
        with _explained():
            return self._stream.read(size)


def is_chunked(request: Request) -> bool:
    """Tell whether the body comes in chunks, so that its length is unknown until its end."""
    return "Transfer-Encoding" in request.headers


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except RequestEntityTooLarge:
        raise
    except Exception as error:  # servers raise ValueError, OSError or their own class for a broken chunk (RFC 9112 7.1)
        raise UnreadableBody from error
