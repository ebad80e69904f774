"""nginx and Apache send the bytes, configured as docs/offload.md says: each row of the tables of RFC 9110."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flask_taskvars.errors import StorageUnavailable
from tests.conftest import missing
from tests.e2e.test_deploying import UPSTREAM, nginx
from tests.http import test_conformance_preconditions as preconditions
from tests.http import test_conformance_ranges as ranges
from tests.http.conformance import Case, path, run
from tests.support import servers
from tests.support.databases import free_port
from tests.support.offload_app import fill
from tests.support.pages import ROOT, blocks
from tests.support.rawhttp import Address, Answer, Connection, ask, request
from tests.support.served_world import MULTI
from tests.support.servers import Served, serve

pytestmark = pytest.mark.tools

PAGE = (ROOT / "docs" / "offload.md").read_text(encoding="utf-8")
FILES, OBJECTS, REST = blocks(PAGE, "nginx")
APACHE, APACHE_REST = blocks(PAGE, "apache")
TABLES = [
    *(*preconditions.IF_MATCH, *preconditions.IF_UNMODIFIED_SINCE, *preconditions.IF_NONE_MATCH),
    *(*preconditions.IF_MODIFIED_SINCE, *preconditions.ORDER, *preconditions.IF_RANGE),
    *(*ranges.SINGLE, *ranges.SYNTAX, *ranges.UNSATISFIABLE, *ranges.PARTS),
]

CASES = [case for case in TABLES if "two-lines" not in case.name]  # nginx itself refuses requests with two such lines
MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http", "xsendfile")
LIBRARIES = Path("/usr/lib/apache2/modules")


@contextmanager
def apache(folder: Path, upstream: Address, contents: str, beside: str = "") -> Iterator[Address]:
    """Run Apache as the page configures it, in front of a server."""
    program = shutil.which("apache2", path="/usr/sbin:/usr/bin")
    if program is None or not (LIBRARIES / "mod_xsendfile.so").exists():
        missing("Apache with mod_xsendfile is not installed")
    address = Address("127.0.0.1", free_port())
    server = APACHE.replace("</VirtualHost>", f"{beside}\n</VirtualHost>").replace(UPSTREAM, str(upstream))
    server = server.replace("*:80", str(address)).replace("/srv/contents", contents)
    loaded = "".join(f"LoadModule {one}_module {LIBRARIES}/mod_{one}.so\n" for one in MODULES)
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""  # Apache does not serve as root
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nServerName localhost\nListen {address}\nPidFile {folder}/apache.pid\n"
        f"ErrorLog {folder}/apache.log\n{loaded}{user}{server}"
    )
    with servers.run("apache", [str(program), "-f", str(folder / "apache.conf"), "-DFOREGROUND"], address, folder):
        yield address


def assert_failed(answer: Answer) -> None:
    """Check the answer if nginx can't get the bytes: the app's own error, without headers about the value."""
    assert answer.status == 503
    assert json.loads(answer.body) == {
        "type": StorageUnavailable.type,
        "message": str(StorageUnavailable()),
        "code": None,
    }
    assert answer["Content-Type"] == "application/json"
    assert int(answer["Retry-After"]) > 0
    assert not {"ETag", "Last-Modified", "Repr-Digest"} & {name.decode() for name, _ in answer.fields}


@pytest.fixture(scope="module", params=["x-accel", "x-sendfile"])
def offloaded(request: pytest.FixtureRequest) -> Iterator[Served]:
    """gunicorn behind nginx or Apache; a test may also ask gunicorn itself."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as root:
        Path(root).chmod(0o755)  # nginx and Apache run as other users
        with offloading(request.param, Path(root)) as served:
            yield served


@contextmanager
def offloading(
    offload: str, folder: Path, target: str = "tests.support.offload_app:app", beside: str = ""
) -> Iterator[Served]:
    """Run an app with the variables of `served_world` in gunicorn, behind the server that sends its long contents.

    :param beside: more configuration of that server.
    """
    url, contents = f"sqlite:///{folder / 'taskvars.db'}", str(folder / "con tents")
    store = Path(contents).as_uri()
    fill(url, store)
    env = {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_CONTENTS": store, "TASKVARS_TEST_OFFLOAD": offload}
    with serve("gunicorn", folder, target, env) as served:
        if not offload:
            yield served
            return
        if offload == "x-sendfile":
            with apache(folder, served.address, f'"{contents}"', beside) as address:
                yield Served(offload, address, served.log, served.pid)
            return
        socket = f"{folder}/files.sock"
        server = FILES.replace("/run/taskvars-files.sock", socket)
        server = server.replace("/taskvars-whole/srv/contents/", f'"/taskvars-whole{contents}/"')
        server = server.replace("/srv/contents/", f'"{contents}/"')
        server = server.replace("    location /taskvars-files/ {", f"{beside}\n    location /taskvars-files/ {{")
        with nginx(folder, served.address, server) as address:
            yield Served(offload, address, served.log, served.pid)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("offloaded", ["", "x-accel"], indirect=True, ids=["alone", "x-accel"])
def test_every_row_of_the_tables(case: Case, offloaded: Served) -> None:
    run(case, offloaded)


@pytest.mark.parametrize("case", [case for case in CASES if case.variable in ("multi", "block")], ids=str)
@pytest.mark.parametrize("offloaded", ["x-sendfile"], indirect=True)
def test_every_row_for_a_long_value_behind_apache(case: Case, offloaded: Served) -> None:
    """Short values are left out, because Apache itself changes such answers."""
    run(case, offloaded)


def test_the_app_itself_sends_no_bytes(offloaded: Served) -> None:
    """Its answer is empty, and names the location of the bytes."""
    answer = ask(offloaded.address, path("multi"))
    assert answer.body == MULTI
    assert not {"X-Accel-Redirect", "X-Sendfile", "X-Taskvars-Range"} & {name.decode() for name, _ in answer.fields}


def test_both_ways_through_nginx_give_the_same_answers(offloaded: Served) -> None:
    """A plain request takes the fast way through nginx, a request with a precondition takes the other."""
    quick, round_about = (ask(offloaded.address, path("multi"), headers) for headers in ("", 'If-None-Match: "x"'))
    kept = [sorted(field for field in answer.fields if field[0].lower() != b"date") for answer in (quick, round_about)]
    assert kept[0] == kept[1]
    assert {b"etag", b"accept-ranges", b"repr-digest"} <= {name.lower() for name, _ in quick.fields}


@pytest.mark.parametrize(
    "target",
    [
        *("/taskvars-files/etc/passwd", "/taskvars-whole/etc/passwd", "/taskvars-objects", "/taskvars-files/"),
        *("//taskvars-files/etc/passwd", "/%74askvars-files/etc/passwd", "/task/../taskvars-files/etc/passwd"),
        *("/task/%2e%2e/taskvars-files/etc/passwd", "/task/..%2ftaskvars-files/etc/passwd", "/./taskvars-objects"),
    ],
)
def test_no_client_reaches_the_internal_locations(target: str, offloaded: Served) -> None:
    assert ask(offloaded.address, target).status in (404, 403)


@pytest.mark.parametrize("offloaded", ["x-accel"], indirect=True)
@pytest.mark.parametrize("headers", ["", "Range: bytes=0-0"])
def test_a_lost_file_is_a_503(headers: str, offloaded: Served) -> None:
    """This holds on both ways through nginx. nginx adds no error page of its own."""
    files = [file for file in (offloaded.log.parent / "con tents").rglob("*") if file.stat().st_size == len(MULTI)]
    away = files[0].rename(offloaded.log.parent / "away")
    try:
        assert_failed(ask(offloaded.address, path("multi"), headers))
    finally:
        away.rename(files[0])


@pytest.mark.parametrize("offloaded", ["x-accel"], indirect=True)
@pytest.mark.parametrize("headers", ["", "Range: bytes=0-9"])
def test_a_clients_own_headers_have_no_effect(headers: str, offloaded: Served) -> None:
    """Only the headers of the app decide which bytes are sent."""
    forged = (
        "X-Accel-Redirect: /taskvars-files/etc/passwd\nX-Taskvars-Url: http://127.0.0.1:9/\nX-Taskvars-Range: bytes=7-7"
    )
    answer = ask(offloaded.address, path("multi"), f"{forged}\n{headers}".strip())
    assert answer.body == (MULTI[:10] if headers else MULTI)


@pytest.mark.parametrize("headers", ["", 'If-None-Match: "x"'])
def test_no_stored_name_or_type_leads_to_another_file(headers: str, offloaded: Served) -> None:
    """Users choose them, and they are part of headers that the web server reads."""
    lines = "\r\nX-Accel-Redirect: /taskvars-files/etc/passwd\r\nX-Sendfile: /etc/passwd\r\nX-Taskvars-Range: bytes=7-7"
    info = {"filename": f"../../etc/passwd{lines}", "mimeType": f"text/plain{lines}"}
    value = {"type": "File", "value": b64encode(MULTI[1:]).decode(), "valueInfo": info}
    place, body = path("hostile-long"), json.dumps(value).encode()
    with Connection(offloaded.address) as connection:
        head = f"Content-Type: application/json\nContent-Length: {len(body)}"
        connection.send(request(place.removesuffix("/data"), head, "PUT") + body)
        assert connection.answer("PUT").status == 204
    answer = ask(offloaded.address, place, headers)
    assert (answer.status, answer.body) == (200, MULTI[1:])
    assert not {"X-Accel-Redirect", "X-Sendfile", "X-Taskvars-Range"} & {name.decode() for name, _ in answer.fields}
