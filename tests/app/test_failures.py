"""The database fails, a value is replaced, or a client disconnects: a download is whole or breaks off, never wrong."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes, File
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.conftest import missing
from tests.http.conformance import assert_ended, path
from tests.support import databases
from tests.support.desk import Desk, make_desk
from tests.support.rawhttp import Answer, Connection, ask, content_length, request
from tests.support.served_world import TASK, VARIABLES, noise
from tests.support.servers import COMMANDS, Served, serve

pytestmark = pytest.mark.tools

LARGE = noise(50 * 1024 * 1024 + 777)
"""More bytes than any server and both sockets buffer for a client that does not read."""

READ = 1024 * 1024
"""The bytes that the client has read when the fault happens."""

PATIENCE = 60.0


@contextmanager
def fresh_database(folder: Path) -> Iterator[Desk]:
    """Start a PostgreSQL with a small value, which the test may damage."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(databases.postgresql(folder))
        except databases.Missing as absence:
            missing(str(absence))
        desk = stack.enter_context(make_desk(url))
        desk.storage.add_scope(TASK)
        desk.storage.set(TASK, "untyped", VARIABLES["untyped"])
        yield desk


def serve_desk(name: str, folder: Path, desk: Desk) -> AbstractContextManager[Served]:
    """Serve a desk's database in another process."""
    url = str(desk.app.config["SQLALCHEMY_DATABASE_URI"])
    return serve(name, folder, "tests.support.served_app:app", {"TASKVARS_TEST_URL": url})


@pytest.fixture(scope="module")
def own_desk() -> Iterator[Desk]:
    # Not in one of pytest's folders, because another run could delete it while the server uses it.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, fresh_database(Path(folder)) as desk:
        yield desk


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def server(
    request: pytest.FixtureRequest, own_desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with serve_desk(request.param, tmp_path_factory.mktemp(str(request.param)), own_desk) as running:
        yield running


@contextmanager
def slow_download(server: Served, headers: str = "") -> Iterator[tuple[Connection, int, bytes]]:
    """Start a download and read a little. Yield the connection, the announced length and the bytes so far."""
    with Connection(server.address, receive_buffer=65536) as connection:
        connection.send(request(path("large"), headers))
        head = connection.head()
        assert head.status == (206 if headers else 200)
        yield connection, content_length(head, "GET"), connection.read(READ)


def store(desk: Desk) -> None:
    desk.storage.set(TASK, "large", File(LARGE, filename="large.bin"))


def delete_rows(desk: Desk) -> None:
    assert desk.db
    with desk.db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM taskvars_chunk"))


def end_connections(desk: Desk) -> None:
    assert desk.db
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    desk.db.engine.dispose()
    with desk.db.engine.begin() as connection:
        assert connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).rowcount


def replace(desk: Desk) -> None:
    desk.storage.set(TASK, "large", Bytes(b"new"))


def replace_and_sweep(desk: Desk) -> None:
    assert isinstance(desk.storage, SQLAlchemyStorage)
    replace(desk)
    desk.storage.sweep(older_than=0)


def remove(desk: Desk) -> None:
    desk.storage.update(TASK, delete=["large"], local=True)


@pytest.mark.parametrize(
    ("harm", "headers", "status"),
    [
        pytest.param(delete_rows, "", 503, id="rows deleted"),
        pytest.param(delete_rows, "Range: bytes=7-", 503, id="rows of a range deleted"),
        pytest.param(replace_and_sweep, "", 200, id="replaced and swept"),
    ],
)
def test_a_download_without_its_bytes_breaks_off(
    harm: Callable[[Desk], None], headers: str, status: int, server: Served, own_desk: Desk
) -> None:
    """The next download gets the status of the error."""
    store(own_desk)
    with slow_download(server, headers) as (connection, length, start):
        harm(own_desk)
        body = start + connection.read(length - len(start))
        assert len(body) < length
        assert connection.read(1) == b"", "the connection is still open"
    assert LARGE[len(LARGE) - length :].startswith(body)
    following = ask(server.address, path("large"))
    assert following.status == status
    if status == 503:
        assert_plain_problem(following)


def test_a_download_continues_after_a_lost_database_connection(server: Served, own_desk: Desk) -> None:
    """A block never changes, so it can be read again on another connection."""
    store(own_desk)
    with slow_download(server) as (connection, length, start):
        end_connections(own_desk)
        assert start + connection.read(length - len(start)) == LARGE


@pytest.mark.parametrize("change", [replace, remove])
def test_a_download_of_replaced_content_ends_with_the_old_bytes(
    change: Callable[[Desk], None], server: Served, own_desk: Desk
) -> None:
    store(own_desk)
    with slow_download(server) as (connection, length, start):
        change(own_desk)
        assert start + connection.read(length - len(start)) == LARGE
        assert_ended(connection, Answer(200, []))


def test_slow_clients_hold_no_connection_and_disconnected_ones_nothing(server: Served, own_desk: Desk) -> None:
    store(own_desk)
    with ExitStack() as stack:
        for headers in ("", "Range: bytes=7-", "Range: bytes=0-29999999,30000001-"):
            stack.enter_context(slow_download(server, headers))
        await_held(server, connections=0, reads=3)
    await_held(server, connections=0, reads=0)


def await_held(server: Served, **expected: int) -> None:
    """Wait until the downloads in the server hold exactly this."""
    deadline = time.monotonic() + PATIENCE
    while (held := json.loads(ask(server.address, "/held").body)) != expected:
        assert time.monotonic() < deadline, held
        time.sleep(0.05)


def assert_plain_problem(answer: Answer) -> None:
    """Check for a JSON error with a Retry-After, and without details of the database."""
    text = answer.body.decode("ascii").lower()
    secrets = ("select", "psycopg", "sqlalchemy", "postgres", "taskvars_", "traceback", ".py", "127.0.0.1", "/")
    assert not [secret for secret in secrets if secret in text], text
    assert answer["Content-Type"] == "application/json"
    assert set(json.loads(text)) == {"type", "message", "code"}
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_database_that_goes_away_is_a_503(name: str, tmp_path: Path) -> None:
    database = tmp_path / "database"
    database.mkdir()
    with fresh_database(database) as desk, serve_desk(name, tmp_path, desk) as server:
        store(desk)
        with slow_download(server) as (connection, length, start):
            databases.end_postgresql(database, signal.SIGINT)
            body = start + connection.read(length - len(start))
            assert len(body) < length
            assert LARGE.startswith(body)
            assert connection.read(1) == b""
        with Connection(server.address) as connection:
            for headers in ("", "Range: bytes=0-0", 'If-None-Match: "x"', "If-Match: *"):
                answer = connection.ask(path("large"), headers)
                assert answer.status == 503
                assert_plain_problem(answer)
            assert connection.ask(path("large"), method="HEAD").status == 503
        assert json.loads(ask(server.address, "/held").body) == {"connections": 0, "reads": 0}
