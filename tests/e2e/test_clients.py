"""Command-line clients resume broken downloads of a large value over a real server."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flask_taskvars import File
from tests.conftest import missing
from tests.http.conformance import path
from tests.support.desk import make_desk
from tests.support.served_world import TASK, noise
from tests.support.servers import Served, serve

pytestmark = pytest.mark.tools

SIZE = 40 * 1024 * 1024 + 12345
BROKEN_OFF = 17 * 1024 * 1024
"""Bytes after which a client's disk is full, in its first run."""

PATIENCE = 300

CURL = ["curl", "--silent", "--show-error", "--fail", "--continue-at", "-", "--output", "saved"]
WGET = ["wget", "--no-verbose", "--tries=1", "--continue", "--output-document=saved"]
ARIA = [
    *("aria2c", "--quiet", "--no-conf", "--max-connection-per-server=8", "--split=8", "--min-split-size=1M"),
    # Without a cache, because aria2 counts bytes as written that its cache could not write.
    *("--continue", "--file-allocation=none", "--disk-cache=0", "--out=saved"),
]


@dataclass(frozen=True)
class Large:
    """A large value on a server."""

    served: Served
    sha256: str

    @property
    def url(self) -> str:
        return f"http://{self.served.address}{path('large')}"

    def await_requests(self, wanted: str, number: int = 1) -> None:
        """Wait for so many lines `<status> <Range>` in the server's log, which it writes after the answers."""
        deadline = time.monotonic() + PATIENCE
        line = re.compile(rf"^GET /task/\S+ ({wanted})$", re.MULTILINE)
        while len(set(line.findall(log := self.served.log.read_text()))) < number:
            assert time.monotonic() < deadline, log
            time.sleep(0.05)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    folder, content = tmp_path_factory.mktemp("large"), noise(SIZE)
    url = f"sqlite:///{folder / 'taskvars.db'}"
    with make_desk(url) as desk:
        desk.storage.add_scope(TASK)
        desk.storage.set(TASK, "large", File(content, filename="large.bin"))
    with serve("gunicorn", folder, "tests.support.served_app:app", {"TASKVARS_TEST_URL": url}) as served:
        yield Large(served, hashlib.sha256(content).hexdigest())


def run(command: list[str], folder: Path, *, disk: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a client in a folder. If `disk` is given, no file can grow beyond so many bytes."""
    for program in ("prlimit", command[0]):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    limit = ["prlimit", f"--fsize={disk}"] if disk else []
    # Python ignores SIGXFSZ. With restore_signals=False the child ignores it too, and gets an error instead.
    return subprocess.run(
        [*limit, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        restore_signals=False,
        check=False,
    )


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@pytest.mark.parametrize("command", [CURL, WGET], ids=["curl", "wget"])
def test_a_broken_download_is_resumed(command: list[str], large: Large, tmp_path: Path) -> None:
    first = run([*command, large.url], tmp_path, disk=BROKEN_OFF)
    assert first.returncode != 0
    there = (tmp_path / "saved").stat().st_size
    assert 0 < there <= BROKEN_OFF
    second = run([*command, large.url], tmp_path)
    assert second.returncode == 0, second.stderr
    large.await_requests(f"206 bytes={there}-")
    assert sha256(tmp_path / "saved") == large.sha256


@pytest.mark.parametrize("command", [CURL, WGET], ids=["curl", "wget"])
def test_a_complete_download_is_not_fetched_again(command: list[str], large: Large, tmp_path: Path) -> None:
    """The client asks for the bytes after the last one, and learns from a 416 that there are none."""
    assert run([*command, large.url], tmp_path).returncode == 0
    run([*command, large.url], tmp_path)
    large.await_requests(f"416 bytes={SIZE}-")
    assert sha256(tmp_path / "saved") == large.sha256


def test_eight_connections_at_once(large: Large, tmp_path: Path) -> None:
    done = run([*ARIA, f"--checksum=sha-256={large.sha256}", large.url], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sha256(tmp_path / "saved") == large.sha256
    large.await_requests(r"206 bytes=[0-9]+-[0-9]+", 2)


def test_eight_broken_connections_are_resumed(large: Large, tmp_path: Path) -> None:
    first = run([*ARIA, large.url], tmp_path, disk=BROKEN_OFF)
    assert first.returncode != 0
    assert (tmp_path / "saved.aria2").exists(), "aria2 has no record of the missing parts"
    second = run([*ARIA, large.url], tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert sha256(tmp_path / "saved") == large.sha256
