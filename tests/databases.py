"""Real database servers out of Debian's packages, started for a test run and removed after it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

POSTGRESQL_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Missing(Exception):
    """A server's programs are not installed."""


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL with an empty database `taskvars`; gives its SQLAlchemy URL."""
    initdb, server = (program(name, POSTGRESQL_FOLDERS) for name in ("initdb", "postgres"))
    user, port = _owner(folder, "postgres"), free_port()
    data = folder / "data"
    setup: list[str | Path] = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*user, *setup], check=True, capture_output=True)
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    command: list[str | Path] = [server, "-D", data, *(part for setting in settings for part in ("-c", setting))]
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/"
    with _running([*user, *command], folder):
        _prepare(f"{url}postgres", "CREATE DATABASE taskvars")
        yield f"{url}taskvars"


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB with an empty database `taskvars`; gives its SQLAlchemy URL."""
    server, install = program("mariadbd"), program("mariadb-install-db")
    user, port = _owner(folder, "mysql"), free_port()
    data = f"--datadir={folder / 'data'}"
    setup = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*user, *setup], check=True, capture_output=True)
    options = [data, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
    speed = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve"]
    url = f"mysql+pymysql://root@127.0.0.1:{port}/"
    with _running([*user, server, "--no-defaults", *options, *speed], folder):
        _prepare(f"{url}mysql", "CREATE DATABASE taskvars CHARACTER SET utf8mb4")
        yield f"{url}taskvars"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def program(name: str, folders: Sequence[Path] = (Path("/usr/sbin"),)) -> str:
    """Where a program is, also outside of the user's path. :raises Missing: it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def _owner(folder: Path, name: str) -> list[str]:
    """The start of a command that runs it as the server's own user: as root the servers refuse to start."""
    if os.getuid() != 0:
        return []
    account = pwd.getpwnam(name)
    os.chown(folder, account.pw_uid, account.pw_gid)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


@contextmanager
def _running(command: Sequence[str | Path], folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _prepare(url: str, statement: str) -> None:
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
