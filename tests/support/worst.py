"""`python -m tests.support.worst NAME`: send one of the most expensive requests that the default settings allow.

It prints a JSON object: the status, the growth of the process's peak memory in bytes, the seconds of processor time,
and the bytes of the request's body and of the answer.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flask_taskvars import Bytes
from tests.support.desk import Desk, make_desk

MIB = 2**20
JSON, FORM = "application/json", "multipart/form-data; boundary=b"
VALUE, ALL, DATA = "/task/t/variables/v", "/task/t/variables", "/task/t/variables/v/data"


@dataclass(frozen=True)
class Request:
    """A request. Its body is made piece by piece, so that it takes no memory itself.

    :param drip: whether the server passes on the body one byte at a time.
    """

    method: str
    path: str
    body: Iterable[bytes] = ()
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False


def filled(start: str, unit: str, end: str, size: int = 4 * MIB - 16) -> list[bytes]:
    """Make a JSON text of about `size` bytes by repeating a unit."""
    count = (size - len(start) - len(end)) // len(unit)
    return [f"{start}{(unit * count).rstrip(',')}{end}".encode()]


def put(start: str, unit: str, end: str = "}") -> Request:
    return Request("PUT", VALUE, filled(start, unit, end), JSON)


def post(document: object) -> Request:
    return Request("POST", ALL, [json.dumps(document).encode()], JSON)


def form(*parts: tuple[str, Iterable[bytes]], drip: bool = False) -> Request:
    """Make a form.

    :param parts: for each part, the text after `form-data` in the Content-Disposition, and the bytes.
    """
    heads = [(f"\r\n--b\r\nContent-Disposition: form-data{head}\r\n\r\n".encode(), body) for head, body in parts]
    body = itertools.chain(*([head, *body] for head, body in heads), [b"\r\n--b--\r\n"])
    return Request("POST", DATA, body, FORM, drip=drip)


NAMES = [f"{number:04}" + "n" * 200 for number in range(1000)]
RANGES = ",".join(f"{start * MIB}-{start * MIB + MIB - 2}" for start in range(64))

REQUESTS: dict[str, Request] = {
    "arrays in a String": put('{"type": "String", "value": [', "[],", "]}"),
    "objects in a value": put('{"value": [', '{"":[]},', "]}"),
    "a text of 4 bytes a character": put('{"value": "\\ud83d\\ude00', "x", '"}'),
    "a number of 2 MiB": put('{"type": "Double", "value": "', "1", '"}'),
    "Base64 in groups of four": put('{"type": "Bytes", "value": "', "QUJD ", '"}'),
    "deep arrays": Request("PUT", VALUE, filled('{"value": ', "[", ""), JSON),
    "1000 names set": post({"modifications": {name: {"value": "x" * 1800} for name in NAMES}}),
    "1000 names deleted": post({"deletions": NAMES}),
    "1000 modifications that don't fit": post({"modifications": dict.fromkeys(NAMES, 0)}),
    "a type of 2 MiB": put('{"type": "', "\x7f", '"}'),
    "an upload of 256 MiB": form(("; name=data; filename=f", itertools.repeat(bytes(MIB), 256))),
    "a text of 500 kB in a form": form(("; name=data", [b"x" * 499_000]), ("; name=valueType", [b"String"])),
    "16 heads of 60 kB": form(*[("; name=data; filename=f" + ";a=b" * 15_000, [b"x"])] * 16),
    "a head that drips": form(("; name=data; filename=f" + ";a=b" * 15_000, [b"x"]), drip=True),
    "64 ranges of 64 MiB": Request("GET", DATA, headers={"Range": f"bytes={RANGES}"}),
    "tags of 200 kB": Request("GET", DATA, headers={"If-None-Match": 'W/"x",' * 30_000}),
}


class Body:
    """A `wsgi.input` made of pieces."""

    def __init__(self, pieces: Iterator[bytes], drip: bool) -> None:
        self._pieces, self._held, self._drip, self.length = pieces, b"", drip, 0

    def read(self, size: int = -1) -> bytes:
        while not self._held and (piece := next(self._pieces, None)) is not None:
            self._held = piece
        end = 1 if self._drip else size if size >= 0 else len(self._held)
        given, self._held = self._held[:end], self._held[end:]
        self.length += len(given)
        return given


def measure(desk: Desk, request: Request) -> dict[str, object]:
    """Send a request once and read its answer."""
    desk.client.put(VALUE, json={"value": 1})
    if request.method == "GET":
        desk.storage.set("t", "v", Bytes(_Zeros(64 * MIB)))
    body = Body(iter(request.body), request.drip)
    before, start = _peak(), time.process_time()
    answer = desk.client.open(
        request.path,
        method=request.method,
        headers=request.headers,
        environ_overrides={
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            "CONTENT_TYPE": request.content_type or "",  # given as an argument, the client would write its own form
        },
        buffered=False,
    )
    answered = sum(map(len, answer.response))
    answer.close()
    used = {"peak": _peak() - before, "cpu": round(time.process_time() - start, 2)}
    return {"status": answer.status_code, **used, "sent": body.length, "answered": answered}


class _Zeros:
    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int, /) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return bytes(size)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, make_desk(f"sqlite:///{Path(folder) / 'taskvars.db'}") as desk:
        desk.storage.add_scope("t")
        print(json.dumps(measure(desk, REQUESTS[sys.argv[1]])))
