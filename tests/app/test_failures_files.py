"""A file is deleted or cut, or the whole directory is lost: a download is whole or breaks off, never wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flask_taskvars.contents import DirectoryContents
from tests.app.test_failures import LARGE, assert_plain_problem, slow_download, store
from tests.http.conformance import assert_ended, path
from tests.support.desk import Desk, make_desk
from tests.support.forms import CONTENT_TYPE, END, part, stored
from tests.support.rawhttp import Answer, Connection, ask, request
from tests.support.served_world import TASK, VARIABLES
from tests.support.servers import COMMANDS, Served, serve

pytestmark = pytest.mark.tools

SETTING = "TASKVARS_TEST_CONTENTS"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not in one of pytest's folders, because another run could delete it while the server uses it.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def own_desk(folder: Path) -> Iterator[Desk]:
    with make_desk(f"sqlite:///{folder}/taskvars.db", DirectoryContents(folder / "contents")) as desk:
        desk.storage.add_scope(TASK)
        desk.storage.set(TASK, "untyped", VARIABLES["untyped"])
        yield desk


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def server(request: pytest.FixtureRequest, own_desk: Desk, folder: Path) -> Iterator[Served]:
    env = {"TASKVARS_TEST_URL": f"sqlite:///{folder}/taskvars.db", SETTING: f"file://{folder}/contents"}
    with serve(request.param, folder, "tests.support.served_app:app", env) as running:
        yield running


def file_of(desk: Desk) -> Path:
    """Return the file of the last stored value."""
    assert desk.contents
    location = desk.contents.location(max(stored(desk.contents)), "", None)
    assert location
    return Path(location)


def cut(file: Path) -> None:
    """Cut a file to fewer bytes than the client has read."""
    with file.open("r+b") as opened:
        opened.truncate(1000)


def cut_the_last_byte(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(len(LARGE) - 1)


@pytest.mark.parametrize(("harm", "headers"), [(cut, ""), (cut_the_last_byte, "Range: bytes=7-")])
def test_a_download_of_a_file_that_was_cut_breaks_off(
    harm: Callable[[Path], None], headers: str, server: Served, own_desk: Desk
) -> None:
    store(own_desk)
    with slow_download(server, headers) as (connection, length, start):
        harm(file_of(own_desk))
        body = start + connection.read(length - len(start))
        assert len(body) < length
        assert connection.read(1) == b"", "the connection is still open"
    assert LARGE[len(LARGE) - length :].startswith(body)


def test_a_download_of_a_file_that_is_deleted_ends_with_its_bytes(server: Served, own_desk: Desk) -> None:
    """The download keeps the file open. The next download gets an error, because the bytes are lost."""
    store(own_desk)
    with slow_download(server) as (connection, length, start):
        file_of(own_desk).unlink()
        assert start + connection.read(length - len(start)) == LARGE
        assert_ended(connection, Answer(200, []))
    lost = ask(server.address, path("large"))
    assert lost.status == 503
    assert_plain_problem(lost)


def test_a_file_that_grew_sends_no_byte_too_many(server: Served, own_desk: Desk) -> None:
    store(own_desk)
    with file_of(own_desk).open("ab") as opened:
        opened.write(b"HTTP/1.1 200 OK\r\n\r\n")
    with Connection(server.address) as connection:
        assert connection.ask(path("large")).body == LARGE
        assert_ended(connection, Answer(200, []))


def test_a_directory_that_is_gone_is_a_503(server: Served, own_desk: Desk, folder: Path) -> None:
    """Reads and writes of long values get a 503. Short values lie in the database. When it is back, all works."""
    store(own_desk)
    there, away = folder / "contents", folder / "away"
    there.rename(away)
    there.touch()  # this file keeps the app from creating the directory again
    try:
        with Connection(server.address) as connection:
            for headers in ("", "Range: bytes=0-0", "Range: bytes=0-0,9-9"):
                answer = connection.ask(path("large"), headers)
                assert answer.status == 503
                assert_plain_problem(answer)
            assert connection.ask(path("untyped")).status == 200
        refused = upload(server, LARGE[:1_000_000])
        assert refused.status == 503
        assert_plain_problem(refused)
    finally:
        there.unlink()
        away.rename(there)
    assert ask(server.address, path("large")).body == LARGE
    assert upload(server, LARGE[:1_000_000]).status == 204


def upload(server: Served, data: bytes) -> Answer:
    body = part("data", data) + END
    with Connection(server.address) as connection:
        headers = f"Content-Type: {CONTENT_TYPE}\nContent-Length: {len(body)}"
        connection.send(request(path("uploaded"), headers, "POST") + body)
        return connection.answer("POST")
