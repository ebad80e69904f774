"""Values of gigabytes in constant memory. Also a program: `python -m tests.storage.test_big_values URL BYTES [FOLDER]`.

`TASKVARS_TEST_BYTES` sets the number of bytes. A value takes as many bytes of the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from flask_taskvars import File
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.conftest import DIRECTORY
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import SERVERS

SIZE = int(os.environ.get("TASKVARS_TEST_BYTES", 128 * 1024**2))
WARM_UP = 16 * BLOCK
ALLOWED = 8 * 1024**2
TAIL = 100_000


class Generated:
    """A stream of bytes that can't be compressed. No two blocks are equal; each is made when it is read."""

    def __init__(self, size: int) -> None:
        self._left, self._block = size, random.Random(0).randbytes(BLOCK)
        self.digest = hashlib.sha256()
        self.tail = b""

    def read(self, size: int, /) -> bytes:
        piece = (self._left.to_bytes(8, "big") + self._block[8:])[: min(size, self._left)]
        self._left -= len(piece)
        self.digest.update(piece)
        self.tail = (self.tail + piece)[-TAIL:]
        return piece


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*SERVERS, DIRECTORY])
def test_memory_stays_flat(kind: str, database_url: Callable[[str], str | None], tmp_path: Path) -> None:
    folder = [str(tmp_path / "contents")] if kind == DIRECTORY else []
    command = [sys.executable, "-m", __name__, str(database_url(kind)), str(SIZE), *folder]
    try:
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    finally:
        shutil.rmtree(tmp_path)
    seen = json.loads(run.stdout)
    print(f"{kind}: {seen}")
    assert seen["grown"] < ALLOWED


def measure(url: str, size: int, folder: str | None = None) -> dict[str, float]:
    """Write and read one value. Return the growth of the peak memory in bytes, and the seconds for each step.

    :param folder: a directory for the bytes. `flask taskvars move` then moves them to the database and back.
    """
    with make_desk(url, **settings(folder)) as desk:
        assert isinstance(desk.storage, SQLAlchemyStorage)
        desk.storage.add_scope("task")
        carry(desk, WARM_UP)
        moved = move(desk) if folder else 0.0
        before = peak_memory()
        written, read = carry(desk, size)
        moved = move(desk) if folder else 0.0
        grown = peak_memory() - before
        started = time.monotonic()
        desk.storage.remove_scope("task")
        assert desk.storage.sweep(older_than=0) == (6 if folder else 2)
        swept = time.monotonic() - started
        assert desk.db is not None
        desk.db.drop_all()
    return {"size": size, "grown": grown, "written": written, "read": read, "moved": moved, "swept": swept}


def settings(folder: str | None) -> dict[str, object]:
    return {"TASKVARS_CONTENTS": {"files": f"file://{folder}", "database": "database"}} if folder else {}


def move(desk: Desk) -> float:
    """Move all contents to the database and back into the directory. Return the seconds that it took."""
    started = time.monotonic()
    for store in ("database", "files"):
        moved = desk.app.test_cli_runner().invoke(args=["taskvars", "move", "--to", store])
        assert (moved.exit_code, moved.output.count("missing")) == (0, 0), moved.output
    return time.monotonic() - started


def carry(desk: Desk, size: int) -> tuple[float, float]:
    """Write a value from a stream; read it through WSGI, whole and a range at its end. Return the seconds of both."""
    source, started = Generated(size), time.monotonic()
    desk.storage.set("task", "big", File(source, filename="big.bin"))
    written = time.monotonic() - started
    started = time.monotonic()
    status, length, digest, _ = fetch(desk.app)
    read = time.monotonic() - started
    assert (status, length, digest) == ("200 OK", size, source.digest.digest())
    status, length, _, end = fetch(desk.app, f"bytes=-{TAIL}")
    assert (status, length, end) == ("206 PARTIAL CONTENT", TAIL, source.tail)
    return written, read


def fetch(app: Flask, byte_range: str | None = None, *, name: str = "big") -> tuple[str, int, bytes, bytes]:
    """Return the status, Content-Length, SHA-256 and last bytes of a download. Hold only one block at a time."""
    started: list[tuple[str, dict[str, str]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append((status, dict(headers)))
        return lambda data: None

    asked = [("Range", byte_range)] if byte_range else None
    builder = EnvironBuilder(f"/task/task/variables/{name}/data", headers=asked)
    body = app(builder.get_environ(), start_response)
    digest, end = hashlib.sha256(), b""
    for block in body:
        digest.update(block)
        end = (end + block)[-TAIL:]
    getattr(body, "close", lambda: None)()
    [(status, headers)] = started
    return status, int(headers["Content-Length"]), digest.digest(), end


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])))
