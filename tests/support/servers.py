"""WSGI servers on a real loopback socket, each in its own processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import free_port
from tests.support.rawhttp import Address

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-m")
UWSGI = str(Path(sys.executable).with_name("uwsgi"))
START = 60.0
NOTHING: Mapping[str, str] = {}

COMMANDS: dict[str, Callable[[Address, str], list[str]]] = {
    "gunicorn": lambda address, target: [
        *(*PYTHON, "gunicorn", "--bind", str(address), "--worker-class", "gthread", "--threads", "8"),
        *("--no-control-socket", "--limit-request-line", "0", "--access-logfile", "-"),
        *("--access-logformat", "%(m)s %(U)s %(s)s %({range}i)s", target),
    ],
    "granian": lambda address, target: [
        *(*PYTHON, "granian", "--host", address.host, "--port", str(address.port), "--interface", "wsgi", target),
    ],
    "waitress": lambda address, target: [*PYTHON, "waitress", "--listen", str(address), "--threads", "8", target],
    "uwsgi": lambda address, target: [
        *(UWSGI, "--http11-socket", str(address), "--module", target, "--need-app", "--master"),
        *("--enable-threads", "--threads", "8", "--buffer-size", "65535", "--die-on-term"),
    ],
    "cheroot": lambda address, target: [*PYTHON, "cheroot", "--bind", str(address), target],
}
"""The command that starts each server. The options only add threads and allow long request lines."""

NO_PIPELINES = {"uwsgi"}
"""Servers that don't support pipelining: they drop a request that arrives before the previous answer."""


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    name: str
    address: Address
    log: Path
    pid: int

    def workers(self) -> list[int]:
        """The ids of its child processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]


@contextmanager
def serve(name: str, folder: Path, target: str, env: Mapping[str, str]) -> Iterator[Served]:
    """Run one of :data:`COMMANDS` on a free port.

    :param target: the app, as `module:name`.
    :param env: environment variables to add.
    :raises RuntimeError: the server does not answer. The message has its log.
    """
    address = Address("127.0.0.1", free_port())
    with run(name, COMMANDS[name](address, target), address, folder, env) as served:
        yield served


@contextmanager
def two_workers(folder: Path, env: Mapping[str, str]) -> Iterator[Served]:
    """Run gunicorn with two workers of eight threads each, with the app of `served_app`."""
    address = Address("127.0.0.1", free_port())
    workers = ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60"]
    command = [*PYTHON, "gunicorn", "--bind", str(address), *workers, "--no-control-socket"]
    with run("gunicorn", [*command, "tests.support.served_app:app"], address, folder, env) as served:
        yield served


@contextmanager
def run(
    name: str, command: Sequence[str], address: Address, folder: Path, env: Mapping[str, str] = NOTHING
) -> Iterator[Served]:
    """Run a server by its command, with its log in the folder.

    :raises RuntimeError: the server does not answer. The message has its log.
    """
    log = folder / f"{name}.log"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **env}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _await(process, address, log)
            yield Served(name, address, log, process.pid)
        except BaseException as error:
            error.add_note(f"--- the log of {name}\n{log.read_text(errors='replace')}")
            raise
        finally:
            _end(process)


def _await(process: subprocess.Popen[bytes], address: Address, log: Path) -> None:
    """Wait until the server sends any answer."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(address, timeout=START) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if connection.recv(1):
                    return
        except ConnectionError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the server and all its children, which form one process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
