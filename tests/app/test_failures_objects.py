"""An object store fails, briefly or for ever: a download is whole or breaks off, and an upload is a 503."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")

from flask_taskvars.contents import ObjectContents
from tests.app.test_failures import LARGE, PATIENCE, assert_plain_problem, slow_download, store
from tests.app.test_failures_files import upload
from tests.http.conformance import path
from tests.support import stores
from tests.support.desk import Desk, make_desk
from tests.support.forms import CONTENT_TYPE, END, part, stored
from tests.support.rawhttp import Connection, ask, request
from tests.support.relay import Relay, relay
from tests.support.served_world import TASK, VARIABLES
from tests.support.servers import Served, serve
from tests.support.storage_tools import count, parts

pytestmark = pytest.mark.tools
PARTS = 9 * 2**20
"""Bytes for more than one part of an upload to the store."""


@dataclass(frozen=True)
class Shop:
    """A server whose connection to its object store can be cut, and a desk that can still look at both."""

    served: Served
    way: Relay
    desk: Desk
    env: dict[str, str]


@pytest.fixture(scope="module")
def shop(object_store: tuple[str, str]) -> Iterator[Shop]:
    kind, endpoint = object_store
    with TemporaryDirectory(ignore_cleanup_errors=True) as root, relay(endpoint) as way:
        url, setting = f"sqlite:///{root}/taskvars.db", stores.empty_prefix(kind, way.url)
        contents = ObjectContents(setting.replace(way.url, endpoint))
        with make_desk(url, contents) as desk:
            desk.storage.add_scope(TASK)
            desk.storage.set(TASK, "untyped", VARIABLES["untyped"])
            env = {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_CONTENTS": setting}
            with serve("gunicorn", Path(root), "tests.support.served_app:app", env) as served:
                assert upload(served, LARGE[:1_000_000]).status == 204  # the server has now checked the store's marker
                desk.storage.update(TASK, delete=["uploaded"])
                yield Shop(served, way, desk, env)


def objects(desk: Desk) -> set[str]:
    assert desk.contents
    return stored(desk.contents)


def journal(desk: Desk) -> int:
    """Count the journal's rows of contents, without the rows that name the database and the store."""
    return count(parts(desk)[1], "taskvars_journal") - 2


def assert_nothing_half(desk: Desk, before: set[str]) -> None:
    """Check that a refused upload left no variable, and no object that a sweep would keep."""
    assert set(desk.storage.get_all(TASK)) == {"untyped", "large"}
    parts(desk)[0].sweep(older_than=0)
    assert journal(desk) == 0
    assert objects(desk) == before


def assert_broken_off(connection: Connection, length: int, start: bytes, first: int) -> None:
    body = start + connection.read(length - len(start))
    assert len(body) < length
    assert connection.read(1) == b"", "the connection is still open"
    assert LARGE[first:].startswith(body)


@pytest.fixture
def stored_before(shop: Shop) -> set[str]:
    """Store a large value, and return its one object."""
    store(shop.desk)
    parts(shop.desk)[0].sweep(older_than=0)
    before = objects(shop.desk)
    assert len(before) == 1
    return before


@pytest.mark.parametrize(("headers", "first"), [("", 0), ("Range: bytes=7-", 7)])
def test_a_download_breaks_off_with_the_store(headers: str, first: int, shop: Shop, stored_before: set[str]) -> None:
    with slow_download(shop.served, headers) as (connection, length, start), shop.way.down():
        assert_broken_off(connection, length, start, first)
    assert ask(shop.served.address, path("large")).body == LARGE


def test_a_download_continues_after_a_lost_store_connection(shop: Shop, stored_before: set[str]) -> None:
    """It continues at the byte where it was."""
    with slow_download(shop.served) as (connection, length, start):
        shop.way.cut()
        assert start + connection.read(length - len(start)) == LARGE


def test_a_download_of_an_object_that_is_deleted(shop: Shop, stored_before: set[str]) -> None:
    """It breaks off at the next request to the store. The next download is a 503."""
    assert shop.desk.contents
    with slow_download(shop.served) as (connection, length, start):
        shop.desk.contents.delete(*stored_before)
        shop.way.cut()
        assert_broken_off(connection, length, start, 0)
    lost = ask(shop.served.address, path("large"))
    assert lost.status == 503
    assert_plain_problem(lost)


def test_a_store_that_is_down_is_a_503(shop: Shop, stored_before: set[str]) -> None:
    """Reads and writes of long values get a 503. Short values lie in the database."""
    with shop.way.down():
        for headers in ("", "Range: bytes=0-0", "Range: bytes=0-0,9-9"):
            answer = ask(shop.served.address, path("large"), headers)
            assert answer.status == 503
            assert_plain_problem(answer)
        assert ask(shop.served.address, path("untyped")).status == 200
        refused = upload(shop.served, LARGE[:1_000_000])
        assert refused.status == 503
        assert_plain_problem(refused)
        assert journal(shop.desk) == 1
        assert objects(shop.desk) == stored_before
    assert_nothing_half(shop.desk, stored_before)
    assert upload(shop.served, LARGE[:1_000_000]).status == 204
    shop.desk.storage.update(TASK, delete=["uploaded"])


@contextmanager
def half_an_upload(served: Served, way: Relay) -> Iterator[tuple[Connection, bytes]]:
    """Start an upload of which the store has some parts. Yield the connection and the bytes that are left to send."""
    body = part("data", LARGE) + END
    headers = f"Content-Type: {CONTENT_TYPE}\nContent-Length: {len(body)}"
    middle, heard = len(body) // 2, len(way.heard)
    with Connection(served.address) as connection:
        connection.send(request(path("uploaded"), headers, "POST") + body[:middle])
        deadline = time.monotonic() + PATIENCE
        while sum(map(len, way.heard[heard:])) < PARTS:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield connection, body[middle:]


def test_a_store_that_goes_down_during_an_upload(shop: Shop, stored_before: set[str]) -> None:
    """The store already has some parts, but no object."""
    with half_an_upload(shop.served, shop.way) as (connection, rest), shop.way.down():
        with suppress(ConnectionError):  # the server answers before the end of the body
            connection.send(rest)
        refused = connection.answer("POST")
    assert refused.status == 503
    assert_plain_problem(refused)
    assert journal(shop.desk) == 1
    assert objects(shop.desk) == stored_before
    assert_nothing_half(shop.desk, stored_before)


def test_a_worker_that_is_killed_during_an_upload(shop: Shop, stored_before: set[str], tmp_path: Path) -> None:
    served = serve("gunicorn", tmp_path, "tests.support.served_app:app", shop.env)
    with served as doomed, half_an_upload(doomed, shop.way) as (connection, _):
        os.killpg(doomed.pid, signal.SIGKILL)
        assert connection.read(1) == b""
    assert journal(shop.desk) == 1
    assert objects(shop.desk) == stored_before
    assert_nothing_half(shop.desk, stored_before)
