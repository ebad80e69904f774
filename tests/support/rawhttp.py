"""HTTP/1.1 over a bare socket. It sends exactly the bytes of the test, and checks every byte of the answer."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple

PATIENCE = 60.0
"""Seconds after which a silent server counts as broken. No passing test waits that long."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Broken(Exception):
    """The connection ended, or the answer is not HTTP."""


@dataclass(frozen=True)
class Answer:
    """A response, as received.

    :param fields: names and values of the headers, in the order and case received.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""

    def __contains__(self, name: str) -> bool:
        return bool(self._values(name))

    def __getitem__(self, name: str) -> str:
        """Return the value of a header, which must occur exactly once."""
        [value] = self._values(name)
        return value.decode("ascii")

    def get(self, name: str) -> str | None:
        values = self._values(name)
        return self[name] if values else None

    def _values(self, name: str) -> list[bytes]:
        return [value for field, value in self.fields if field.lower() == name.lower().encode()]


class Connection:
    """One connection, kept alive for as many requests as the server accepts."""

    def __init__(self, address: Address, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(address)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, even while the server sends."""
        self._reader.close()
        self._socket.close()

    def ask(self, target: str | bytes, headers: str = "", method: str = "GET") -> Answer:
        """Send one request and read the whole answer to it."""
        self.send(request(target, headers, method))
        return self.answer(method)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self, method: str = "GET") -> Answer:
        """Read one answer, and no byte beyond it.

        :raises Broken: it is no HTTP, or ends before its Content-Length.
        """
        head = self.head()
        length = content_length(head, method)
        body = self.read(length)
        if len(body) != length:
            raise Broken(f"The body ended after {len(body)} of {length} bytes.")
        return Answer(head.status, head.fields, body)

    def head(self) -> Answer:
        """Read the status line and the headers. Leftover bytes of an earlier answer raise Broken."""
        line = self._line()
        status = _STATUS_LINE.fullmatch(line)
        if status is None:
            raise Broken(f"This is no status line: {line[:100]!r}")
        fields = []
        while line := self._line():
            field = _FIELD.fullmatch(line)
            if field is None:
                raise Broken(f"This is no header: {line[:100]!r}")
            fields.append((field[1], field[2]))
        return Answer(int(status[1]), fields)

    def _line(self) -> bytes:
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise Broken(f"The connection ended after {line[:100]!r}")
        return line[:-2]

    def read(self, length: int) -> bytes:
        """Read so many bytes, or fewer if the connection ends."""
        parts = []
        try:
            while length and (part := self._reader.read1(min(length, 1 << 16))):
                length -= len(part)
                parts.append(part)
        except ConnectionResetError:
            pass  # the connection ended
        return b"".join(parts)


def request(target: str | bytes, headers: str = "", method: str = "GET") -> bytes:
    """Return the bytes of a request.

    :param headers: lines such as `If-Match: *`, sent unchanged.
    """
    raw = target if isinstance(target, bytes) else target.encode("ascii")
    lines = "".join(f"{line}\r\n" for line in ("Host: 127.0.0.1", *headers.splitlines()))
    return b"%s %s HTTP/1.1\r\n%s\r\n" % (method.encode("ascii"), raw, lines.encode())


def content_length(head: Answer, method: str) -> int:
    """Return the number of bytes after the head (RFC 9112 6.3). This project's answers are never chunked."""
    if method == "HEAD" or head.status in (204, 304):
        return 0
    if "Transfer-Encoding" in head:
        raise Broken("The body is chunked: a client can't tell its size, nor resume it.")
    return int(head["Content-Length"])


def ask(address: Address, target: str | bytes, headers: str = "", method: str = "GET") -> Answer:
    """Send one request on its own connection."""
    with Connection(address) as connection:
        return connection.ask(target, headers, method)
