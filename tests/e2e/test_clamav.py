"""ClamAV's daemon as a gate. Infected values and values that could not be scanned are not stored."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from flask_taskvars import Bytes, Value
from flask_taskvars.errors import ConfigError, ScannerUnavailable
from flask_taskvars.gates import ClamAV
from flask_taskvars.values import BLOCK, Content
from tests.conftest import DIRECTORY, server
from tests.support.clamd import INFECTED, LIMIT, VIRUS, clamd
from tests.support.desk import Desk
from tests.support.forms import chunk_rows, error, message, part, upload

pytestmark = pytest.mark.tools

CLEAN = bytes(3 * BLOCK)
BAD = CLEAN[: BLOCK - 10] + INFECTED + CLEAN
"""The position of the signature, across the border of two blocks."""

KIB = 1024


@pytest.fixture(scope="module")
def daemon() -> Iterator[tuple[str, str]]:
    """The addresses of a daemon that was started for this run."""
    yield from server(clamd)  # type: ignore[arg-type,misc]


@pytest.fixture(params=["sqlite", DIRECTORY])
def desk(request: pytest.FixtureRequest, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A task `t` with its long values in the database or in files."""
    with empty_desk(request.param) as made:
        made.storage.add_scope("t")
        yield made


def send(desk: Desk, data: bytes, name: str = "v") -> int:
    return upload(desk, f"t/variables/{name}", part("data", data, "a.bin"), part("valueType", "File")).status_code


@pytest.mark.parametrize("place", [0, 1], ids=["path", "port"])
def test_an_infected_value_is_refused(desk: Desk, daemon: tuple[str, str], place: int) -> None:
    desk.taskvars.accept(ClamAV(daemon[place]))
    bad = {"type": "Bytes", "value": b64encode(BAD).decode()}
    for answer in (
        upload(desk, "t/variables/v", part("data", BAD, "a.bin"), part("valueType", "File")),
        upload(desk, "t/variables/v", part("data", INFECTED)),
        desk.client.put("/task/t/localVariables/v", json=bad),
        desk.client.post("/task/t/variables", json={"modifications": {"fine": {"value": 1}, "v": bad}}),
    ):
        assert answer.status_code == 422
        expected = f"The virus scanner refuses the value: {VIRUS}.UNOFFICIAL."
        assert error(answer) == {"type": "RefusedException", "message": expected, "code": None}
    assert desk.storage.get_all("t") == {}
    assert chunk_rows(desk) == 0


def test_a_clean_value_is_stored(desk: Desk, daemon: tuple[str, str]) -> None:
    desk.taskvars.accept(ClamAV(daemon[0]))
    for data in (b"", b"x", CLEAN):
        assert send(desk, data) == 204
    for document in ({"type": "Bytes", "value": None}, {"value": "text"}):
        assert desk.client.put("/task/t/variables/v", json=document).status_code == 204


def test_a_value_that_is_too_long_to_be_scanned_is_refused(desk: Desk, daemon: tuple[str, str]) -> None:
    """Our limit makes it a 413. If only the daemon's limit is exceeded, the value is not stored either."""
    long = bytes(LIMIT + 1)
    gate = ClamAV(daemon[0], limit=LIMIT)
    desk.taskvars.accept(gate)
    assert send(desk, long) == 413
    assert send(desk, long[1:]) == 204
    with pytest.raises(ScannerUnavailable):
        ClamAV(daemon[0], limit=2 * LIMIT)("t", "v", Bytes(Zeros(2 * LIMIT)))


def test_each_of_many_at_once_gets_its_own_answer(daemon: tuple[str, str], desk: Desk) -> None:
    desk.taskvars.accept(ClamAV(daemon[0]))
    data = [BAD if number % 2 else CLEAN for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda number: send(desk, data[number], f"v{number}"), range(12)))
    assert statuses == [204, 422] * 6


class Zeros(Content):
    """Bytes that are made as they are read."""

    etag, sha256, modified = "zeros", None, None

    def __init__(self, size: int) -> None:
        self.size = size

    def open_at(self, offset: int) -> Iterator[bytes]:
        for start in range(offset, self.size, BLOCK):
            yield bytes(min(BLOCK, self.size - start))


def test_the_memory_that_a_scan_takes(daemon: tuple[str, str]) -> None:
    gate = ClamAV(daemon[0])
    gate("t", "v", Bytes(Zeros(BLOCK)))
    tracemalloc.start()
    try:
        gate("t", "v", Bytes(Zeros(LIMIT)))
        assert tracemalloc.get_traced_memory()[1] < 4 * BLOCK
    finally:
        tracemalloc.stop()


@contextmanager
def answering(folder: Path, answer: bytes | None) -> Iterator[str]:
    """Run a daemon that reads a value and gives this answer. With None it hangs up after the first bytes."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            stream.read(100)
            while answer is not None and (size := int.from_bytes(stream.read(4), "big")):
                stream.read(size)
            connection.sendall(answer or b"")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "daemon"))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield str(folder / "daemon")
        thread.join(60)


@pytest.mark.parametrize("address", ["absent", "listed", "127.0.0.1:1"])
def test_no_value_is_stored_without_a_daemon(
    desk: Desk, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "listed").touch()
    desk.taskvars.accept(ClamAV(address if ":" in address else str(tmp_path / address), timeout=2))
    answer = upload(desk, "t/variables/v", part("data", CLEAN))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert message(answer) == "The value can't be scanned now, and was not stored: try again in a moment."
    assert "taskvars: the scanner failed: " in caplog.text
    assert desk.storage.get_all("t") == {}
    assert chunk_rows(desk) == 0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"\n",
        b"OK\n",
        b"stream:\n",
        b"stream: \n",
        b"other: OK\n",
        b"stream: no memory ERROR\n",
        b"INSTREAM size limit exceeded. ERROR\n",
        b"\xff\xfe\n",
    ],
)
def test_a_daemon_with_an_unclear_answer(answer: bytes | None, tmp_path: Path) -> None:
    with answering(tmp_path, answer) as address, pytest.raises(ScannerUnavailable):
        ClamAV(address, timeout=60)("t", "v", Bytes(Zeros(BLOCK if answer is None else KIB)))


def test_values_that_are_not_binary_are_not_scanned() -> None:
    ClamAV("/absent")("t", "v", Value("String", INFECTED.decode()))


@pytest.mark.parametrize(
    "address", ["", "scanner", "scanner:", "scanner:65536", "::1:3310", "clamd.ctl", "unix:///clamd"]
)
def test_an_impossible_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="is neither an absolute path nor a host and port"):
        ClamAV(address)


def test_an_impossible_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be a number of bytes"):
        ClamAV(limit=-1)
