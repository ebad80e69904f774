"""The tus clients tuspy and tus-js-client on real servers, while connections are cut and servers are killed."""

from __future__ import annotations

import hashlib
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import missing
from tests.e2e.test_deploying import nginx
from tests.support.databases import Missing, free_port, program
from tests.support.desk import make_desk
from tests.support.installed import npm_package
from tests.support.rawhttp import PATIENCE, Address, Connection, ask
from tests.support.rawhttp import request as raw_request
from tests.support.relay import Relay, relay
from tests.support.served_world import noise
from tests.support.servers import COMMANDS, NOTHING, run, serve
from tests.support.tus import BODY_TYPE

pytestmark = pytest.mark.tools
pytest.importorskip("tusclient", reason="tuspy is not installed")

V = "/task/t/variables/v"
DATA = noise(6 * 2**20 + 12_345)
CHUNK = 700_000
NGINX_HOLDS = 16 * 1024
"""Bytes that nginx may have read and not passed on (client_body_buffer_size). They are lost with the connection."""
Client: TypeAlias = Callable[[str, Path], None]
"""Uploads a file to a URL."""


def tuspy(url: str, file: Path, chunk_size: int = CHUNK, retries: int = 300) -> None:
    """Upload with tuspy as its README shows, with checksums."""
    from tusclient.client import TusClient

    about = {"filename": "ä.bin", "type": "text/plain", "charset": "utf-8"}
    settings = {"chunk_size": chunk_size, "retries": retries, "retry_delay": 0.2, "metadata": about}
    with file.open("rb") as stream:  # given a path, tuspy opens the file for each request and never closes it
        TusClient(url).uploader(file_stream=stream, upload_checksum=True, **settings).upload()


def tus_js(url: str, file: Path, chunk_size: int = CHUNK) -> None:
    """Upload with tus-js-client on Node, as its README shows."""
    try:
        folder, node = npm_package("tus-js-client@4.3.1"), program("node")
    except Missing as absence:
        missing(str(absence))
    script = Path(__file__).parent / "clients" / "tus_upload.mjs"
    command = [node, script, folder, url, file, str(chunk_size)]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


CLIENTS: dict[str, Client] = {
    "tuspy": tuspy,
    "tus-js-client": tus_js,
    "tus-js-client, all at once": partial(tus_js, chunk_size=len(DATA)),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "large.bin"
    made.write_bytes(DATA)
    return made


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for an app: a database with a task, and a directory for contents."""
    folder = tmp_path_factory.mktemp("tus")
    url = f"sqlite:///{folder / 'taskvars.db'}"
    with make_desk(url) as desk:
        desk.storage.add_scope("t")
    return {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_CONTENTS": f"file://{folder}/contents"}


@pytest.fixture(scope="module", params=["gunicorn", "granian", "waitress", "nginx"])
def served(
    request: pytest.FixtureRequest, env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Address]:
    """The app on each server in turn, and on gunicorn behind nginx."""
    folder = tmp_path_factory.mktemp("server")
    name = "gunicorn" if request.param == "nginx" else request.param
    with serve(name, folder, "tests.support.served_app:app", env) as server:
        if request.param != "nginx":
            yield server.address
            return
        folder.chmod(0o755)
        with nginx(folder, server.address) as address:
            yield address


def assert_whole(address: Address) -> None:
    answer = ask(address, f"{V}/data")
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(DATA).digest()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("client", CLIENTS)
def test_an_upload_at_once_and_in_chunks(served: Address, client: str, file: Path) -> None:
    CLIENTS[client](f"http://{served}{V}/uploads", file)
    assert_whole(served)


@contextmanager
def cutting(way: Relay, seed: int) -> Iterator[None]:
    """Cut all connections after each random number of bytes."""
    over, chance = threading.Event(), random.Random(seed)

    def cut() -> None:
        limit, cuts = 0, 0
        while not over.is_set() and cuts < 12:
            limit += chance.randrange(1, 900_000)
            while not over.is_set() and sum(map(len, way.heard)) < limit:
                time.sleep(0.001)
            way.cut()
            cuts += 1

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("client", CLIENTS)
def test_connections_that_are_cut_at_random_bytes(served: Address, client: str, file: Path) -> None:
    with relay(f"http://{served}{V}/uploads") as way:
        begun(way.url)  # warms up the server
        with cutting(way, seed=len(client)):
            CLIENTS[client](way.url, file)
    assert_whole(served)


def test_bytes_before_a_cut_are_kept(served: Address, request: pytest.FixtureRequest) -> None:
    behind = request.node.callspec.params["served"]
    if behind == "waitress":
        pytest.skip("it reads a request to its end before the app sees any of it")
    url, came = begun(f"http://{served}{V}/uploads"), DATA[:3_000_001]
    fields = f"Tus-Resumable: 1.0.0\nUpload-Offset: 0\nContent-Type: {BODY_TYPE}\nContent-Length: {len(DATA)}"
    with Connection(served) as connection:
        connection.send(raw_request(urlsplit(url).path, fields, "PATCH") + came)
    least = len(came) - (NGINX_HOLDS if behind == "nginx" else 0)
    deadline = time.monotonic() + PATIENCE
    while (offset := offset_of(url)) < least:
        assert time.monotonic() < deadline, offset
        time.sleep(0.05)
    assert offset <= len(came)


def offset_of(url: str) -> int:
    answer = requests.head(url, headers={"Tus-Resumable": "1.0.0"}, timeout=PATIENCE)
    return int(answer.headers["Upload-Offset"])


def begun(url: str, length: int = len(DATA), conditions: Mapping[str, str] = NOTHING) -> str:
    """Begin an upload, and return its URL."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), **conditions}
    answer = requests.post(url, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 201
    return url.partition("/task")[0] + answer.headers["Location"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_is_killed(env: dict[str, str], client: str, file: Path, tmp_path: Path) -> None:
    address = Address("127.0.0.1", free_port())
    command = COMMANDS["gunicorn"](address, "tests.support.served_app:app")
    with relay(f"http://{address}{V}/uploads") as way, ThreadPoolExecutor(1) as pool:
        with run("gunicorn", command, address, tmp_path, env):
            upload = pool.submit(CLIENTS[client], way.url, file)
            while sum(map(len, way.heard)) < len(DATA) // 2:
                time.sleep(0.001)
        assert not upload.done()
        with run("gunicorn", command, address, tmp_path, env):
            upload.result(PATIENCE)
            assert_whole(address)


def test_two_clients_at_one_upload(served: Address) -> None:
    url = begun(f"http://{served}{V}/uploads")

    def send(_: int) -> int:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY_TYPE}
        return requests.patch(url, DATA, headers=headers, timeout=PATIENCE).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(send, range(2)))
    assert statuses[0] == 204
    assert statuses[1] in (409, 423)
    assert hashlib.sha256(ask(served, f"{V}/data").body).digest() == hashlib.sha256(DATA).digest()


def test_two_uploads_of_one_name(served: Address) -> None:
    tag = ask(served, V)["ETag"]
    urls = [begun(f"http://{served}{V}/uploads", 3, {"If-Match": tag}) for _ in range(2)]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY_TYPE}
    answers = [requests.patch(url, b"abc", headers=headers, timeout=PATIENCE).status_code for url in urls]
    assert answers == [204, 412]
