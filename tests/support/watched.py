"""A content that records how a response reads it, and the bytes that a server would send."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, Response, request

from flask_taskvars.http import responses
from flask_taskvars.http.representations import Representation
from flask_taskvars.values import Content

DATA = bytes(range(100))
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


class WatchedContent(Content):
    """Bytes that record each opening and each closing.

    :param ends_after: the number of bytes after which a read breaks off.
    :param failure: the error that is raised there, if any.
    """

    def __init__(self, data: bytes = DATA, ends_after: int | None = None, failure: Exception | None = None) -> None:
        self.size, self.sha256, self.modified = len(data), hashlib.sha256(data).digest(), MOMENT
        self.etag = self.sha256.hex()
        self._data, self._failure = data[:ends_after], failure
        self.opened: list[int] = []
        self.closed = 0
        self.readers: list[Iterator[bytes]] = []  # kept, so that garbage collection doesn't close them

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
    """The answer that a server would send."""

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
    return responses.respond(described, request)


DESCRIBED = hashlib.sha256(b'text/plain; charset=UTF-8\nattachment; filename="a.txt"').hexdigest()[:16]
COMMON = {
    "Content-Disposition": 'attachment; filename="a.txt"',
    "ETag": f'"{hashlib.sha256(DATA).hexdigest()}-{DESCRIBED}"',
    "Repr-Digest": "sha-256=:vOCv8Zz1qmp0aaMNYdBOQ3bku/Y4EFLunn8zklyVTVI=:",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Vary": "Sec-Fetch-Dest",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATED = {"Content-Type": "text/plain; charset=UTF-8", "Last-Modified": "Thu, 02 Jan 2020 03:04:05 GMT"}
WHOLE = COMMON | DATED | {"Content-Length": "100"}
