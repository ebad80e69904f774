"""A value of any size goes through HTTP into the database and back, while the server's memory stays constant.

`TASKVARS_TEST_BYTES` sets its size. `-s` shows the speed.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DIRECTORY
from tests.support.desk import make_desk
from tests.support.forms import CONTENT_TYPE, END, part
from tests.support.rawhttp import Address, Connection, content_length, request
from tests.support.served_world import noise
from tests.support.servers import ROOT, serve

pytestmark = [pytest.mark.slow, pytest.mark.tools]

SIZE = int(os.environ.get("TASKVARS_TEST_BYTES", 512 * 2**20))
PIECE = noise(2**20)
GROWTH = 32 * 2**20
"""The bytes of memory that a big value may take beyond a small one."""

HEAD = part("data", b"", "big.bin", "application/x-big").removesuffix(b"\r\n")
TAIL = b"\r\n" + part("valueType", "File") + END


def pieces(size: int) -> Iterator[bytes]:
    """Yield bytes in which no two MiB are equal."""
    for number in range(-(-size // len(PIECE))):
        piece = number.to_bytes(8, "big") + PIECE[8:]
        yield piece[: size - number * len(PIECE)]


def digest(parts: Iterator[bytes]) -> str:
    hashed = hashlib.sha256()
    for one in parts:
        hashed.update(one)
    return hashed.hexdigest()


def peak(log: Path) -> int:
    """Return the peak memory of the server's processes so far in bytes (VmHWM)."""
    pids = re.findall(r"\[(\d+)\] \[INFO\] (?:Starting gunicorn|Booting worker)", log.read_text())
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(found[1]) * 1024 for status in statuses if (found := re.search(r"VmHWM:\s+(\d+) kB", status)))


def send(address: Address, name: str, size: int) -> None:
    with Connection(address) as connection:
        length = f"Content-Length: {len(HEAD) + size + len(TAIL)}"
        path = f"/task/t/variables/{name}/data"
        connection.send(request(path, f"Content-Type: {CONTENT_TYPE}\n{length}", "POST") + HEAD)
        for piece in pieces(size):
            connection.send(piece)
        connection.send(TAIL)
        assert connection.answer("POST").status == 204


def receive(address: Address, name: str) -> str:
    """Download a value, and return its SHA-256."""
    with Connection(address) as connection:
        connection.send(request(f"/task/t/variables/{name}/data"))
        head = connection.head()
        assert head.status == 200
        left = content_length(head, "GET")

        def body() -> Iterator[bytes]:
            nonlocal left
            while left and (block := connection.read(min(left, 2**20))):
                left -= len(block)
                yield block

        hashed = digest(body())
        assert left == 0
        return hashed


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", DIRECTORY])
def test_a_big_value_in_flat_memory(kind: str, database_url: Callable[[str], str | None], tmp_path: Path) -> None:
    url = str(database_url(kind))
    with make_desk(url) as desk:
        desk.storage.add_scope("t")
    env = {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_LIMIT": str(SIZE + 10_000), "PYTHONPATH": str(ROOT)}
    if kind == DIRECTORY:
        env["TASKVARS_TEST_CONTENTS"] = f"file://{tmp_path}/contents"
    with serve("gunicorn", tmp_path, "tests.support.upload_app:app", env) as served:
        for warm_up in range(2):
            send(served.address, f"small-{warm_up}", 16 * 2**20)
            receive(served.address, f"small-{warm_up}")
        before, start = peak(served.log), time.monotonic()
        send(served.address, "big", SIZE)
        written = time.monotonic()
        after_upload = peak(served.log)
        hashed, read = receive(served.address, "big"), time.monotonic()
        after = peak(served.log)
        assert hashed == digest(pieces(SIZE))
    print(
        f"{kind}: {SIZE / 2**20:.0f} MiB, up {SIZE / (written - start) / 1e6:.0f} MB/s,"
        f" down {SIZE / (read - written) / 1e6:.0f} MB/s; peak {before / 2**20:.1f} MiB after the warm-up,"
        f" {after_upload / 2**20:.1f} after the upload, {after / 2**20:.1f} after the download"
    )
    assert after - before < GROWTH
