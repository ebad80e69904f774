"""Connections, the database and workers are killed while clients write. No acknowledged write is lost."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.conftest import missing
from tests.support.crashed import Crashing, crashing
from tests.support.databases import Missing
from tests.support.desk import Desk, make_desk
from tests.support.faults import Figures, rounds, together, until
from tests.support.rawhttp import Address
from tests.support.storage_examples import pattern

pytestmark = pytest.mark.faults

CLIENTS = 6
FAULTS: dict[str, Sequence[Callable[[Crashing], None]]] = {
    "backends killed": [Crashing.kill_connections],
    "immediate restart": [Crashing.restart],
    "worker killed": [Crashing.kill_worker],
    "all of these": [Crashing.kill_connections, Crashing.kill_worker, Crashing.restart],
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crashing, Desk, Address]]:
    """A database and a served app, which the test kills; and a desk to look into the database."""
    # Not in one of pytest's folders, because only their owner may enter them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with (
                crashing(Path(folder)) as crashed,
                make_desk(crashed.url) as desk,
                crashed.serving(tmp_path_factory.mktemp("served")) as served,
            ):
                yield crashed, desk, served.address
        except Missing as absence:
            missing(str(absence))


class Client:
    """A client that writes its own variable again and again, and remembers the acknowledged writes."""

    def __init__(self, address: Address, number: int, counted: Figures) -> None:
        self._address, self._counted = address, counted
        self._url = f"/task/task/variables/v{number}"
        self._number, self._tried, self._acknowledged = number, 0, 0

    def run(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self._tried += 1
            value = b64encode(self._value(self._tried)).decode()
            if self._ask("PUT", "", json.dumps({"type": "Bytes", "value": value}))[0] == 204:
                self._acknowledged = self._tried
                self._counted.count(acknowledged=1)
            self.look()

    def look(self) -> bool:
        """Read the value and check that it is whole, and not older than the last acknowledged write.

        :return: whether there was an answer.
        """
        status, body = self._ask("GET", "/data")
        if status != 200:
            self._counted.count(lost=status == 404 and self._acknowledged > 0)
            return status == 404
        turn = int(body.split(b" ", 1)[0])
        right = self._acknowledged <= turn <= self._tried and body == self._value(turn)
        self._counted.count(lost=not right)
        return True

    def _value(self, turn: int) -> bytes:
        return f"{turn} of {self._number} ".encode() + pattern(3 * BLOCK if turn % 3 == 0 else 500)

    def _ask(self, method: str, end: str, body: str | None = None) -> tuple[int | None, bytes]:
        """Return the answer; the status is None if the connection ended too early."""
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        self._counted.count(requests=1)
        try:
            connection.request(method, self._url + end, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            status, data = answer.status, answer.read()
        except (http.client.HTTPException, ConnectionError):
            self._counted.note("connections broken")
            return None, b""
        finally:
            connection.close()
        assert status in (200, 204, 404, 503), data
        if status == 503:
            self._counted.note("answers 503")
        return status, data


def wait_for_a_write(counted: Figures) -> None:
    """Leave time between faults: workers that are killed faster than they start would serve nothing."""
    before = counted.acknowledged
    time.sleep(0.5)
    until(lambda: counted.acknowledged > before)


@pytest.mark.lasts(short=3, share=0.05)
@pytest.mark.parametrize("kind", FAULTS)
def test_nothing_acknowledged_is_lost(
    kind: str, stage: tuple[Crashing, Desk, Address], figures: Callable[[str], Figures], seconds: float
) -> None:
    crashed, desk, address = stage
    assert isinstance(desk.storage, SQLAlchemyStorage)
    desk.storage.remove_scope("task")
    desk.storage.add_scope("task")
    counted, stopped = figures(f"crashes, {kind}"), threading.Event()
    clients = [Client(address, number, counted) for number in range(CLIENTS)]

    def harm() -> None:
        try:
            for number in rounds(seconds):
                wait_for_a_write(counted)
                FAULTS[kind][number % len(FAULTS[kind])](crashed)
                counted.count(rounds=1, faults=1)
        finally:
            stopped.set()

    together(harm, *(partial(client.run, stopped) for client in clients))
    for client in clients:
        while not client.look():
            time.sleep(0.1)
    assert not counted.lost
    assert counted.acknowledged
    checker = desk.storage.checker()
    assert list(checker.variables(True, lambda size: None)) == []
    desk.storage.sweep(0)
    assert list(checker.stores(-60, False)) == []
