"""The clients: wrk for many small requests, and another one that times a single transfer."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

from tests.support.databases import program
from tests.support.forms import CONTENT_TYPE, END, part
from tests.support.rawhttp import Address

from .values import pieces

PATIENCE = 300.0
BUFFER = 2**20
LAST_CHUNK = b"\r\n0\r\n\r\n"
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3}
NO_HEADERS: Mapping[str, str] = {}

HEAD = part("data", b"", "report.pdf", "application/pdf").removesuffix(b"\r\n")
TAIL = b"\r\n" + part("valueType", "File") + END


class Refused(Exception):
    """The answer is not the expected one."""


@dataclass(frozen=True)
class Load:
    """The figures that wrk prints."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float


def wrk(url: str, *, seconds: float, connections: int) -> Load:
    """Request one URL again and again, on several connections.

    :raises Refused: some answers were errors.
    :raises Missing: wrk is not installed.
    """
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "--latency", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise Refused(text)
    count, rate = re.search(r"(\d+) requests in", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert count is not None
    assert rate is not None
    return Load(int(count[1]), float(rate[1]), _latency(text, "50%"), _latency(text, "99%"))


def _latency(text: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)\b", text)
    assert found is not None
    return float(found[1]) * UNITS[found[2]]


class Client:
    """A client with one kept-alive connection."""

    def __init__(self, address: Address) -> None:
        self._connection = HTTPConnection(*address, timeout=PATIENCE)
        self._buffer = memoryview(bytearray(BUFFER))

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, size: int, headers: Mapping[str, str] = NO_HEADERS) -> tuple[float, float]:
        """Download `size` bytes and discard them. Return the seconds to the first and to the last byte.

        :raises Refused: the answer is no success, or not whole.
        """
        started = time.perf_counter()
        response = self._ask(path, headers)
        seen = response.readinto(self._buffer[:1])
        first = time.perf_counter() - started
        seen += self._rest_of_chunks(response) if response.chunked else self._rest(response)
        whole = time.perf_counter() - started
        if seen < size:
            raise Refused(f"download: {seen} of {size} bytes came")
        return first, whole

    def _rest(self, response: HTTPResponse) -> int:
        seen = 0
        while read := response.readinto(self._buffer):
            seen += read
        return seen

    def _rest_of_chunks(self, response: HTTPResponse) -> int:
        """Read chunks without decoding them, because http.client would be slower than the engine that sends them."""
        seen, end = 0, b""
        while end != LAST_CHUNK and (read := response.fp.readinto1(self._buffer)):
            seen += read
            end = (end + bytes(self._buffer[max(0, read - len(LAST_CHUNK)) : read]))[-len(LAST_CHUNK) :]
        response.close()
        return seen

    def digest(self, path: str) -> str:
        """Download, and return the SHA-256 of the received bytes."""
        response, hashed = self._ask(path, NO_HEADERS), hashlib.sha256()
        while read := response.readinto(self._buffer):
            hashed.update(self._buffer[:read])
        return hashed.hexdigest()

    def _ask(self, path: str, headers: Mapping[str, str]) -> HTTPResponse:
        self._connection.request("GET", path, headers=dict(headers))
        response = self._connection.getresponse()
        if response.status not in (200, 206):
            raise _refusal("download", response, response.read())
        return response

    def post(self, path: str, size: int) -> float:
        """Upload a value in a form. Return the seconds until the answer.

        :raises Refused: the answer is no success.
        """
        started = time.perf_counter()
        self._connection.putrequest("POST", path)
        self._connection.putheader("Content-Type", CONTENT_TYPE)
        self._connection.putheader("Content-Length", str(len(HEAD) + size + len(TAIL)))
        self._connection.endheaders(HEAD)
        for piece in pieces(size):
            self._connection.send(piece)
        self._connection.send(TAIL)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 204:
            raise _refusal("upload", response, answer)
        return time.perf_counter() - started


def _refusal(what: str, response: HTTPResponse, answer: bytes) -> Refused:
    refusal = Refused(f"{what} refused: {response.status} {response.reason}")
    refusal.add_note(answer.decode(errors="replace")[:1000])
    return refusal
