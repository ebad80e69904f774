"""Many slow downloads share few database connections. All are served, under gevent and through ASGI too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import free_port
from tests.support.desk import make_desk
from tests.support.faults import Figures, together
from tests.support.rawhttp import Address, Connection, request
from tests.support.servers import PYTHON, run
from tests.support.storage_examples import pattern

pytestmark = pytest.mark.faults

DOWNLOADS, CONNECTIONS = 24, 5
LARGE = pattern(16 * 1024 * 1024)
"""More bytes than the sockets buffer for a client that does not read."""


def gunicorn(address: Address, *options: str) -> list[str]:
    target = "tests.support.served_app:app"
    return [*PYTHON, "gunicorn", "--bind", str(address), "--no-control-socket", *options, target]


def granian(address: Address) -> list[str]:
    target = "tests.support.served_asgi:asgi"
    return [*PYTHON, "granian", "--host", address.host, "--port", str(address.port), "--interface", "asgi", target]


SERVERS: dict[str, Callable[[Address], list[str]]] = {
    "gevent": lambda address: gunicorn(address, "--worker-class", "gevent"),
    "gthread": lambda address: gunicorn(address, "--worker-class", "gthread", "--threads", "32"),
    "a2wsgi": granian,
}


@pytest.mark.parametrize("kind", SERVERS)
def test_all_are_served(kind: str, postgresql_url: str, tmp_path: Path, figures: Callable[[str], Figures]) -> None:
    counted, address = (
        figures(f"{DOWNLOADS} downloads, {CONNECTIONS} connections, {kind}"),
        Address("127.0.0.1", free_port()),
    )
    env = {"TASKVARS_TEST_URL": postgresql_url, "TASKVARS_TEST_POOL": str(CONNECTIONS)}

    def download() -> None:
        with Connection(address, receive_buffer=65536) as connection:
            connection.send(request("/task/t/variables/v/data"))
            status = connection.head().status
            counted.count(requests=1, faults=status != 200)
            if status == 200:
                counted.count(lost=connection.read(len(LARGE)) != LARGE)

    with make_desk(postgresql_url) as desk:
        desk.storage.add_scope("t")
        desk.storage.set("t", "v", LARGE)
        with run(kind, SERVERS[kind](address), address, tmp_path, env):
            together(*[download] * DOWNLOADS)
    assert (counted.requests, counted.faults, counted.lost) == (DOWNLOADS, 0, 0)
