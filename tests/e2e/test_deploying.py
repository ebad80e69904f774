"""Each server is started as docs/deploying.md says, behind nginx with the page's own configuration."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from flask_taskvars import File
from tests.conftest import missing
from tests.support.databases import free_port
from tests.support.desk import make_desk
from tests.support.forms import CONTENT_TYPE, END, part
from tests.support.pages import ROOT, blocks
from tests.support.rawhttp import Address, Broken, Connection, ask, request
from tests.support.served_world import noise
from tests.support.servers import run, serve

pytestmark = pytest.mark.tools

PAGE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
COMMANDS = {command.split()[0]: command.replace("\\\n", "") for command in blocks(PAGE, "sh")}
[NGINX] = blocks(PAGE, "nginx")
[BESIDE] = blocks((ROOT / "docs" / "live-engine.md").read_text(encoding="utf-8"), "nginx")
UPSTREAM = "127.0.0.1:8000"

LARGE = noise(8 * 2**20)
"""More bytes than nginx accepts by default, and than nginx and both sockets buffer without the disk."""
TEXT = b"text " * 1000
NAME = "a/b//c %?#ü.txt"
V = "/task/t/variables"
FEW = {"--workers 2": "--workers 1", "--processes 2": "--processes 1", "--threads 32": "--threads 2"}
FEW["--blocking-threads 32"] = "--blocking-threads 2"


@contextmanager
def nginx(folder: Path, upstream: Address, server: str = NGINX) -> Iterator[Address]:
    """Run nginx in front of a server as a page configures it. By default it compresses everything that it can."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        missing("nginx is not installed")
    address = Address("127.0.0.1", free_port())
    server = server.replace(UPSTREAM, str(upstream)).replace("listen 80;", f"listen {address};")
    temporary = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} gzip on; gzip_types text/plain; gzip_min_length 1;\n{server} }}"
    )
    command = [str(program), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with run("nginx", command, address, folder):
        yield address


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Each server as the page starts it, except that it has two threads, behind nginx."""
    folder = tmp_path_factory.mktemp(str(request.param))
    url = f"sqlite:///{folder / 'taskvars.db'}"
    with make_desk(url) as desk:
        desk.storage.add_scope("t")
        desk.storage.set("t", "large", LARGE)
        desk.storage.set("t", NAME, File(TEXT, filename="text.txt", mimetype="text/plain"))
    address, command = Address("127.0.0.1", free_port()), COMMANDS[str(request.param)]
    for given, tried in {
        UPSTREAM: str(address),
        "--port 8000": f"--port {address.port}",
        "app:app": "tests.support.deployed_app:app",
        **FEW,
    }.items():
        command = command.replace(given, tried)
    with ExitStack() as stack:
        stack.enter_context(run(str(request.param), command.split(), address, folder, {"TASKVARS_TEST_URL": url}))
        yield stack.enter_context(nginx(folder, address))


def test_a_download_is_resumed_and_not_sent_twice(deployed: Address) -> None:
    path = f"{V}/{quote(NAME, safe='')}/data"
    whole = ask(deployed, path, "Accept-Encoding: gzip")
    assert whole.body == TEXT
    assert "Content-Encoding" not in whole
    tag = whole["ETag"]
    assert re.fullmatch('"[^"]+"', tag), "the tag is not strong"
    rest = ask(deployed, path, f"Accept-Encoding: gzip\nRange: bytes=4990-\nIf-Range: {tag}")
    assert (rest.status, rest["Content-Range"], rest.body) == (206, "bytes 4990-4999/5000", TEXT[4990:])
    assert ask(deployed, path, f"If-None-Match: {tag}").status == 304


def test_a_long_name(deployed: Address) -> None:
    answer = ask(deployed, f"{V}/{quote('界' * 255)}/data")
    assert (answer.status, answer["Content-Type"]) == (404, "application/json")


def test_an_upload_arrives(deployed: Address) -> None:
    form = part("data", LARGE, "f.bin", "image/png") + part("valueType", "File") + END
    fields = f"Content-Type: {CONTENT_TYPE}\nContent-Length: {len(form)}"
    with Connection(deployed) as connection:
        connection.send(request(f"{V}/new/data", fields, "POST") + form)
        assert connection.answer("POST").status == 204
    assert ask(deployed, f"{V}/new/data").body == LARGE


def test_an_upload_without_a_length_arrives(deployed: Address) -> None:
    form = part("data", TEXT, "f.bin", "image/png") + part("valueType", "File") + END
    fields = f"Content-Type: {CONTENT_TYPE}\nTransfer-Encoding: chunked"
    with Connection(deployed) as connection:
        connection.send(request(f"{V}/chunked/data", fields, "POST") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form))
        assert connection.answer("POST").status == 204
    assert ask(deployed, f"{V}/chunked/data").body == TEXT


READS_ALL = {"waitress-serve"}
"""Servers that read a whole upload before the app sees it."""


@pytest.mark.parametrize("deployed", sorted(COMMANDS.keys() - READS_ALL), indirect=True)
def test_a_caller_without_rights_is_refused_before_the_upload_is_sent(deployed: Address) -> None:
    """Otherwise anybody could fill nginx's disk. Some servers close such a connection, and nginx answers 502."""
    fields = f"Content-Type: {CONTENT_TYPE}\nContent-Length: {len(LARGE)}"
    with Connection(deployed) as connection:
        connection.send(request(f"{V}/forbidden/data", fields, "POST") + LARGE[:1000])
        assert connection.answer("POST").status in (403, 502)


# Paths that nginx takes for paths below /task/, and the app for those of its own pages.
TRICKS = ["/admin/..%2Ftask/x", "/admin/%2e%2e/task/x", "/admin/..%2ftask/", "/./admin/../task/x", "/admin/../task/x"]


@pytest.mark.parametrize("target", [*TRICKS, "//task/t/variables", "/%74ask/t/variables", "/admin/x"])
def test_only_the_variables_can_be_reached(target: str, deployed: Address) -> None:
    answer = ask(deployed, target)
    assert answer.status == 404
    assert b"administrators" not in answer.body


def test_slow_clients_keep_no_thread_busy(deployed: Address) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            slow = stack.enter_context(Connection(deployed, receive_buffer=4096))
            slow.send(request(f"{V}/large/data"))
            assert slow.head().status == 200
        assert ask(deployed, f"{V}/{quote(NAME, safe='')}/data").body == TEXT


def test_a_broken_download_never_looks_complete_behind_nginx(deployed: Address) -> None:
    try:
        answer = ask(deployed, "/task/broken/task/t/variables/v/data")
    except Broken:
        return
    assert answer.status == 502  # the server closed so abruptly that the bytes before were lost


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Our server behind nginx, beside an engine that is down."""
    folder = tmp_path_factory.mktemp("beside")
    server = BESIDE.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}")
    env = {"TASKVARS_TEST_URL": f"sqlite:///{folder / 'taskvars.db'}"}
    with (
        serve("gunicorn", folder, "tests.support.deployed_app:app", env) as served,
        nginx(folder, served.address, server) as address,
    ):
        yield address


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/engine-rest/task/t/variables/v/data", 200),
        ("/engine-rest/engine/default/task/t/localVariables/a%2Fb/data", 200),
        ("/engine-rest/task/t", 502),
        ("/engine-rest/task/t/variables-of-another", 502),
        ("/engine-rest/process-instance/p/variables/v/data", 502),
        ("/engine-rest/task/t/variables;x/v/data", 400),
        ("/engine-rest/task;x/t/variables/v/data", 400),
        ("/engine-rest;x/task/t/variables/v/data", 400),
        ("/x/..;/engine-rest/task/t/variables/v/data", 400),
        ("/x/../engine-rest/task/t/variables/v/data", 404),
        ("/%65ngine-rest/task/t/variables/v/data", 404),
        ("//engine-rest/task/t/variables/v/data", 404),
        ("/engine-rest/task/t/x/../variables/v/data", 404),
        ("/engine-rest/task/t/variables/a;b/data", 200),
    ],
)
def test_only_the_variables_of_tasks_go_to_us_and_the_rest_to_the_engine(
    beside: Address, path: str, status: int
) -> None:
    assert ask(beside, path, method="HEAD").status == status
