"""The history of a variable is linearizable under writers, readers, ranges, guarded writes, deletes and sweeps."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.faults import Figures, rounds, together
from tests.support.linear import Kind, Request, first_impossible
from tests.support.storage_tools import parts, patient

pytestmark = pytest.mark.faults

URL = "/task/task/variables/v"
KINDS = ("sqlite, journal delete", "sqlite, journal wal", "postgresql", "mariadb")
RANGES = {
    "": [],
    "bytes=0-99": [slice(100)],
    "bytes=-300": [slice(-300, None)],
    "bytes=400-499,0-0": [slice(400, 500), slice(1)],
}
GRACE = 1.0
"""Seconds for which a sweep keeps replaced bytes, for downloads that still read them."""


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A desk with one task on each database."""
    server, _, journal = request.param.partition(", journal ")
    with make_desk(patient(database_url(server))) as made:
        _, db = parts(made)
        if journal:
            with db.engine.connect() as connection:
                assert connection.scalar(sa.text(f"PRAGMA journal_mode = {journal}")) == journal
        made.storage.add_scope("task")
        yield made


class Observed:
    """The requests of all clients, with their answers."""

    def __init__(self, counted: Figures) -> None:
        self._counted = counted
        self.requests: list[Request] = []
        self.pieces: dict[str, dict[str, list[bytes]]] = {}
        """What each range must give, by the value's tag. Whole values would fill the memory in half an hour."""
        self.slowest = 0

    def write(self, client: FlaskClient, random: Random, turn: int) -> None:
        """Write, or write only over the value that a read has just found, or delete."""
        value = random.randbytes(random.choice((500, 2 * BLOCK + 1)))
        tag = hashlib.sha256(value).hexdigest()
        self.pieces[tag] = {chosen: [value[part] for part in ranges] for chosen, ranges in RANGES.items()}
        found = self.read(client, random, turn) if turn % 3 == 1 else None
        headers = {} if found is None else {"If-Match": f'"{found}"'}
        document = {"type": "Bytes", "value": b64encode(value).decode()}
        start = time.monotonic_ns()
        if turn % 7 == 0:
            answer, tag = client.delete(URL, headers=headers), ""
        else:
            answer = client.put(URL, json=document, headers=headers)
        end = self._count(answer, start)
        certain = answer.status_code != 503
        self._counted.count(acknowledged=answer.status_code == 204)
        kind: Kind = "write" if found is None else "refused" if answer.status_code == 412 else "guarded"
        self.requests.append(Request(kind, start, end, tag or None, found, certain))

    def read(self, client: FlaskClient, random: Random, turn: int) -> str | None:
        """Read the whole value or a part. Return its tag."""
        chosen = random.choice([*RANGES])
        start = time.monotonic_ns()
        answer = client.get(f"{URL}/data", headers={"Range": chosen} if chosen else {})
        tag = None if answer.status_code == 404 else answer.headers.get("ETag", "").strip('"')
        end = self._count(answer, start)
        if answer.status_code == 503:
            return None
        if tag is not None:
            assert all(piece in answer.data for piece in self.pieces[tag][chosen])
            assert chosen or hashlib.sha256(answer.data).hexdigest() == tag
        self.requests.append(Request("read", start, end, tag))
        return tag

    def _count(self, answer: TestResponse, start: int) -> int:
        """Count the answer, and return its moment."""
        assert answer.status_code in (200, 204, 206, 404, 412, 503)
        answer.get_data()
        end = time.monotonic_ns()
        self.slowest = max(self.slowest, end - start)
        self._counted.count(requests=1, faults=answer.status_code == 503)
        return end


@pytest.mark.lasts(short=3, share=0.06)
def test_every_history_is_linearizable(
    desk: Desk, request: pytest.FixtureRequest, figures: Callable[[str], Figures], seconds: float
) -> None:
    storage, _ = parts(desk)
    counted = figures(f"one variable on {request.node.callspec.params['desk']}")
    observed = Observed(counted)

    def run(act: Callable[[FlaskClient, Random, int], object], seed: int) -> None:
        client, random = desk.app.test_client(), Random(seed)
        for turn in rounds(seconds):
            act(client, random, turn)

    def sweep(client: FlaskClient, random: Random, turn: int) -> None:
        time.sleep(0.1)
        with desk.app.app_context():
            counted.note("contents swept", storage.sweep(GRACE))
        counted.count(rounds=1)

    acts = [observed.write, observed.write, observed.read, observed.read, sweep]
    together(*(partial(run, act, seed) for seed, act in enumerate(acts)))
    counted.more["ms for the slowest"] = observed.slowest // 1_000_000
    impossible = first_impossible(observed.requests)
    counted.count(lost=impossible is not None)
    assert impossible is None


def test_the_checker_finds_a_lost_update() -> None:
    """Give the checker a wrong history: a guarded write succeeded although its condition did not hold any more."""
    first, second = Request("write", 1, 2, "a"), Request("write", 3, 4, "b")
    assert first_impossible([first, second, Request("guarded", 5, 6, "c", "b")]) is None
    assert first_impossible([first, second, stale := Request("guarded", 5, 6, "c", "a")]) is stale
    assert first_impossible([first, second, stale := Request("read", 5, 6, "a")]) is stale
    unknown = [Request("write", 3 + number, 5 + number, f"{number}", certain=False) for number in range(60)]
    assert first_impossible([first, *unknown, Request("read", 100, 101, "7")]) is None
    late = Request("read", 102, 103, "7")
    assert first_impossible([first, *unknown, Request("read", 100, 101, "59"), late]) is late
    assert first_impossible([first, Request("read", 1, 2, None), Request("read", 1, 2, "a")]) is None
