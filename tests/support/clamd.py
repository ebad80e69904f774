"""ClamAV's daemon from Debian's packages, started for a test run. It knows only one signature, made for the tests."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import Missing, free_port, program

INFECTED = b"not harmful, but the tests' own signature knows it"
VIRUS = "Tests.Harmless"
LIMIT = 16 * 1024 * 1024
"""The most bytes that the daemon accepts."""


@contextmanager
def clamd(folder: Path) -> Iterator[tuple[str, str]]:
    """Start a daemon. Yield its two addresses: the path of a socket, and `host:port`."""
    daemon, port = program("clamd", (Path("/usr/sbin"),)), free_port()
    database, path = folder / "signatures", folder / "socket"
    database.mkdir()
    (database / "tests.ndb").write_text(f"{VIRUS}:0:*:{INFECTED.hex()}\n")
    settings = [f"LocalSocket {path}", f"TCPSocket {port}", "TCPAddr 127.0.0.1", "Foreground yes", "MaxThreads 4"]
    settings += [f"DatabaseDirectory {database}", f"TemporaryDirectory {folder}", f"LogFile {folder / 'log'}"]
    settings += [f"{name} {LIMIT}" for name in ("StreamMaxLength", "MaxFileSize", "MaxScanSize")]
    (folder / "clamd.conf").write_text("\n".join(settings) + "\n")
    process = subprocess.Popen([daemon, "--config-file", folder / "clamd.conf"], stdout=subprocess.DEVNULL)
    try:
        _wait(process, str(path))
        yield str(path), f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], path: str) -> None:
    """Wait for the socket, which the daemon opens when it has loaded the signatures."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Missing("clamd does not start") from None
        time.sleep(0.05)
