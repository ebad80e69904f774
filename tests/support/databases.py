"""Real database servers from Debian's packages, started for a test run and removed after it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

_PORTS = SystemRandom()  # a test may set the seed of `random`
POSTGRESQL_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Missing(Exception):
    """A server's programs are not installed."""


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL with an empty database `taskvars`. Yield its SQLAlchemy URL."""
    initdb = program("initdb", POSTGRESQL_FOLDERS)
    user, port, data = owner(folder, "postgres"), free_port(), folder / "data"
    setup: list[str | Path] = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*user, *setup], check=True, capture_output=True)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/"
    with postgresql_process(folder, port):
        prepare(f"{url}postgres", "CREATE DATABASE taskvars")
        yield f"{url}taskvars"


@contextmanager
def postgresql_process(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start the server on a folder that already has its `data`."""
    command: list[str | Path] = [program("postgres", POSTGRESQL_FOLDERS), "-D", folder / "data"]
    for setting in (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"):
        command += ["-c", setting]
    with running([*owner(folder, "postgres"), *command], folder) as process:
        yield process


def end_postgresql(folder: Path, how: signal.Signals) -> None:
    """End the server of a folder, and wait until it has ended.

    :param how: SIGINT lets the server write its data to disk; SIGQUIT has the effect of a crash.
    """
    note = folder / "data" / "postmaster.pid"
    os.kill(int(note.read_text().split()[0]), how)
    deadline = time.monotonic() + 60
    while note.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Start a MariaDB with an empty database `taskvars`. Yield its SQLAlchemy URL."""
    server, install = program("mariadbd"), program("mariadb-install-db")
    user, port = owner(folder, "mysql"), free_port()
    data = f"--datadir={folder / 'data'}"
    setup = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*user, *setup], check=True, capture_output=True)
    options = [data, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
    speed = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve"]
    url = f"mysql+pymysql://root@127.0.0.1:{port}/"
    with running([*user, server, "--no-defaults", *options, *speed], folder):
        prepare(f"{url}mysql", "CREATE DATABASE taskvars CHARACTER SET utf8mb4")
        yield f"{url}taskvars"


def free_port() -> int:
    """Return a port of the loopback interface that is free, and that no other process learns here until ours ends.

    A server may start to listen only many seconds later, and may be restarted. Meanwhile, neither a server of another
    test process nor a client's connection may take its port, so keep it by a name that only one process can have, and
    stay below the ports that Linux gives to clients.
    """
    while True:
        port = _PORTS.randrange(10_000, 32_768)
        with socket.socket(socket.AF_UNIX) as name, socket.socket() as server:
            try:
                name.bind(f"\0flask-taskvars-port-{port}")  # an abstract name, which ends with the process
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.bind(("127.0.0.1", port))
            except OSError:
                continue
            name.detach()
        return port


def program(name: str, folders: Sequence[Path] = (Path("/usr/sbin"),)) -> str:
    """Find a program, also outside of the user's PATH.

    :raises Missing: it is not installed.
    """
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def owner(folder: Path, name: str) -> list[str]:
    """Return a command's first words, which run the rest as the server's own user: no server starts as root."""
    if os.getuid() != 0:
        return []
    account = pwd.getpwnam(name)
    os.chown(folder, account.pw_uid, account.pw_gid)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


@contextmanager
def running(command: Sequence[str | Path], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends. Its log is in the folder."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def prepare(url: str, statement: str) -> None:
    """Run a statement as soon as the server accepts it."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    deadline = time.monotonic() + 60
    try:
        while True:
            try:
                with engine.connect() as connection:
                    connection.execute(sa.text(statement))
                return
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
    finally:
        engine.dispose()
