"""A Galera cluster of two MariaDB nodes from Debian's packages, started for a test run and removed after it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.databases import Missing, free_port, owner, prepare, program, running

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")


@contextmanager
def galera(folder: Path) -> Iterator[tuple[str, str]]:
    """Start two nodes with an empty database `taskvars`. Yield the SQLAlchemy URL of each."""
    if not PROVIDER.exists():
        raise Missing("galera-4 is not installed")
    first, second = folder / "first", folder / "second"
    ports, addresses = (free_port(), free_port()), (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
    urls = [f"mysql+pymysql://root@127.0.0.1:{port}/" for port in ports]
    user = _install(first, second)
    with _node(first, ports[0], addresses[0]):
        prepare(f"{urls[0]}mysql", "CREATE DATABASE taskvars CHARACTER SET utf8mb4")
    # With a copy of the first node's data, the second node needs no full transfer, which would take a minute.
    subprocess.run([*user, "cp", "-r", first / "data", second / "data"], check=True)
    with _node(first, ports[0], addresses[0]):
        prepare(f"{urls[0]}taskvars", "SELECT 1 FROM mysql.db")
        with _node(second, ports[1], addresses[1], addresses[0]):
            prepare(f"{urls[1]}taskvars", "SELECT 1 FROM mysql.db")
            yield f"{urls[0]}taskvars", f"{urls[1]}taskvars"


def _install(first: Path, second: Path) -> list[str]:
    """Create the first node's data. Return the first words of a command that runs as the data's owner."""
    for folder in (first, second):
        folder.mkdir()
        user = owner(folder, "mysql")
    setup = ["--no-defaults", f"--datadir={first / 'data'}", "--auth-root-authentication-method=normal"]
    subprocess.run([*user, program("mariadb-install-db"), *setup, "--skip-test-db"], check=True, capture_output=True)
    return user


def _node(folder: Path, port: int, address: str, other: str = "") -> AbstractContextManager[object]:
    """Start a node that listens to the cluster at `address` and joins the node at `other`."""
    user = owner(folder, "mysql")
    receive = f"base_host=127.0.0.1;gmcast.listen_addr=tcp://{address};ist.recv_addr=127.0.0.1:{free_port()}"
    options = [
        f"--datadir={folder / 'data'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'socket'}",
        "--innodb-flush-log-at-trx-commit=0",
        "--skip-name-resolve",
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
        "--wsrep-on=ON",
        f"--wsrep-provider={PROVIDER}",
        f"--wsrep-provider-options={receive};gcache.size=16M",
        f"--wsrep-cluster-address=gcomm://{other}",
        f"--wsrep-node-address={address}",
        "--wsrep-sst-method=rsync",
    ]
    return running([*user, program("mariadbd"), "--no-defaults", *options], folder)
