"""Clients that keep a served app busy: they write, delete, read and upload, and check all answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from random import Random
from typing import NamedTuple, TypeAlias

from flask_taskvars.values import BLOCK
from tests.support.faults import Figures, rounds
from tests.support.rawhttp import PATIENCE, Address
from tests.support.tus import BODY_TYPE

TASK = "/task/task"
TILE = 1024
"""A value repeats one random tile, so that a mix of two values shows in any part of it."""
SIZES = (8 * TILE, 3 * BLOCK)
"""One size fits into the variable's row, the other needs several chunks."""
RANGES = ("bytes=2048-6143", "bytes=-4096", "bytes=1024-")
"""Parts of each value, in whole tiles."""
EXPECTED = {200, 201, 204, 206, 404, 503}
LEFT_BEHIND = {404, 409, 410, 423}
"""The answers to an upload that took longer than the grace period, so that a sweep deleted its bytes."""
NOTHING: Mapping[str, str] = {}


class Answer(NamedTuple):
    status: int
    fields: Mapping[str, str]
    body: bytes


Act: TypeAlias = "Callable[[Client, Random, int], object]"


class Load:
    """Makes clients of the app, and collects what they see.

    :param names: the number of variables that the clients use.
    """

    def __init__(self, address: Address, names: int, counted: Figures) -> None:
        self.address, self.names, self.counted = address, names, counted
        self.slowest: dict[str, float] = {}
        """The slowest seconds of each kind of request."""
        self._lock = threading.Lock()

    def clients(self, seconds: float, acts: Sequence[Act]) -> list[Callable[[], None]]:
        """Make a client for each of the acts, which repeats it for so many seconds."""
        return [partial(self._run, seconds, act, number) for number, act in enumerate(acts)]

    def _run(self, seconds: float, act: Act, seed: int) -> None:
        random = Random(seed)
        with closing(Client(self)) as client:
            for turn in rounds(seconds):
                act(client, random, turn)

    def took(self, what: str, seconds: float) -> None:
        """Remember the slowest request of a kind."""
        with self._lock:
            self.slowest[what] = max(self.slowest.get(what, 0), seconds)


class Client:
    """A client that keeps its connection as long as possible."""

    def __init__(self, load: Load) -> None:
        self._load, self._connection = load, http.client.HTTPConnection(*load.address, timeout=PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def write(self, random: Random, turn: int) -> None:
        """Set a variable to bytes, or delete it."""
        url = self._variable(random)
        if turn % 7 == 0:
            answer = self._ask("delete", "DELETE", url)
        else:
            document = {"type": "Bytes", "value": b64encode(_value(random)).decode()}
            answer = self._ask("write", "PUT", url, {"Content-Type": "application/json"}, json.dumps(document).encode())
        self._load.counted.count(acknowledged=answer is not None and answer.status == 204)

    def read(self, random: Random, turn: int) -> None:
        """Read a variable."""
        self._look(self._ask("read", "GET", f"{self._variable(random)}/data"))

    def read_part(self, random: Random, turn: int) -> None:
        """Read a part of a variable."""
        self._look(self._ask("part", "GET", f"{self._variable(random)}/data", {"Range": random.choice(RANGES)}))

    def upload(self, random: Random, turn: int) -> None:
        """Begin an upload in two requests. Finish one of four, and abandon the others in three ways."""
        data = _value(random)
        half = len(data) // 2
        begun = self._tus("POST", f"{self._variable(random)}/uploads", {"Upload-Length": str(len(data))})
        if begun is None or begun.status != 201:
            return
        url = begun.fields["Location"]
        self._append(url, 0, data[:half])
        match turn % 4:
            case 0:
                answer = self._append(url, half, data[half:])
                self._load.counted.count(acknowledged=answer is not None and answer.status == 204)
            case 1:
                self._break_off(url, half, data[half:])
            case 2:
                self._tus("DELETE", url)

    def _append(self, url: str, offset: int, data: bytes) -> Answer | None:
        return self._tus("PATCH", url, {"Upload-Offset": str(offset), "Content-Type": BODY_TYPE}, data)

    def _break_off(self, url: str, offset: int, data: bytes) -> None:
        """Send half of the announced bytes, and disconnect."""
        self._load.counted.note("uploads broken off")
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": BODY_TYPE}
        try:
            self._connection.putrequest("PATCH", url)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self._connection.putheader(name, value)
            self._connection.endheaders(data[: len(data) // 2])
        finally:
            self.close()

    def _tus(self, method: str, url: str, headers: Mapping[str, str] = NOTHING, data: bytes = b"") -> Answer | None:
        headers = {"Tus-Resumable": "1.0.0", **headers}
        return self._ask("upload", method, url, headers, data, EXPECTED | LEFT_BEHIND)

    def _look(self, answer: Answer | None) -> None:
        """Check that the bytes belong to a single value."""
        if answer is not None and answer.status in (200, 206):
            body = answer.body
            self._load.counted.count(lost=body != body[:TILE] * (len(body) // TILE))

    def _variable(self, random: Random) -> str:
        return f"{TASK}/variables/v{random.randrange(self._load.names)}"

    def _ask(
        self,
        what: str,
        method: str,
        url: str,
        headers: Mapping[str, str] = NOTHING,
        body: bytes = b"",
        expected: set[int] = EXPECTED,
    ) -> Answer | None:
        """Send a request. Return the answer, or None if the connection ended too early."""
        counted, started = self._load.counted, time.monotonic()
        counted.count(requests=1)
        try:
            self._connection.request(method, url, body or None, dict(headers))
            response = self._connection.getresponse()
            answer = Answer(response.status, dict(response.getheaders()), response.read())
        except (http.client.HTTPException, ConnectionError):
            counted.note("connections broken")
            self.close()
            return None
        finally:
            self._load.took(what, time.monotonic() - started)
        assert answer.status in expected, (answer.status, answer.body[:1000])
        counted.count(faults=answer.status == 503)
        return answer


def _value(random: Random) -> bytes:
    return random.randbytes(TILE) * (random.choice(SIZES) // TILE)
