"""Uploads over a real socket: whole, in chunks, too large, and broken off by the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from tests.support.desk import make_desk
from tests.support.forms import CONTENT_TYPE, END, part
from tests.support.rawhttp import PATIENCE, Address, Broken, Connection, ask, request
from tests.support.served_world import noise
from tests.support.servers import COMMANDS, serve
from tests.support.upload_app import LIMIT

pytestmark = pytest.mark.tools

READS_FIRST = {"waitress"}
"""Servers that read a whole request before the app sees it."""

NO_CHUNKS = {"uwsgi"}
"""Servers that pass chunked requests to an app only in their own way."""

V = "/task/t/variables/v/data"
DATA = noise(8 * 2**20)
FORM = part("data", DATA, "f.bin", "image/png") + part("valueType", "File") + END


class Uploads:
    """A server with a task `t`, and access to its database."""

    def __init__(self, name: str, address: Address, engine: sa.Engine) -> None:
        self.name, self.address, self._engine = name, address, engine

    def rows(self) -> int:
        with self._engine.connect() as connection:
            return connection.scalar(sa.text("SELECT count(*) FROM taskvars_chunk")) or 0

    def until(self, condition: Callable[[int], bool]) -> None:
        """Wait until the number of chunk rows meets a condition."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.rows()):
            assert time.monotonic() < deadline, self.rows()
            time.sleep(0.02)


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def uploads(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploads]:
    folder = tmp_path_factory.mktemp(str(request.param))
    url = f"sqlite:///{folder / 'taskvars.db'}"
    with make_desk(url) as desk:
        desk.storage.add_scope("t")
    engine = sa.create_engine(url)
    with serve(request.param, folder, "tests.support.upload_app:app", {"TASKVARS_TEST_URL": url}) as served:
        yield Uploads(served.name, served.address, engine)
    engine.dispose()


def post(body: bytes, length: str = "", path: str = V) -> bytes:
    """Return a request with a form. Its Content-Length is right unless another one is given."""
    fields = length or f"Content-Length: {len(body)}"
    return request(path, f"Content-Type: {CONTENT_TYPE}\n{fields}", "POST") + body


def test_a_large_form(uploads: Uploads) -> None:
    with Connection(uploads.address) as connection:
        connection.send(post(FORM))
        answer = connection.answer("POST")
    assert (answer.status, answer.body) == (204, b"")
    download = ask(uploads.address, V)
    assert (download["Content-Type"], download["Content-Disposition"]) == ("image/png", 'attachment; filename="f.bin"')
    assert download.body == DATA


def test_a_form_without_a_length(uploads: Uploads) -> None:
    if uploads.name in NO_CHUNKS:
        pytest.skip("the server has an interface of its own for these")
    pieces = [FORM[start : start + 99_999] for start in range(0, len(FORM), 99_999)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    with Connection(uploads.address) as connection:
        connection.send(post(chunks, "Transfer-Encoding: chunked", "/task/t/variables/chunked/data"))
        assert connection.answer("POST").status == 204
    assert ask(uploads.address, "/task/t/variables/chunked/data").body == DATA


@pytest.mark.parametrize("start", [b"", b'9\r\n{"value": \r\n'], ids=["first", "later"])
def test_chunks_that_can_not_be_decoded(start: bytes, uploads: Uploads) -> None:
    """They must not count as an empty body, which would set the variable to null."""
    path = "/task/t/variables/broken"
    with Connection(uploads.address) as connection:
        fields = "Content-Type: application/json\nTransfer-Encoding: chunked\nConnection: close"
        connection.send(request(path, fields, "PUT") + start + b"zz\r\n0\r\n\r\n")
        assert connection.answer("PUT").status == (411 if uploads.name in NO_CHUNKS else 400)
    assert ask(uploads.address, path).status == 404


@pytest.mark.parametrize("sent", [100, 7 * 2**20, len(FORM) - len(END) - 1], ids=["head", "data", "end"])
def test_a_client_that_goes_away_leaves_nothing_behind(uploads: Uploads, sent: int) -> None:
    before, kept = uploads.rows(), ask(uploads.address, V).body
    with Connection(uploads.address) as connection:
        connection.send(post(FORM[:sent], f"Content-Length: {len(FORM)}"))
        if uploads.name not in READS_FIRST and sent > len(DATA) // 2:
            uploads.until(lambda rows: rows > before)
    uploads.until(lambda rows: rows == before)
    assert ask(uploads.address, V).body == kept


def test_a_form_over_the_limit(uploads: Uploads) -> None:
    before, body = uploads.rows(), b"x" * (LIMIT + 1)
    with Connection(uploads.address) as connection:
        with suppress(OSError):  # the server may close its side before it has read everything
            connection.send(post(body))
        answer = connection.answer("POST")
        assert (answer.status, answer["Content-Type"]) == (413, "application/json")
        assert f"longer than {LIMIT} bytes".encode() in answer.body
        with suppress(Broken, OSError):  # most servers close; none takes the rest of the form for a request
            connection.send(request(V))
            assert connection.answer().status in (200, 404)
    assert uploads.rows() == before


def test_a_form_over_the_limit_in_chunks(uploads: Uploads) -> None:
    if uploads.name in NO_CHUNKS:
        pytest.skip("the server has an interface of its own for these")
    before, data = uploads.rows(), part("data", b"x" * LIMIT)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data + END), data + END)
    with Connection(uploads.address) as connection:
        with suppress(OSError):
            connection.send(post(body, "Transfer-Encoding: chunked"))
        assert connection.answer("POST").status == 413
    uploads.until(lambda rows: rows == before)
