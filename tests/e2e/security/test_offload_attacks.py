"""Attacks on the servers that send the bytes: names, callers and headers that try to get the file of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

import pytest

from flask_taskvars import Bytes
from flask_taskvars.storage.base import storable
from tests.e2e.test_offload import APACHE_REST, OBJECTS, REST, offloading
from tests.http.conformance import path
from tests.support.offload_app import make_app
from tests.support.rawhttp import Answer, ask
from tests.support.served_world import MULTI, TASK, noise
from tests.support.servers import Served

pytestmark = pytest.mark.tools

BESIDE = {"x-accel": f"{REST}\n{OBJECTS}", "x-sendfile": APACHE_REST}
"""The configuration for the rest of the app."""

SECRET = b"a file that no variable refers to"
PLACES = {b"x-accel-redirect", b"x-sendfile", b"x-taskvars-url", b"x-taskvars-range", b"location"}
"""Headers that only the server in front may get."""

NAMES = [
    *("a\0b", "secret\0.bin", "a\rb", "a\nb", "a\r\nX-Accel-Redirect: /taskvars-files/secret\r\nX-Sendfile: /secret"),
    *("..", "../..", "../../../x", "../secret.bin", "..\\secret.bin", "a/../b", "./a", "/etc/passwd", "//a", "a//b"),
    *("%2e%2e", "%2e%2e%2fsecret.bin", "..%2fsecret.bin", "%252e%252e%252f", "%00", "%0d%0aX-Sendfile: /secret"),
    *("secret.bin", "?", "#", ";", "a;/../b", "\\", '"', "'", " ", "ü", "\x7f", "{", "~", "$uri", "taskvars-files"),
]
"""Ids and names that have a special meaning in a file system, a URL or a header."""


def own_bytes(name: str) -> bytes:
    """Return the bytes of the variable or task with this name. They are long enough for offload."""
    return noise(70_000, NAMES.index(name))


@pytest.fixture(scope="module", params=["x-accel", "x-sendfile"])
def attacked(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A host with its own careless pages, behind nginx or Apache as docs/offload.md says."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as root:
        folder = Path(root)
        folder.chmod(0o755)  # nginx and Apache run as other users
        target = "tests.support.careless_app:app"
        with offloading(request.param, folder, target, BESIDE[request.param]) as served:
            _fill(folder)
            yield served


def _fill(folder: Path) -> None:
    (contents(folder) / "secret.bin").write_bytes(SECRET)
    app, db, storage = make_app(f"sqlite:///{folder / 'taskvars.db'}", contents(folder).as_uri(), "")
    with app.app_context():
        stored = [name for name in NAMES if storable(name)]
        storage.update(TASK, put={name: Bytes(own_bytes(name)) for name in stored}, local=True)
        for name in stored:
            storage.add_scope(name)
            storage.set(name, "v", own_bytes(name))
        db.engine.dispose()


def contents(folder: Path) -> Path:
    return folder / "con tents"


def long_file(served: Served) -> Path:
    """Return the file with the bytes of the variable `multi`."""
    return next(file for file in contents(served.log.parent).rglob("*") if file.stat().st_size == len(MULTI))


def names_no_place(answer: Answer) -> bool:
    return not PLACES & {name.lower() for name, _ in answer.fields}


SERVED = {MULTI, *map(own_bytes, NAMES)}
"""The contents behind all paths that the app understands. None is empty, and none is the secret."""

WAYS = ["", "Range: bytes=0-999999", 'If-None-Match: "x"']
"""Headers for each way through nginx. The answer has the whole content."""


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_leads_to_another_file(name: str, headers: str, attacked: Served) -> None:
    """The name is used for a variable and for a task. An answer has the variable's own bytes, or none."""
    escaped, dots = quote(name, safe=""), quote(name, safe="").replace(".", "%2E")
    reached = storable(name) and "/" not in name and name != ".."
    for target in (path(escaped), path("v", escaped), path(dots), path("v", dots)):
        answer = ask(attacked.address, target, headers)
        assert names_no_place(answer)
        if answer.status in (200, 206):
            assert answer.body == own_bytes(name)
        else:
            assert not reached
            assert answer.status in (400, 404)
            assert SECRET not in answer.body


UP = ["../", "%2e%2e/", "..%2f", "%2e%2e%2f", "%252e%252e%252f", "..%5c", "..;/"]
ENDS = ["%00", "%00/../secret.bin", "%0d%0aX-Sendfile:%20secret.bin", "%0a", "%20", "%c0%ae%c0%ae"]
BEFORE = ["/x/..", "/x/%2e%2e", "/x/..%2f", "/.", "/%2e", "/", "/;x", "/task/.."]
INSTEAD = [
    *("/%74ask", "/task/", "/task/.", "/task/%2e%2e/task", "/task;x", "/engine/default/task", "/engine/default/%74ask"),
    *("/%65ngine/default/task", "/engine/default/task/%2e%2e/task", "/engine/default/task/..%2ftask"),
    *("/x/..%2Ftask", "/x/..%2fengine/default/task", "/engine%2fdefault%2ftask", "//engine/default/task"),
    *("/engine/default%2Ftask", "/engine%2Fdefault/task"),
]
ESCAPED = ["/task%2F", "/task%2f", "/%74ask%2F", "/engine/default/task%2F"]
PATHS = [
    *(path(f"{up}secret.bin") for up in UP),
    *(path(f"multi{end}") for end in ENDS),
    *(path("multi", TASK + end) for end in ENDS),
    *(before + path("multi") for before in BEFORE),
    *(path("multi").replace("/task", other, 1) for other in INSTEAD),
    *(path("multi").replace("/task/", other, 1) for other in ESCAPED),
    *("/task/..%2fcon%20tents/secret.bin", "/task/../con%20tents/secret.bin", "/con%20tents/secret.bin", "/secret.bin"),
    *("/task/%2e%2e/taskvars-whole/secret.bin", "/task/..%2ftaskvars-files/secret.bin", "/task//secret.bin"),
]


@pytest.mark.parametrize("target", PATHS)
def test_no_path_leads_to_another_file(target: str, attacked: Served) -> None:
    answer = ask(attacked.address, target)
    assert answer.status in (400, 403, 404) or answer.body in SERVED
    assert names_no_place(answer)


@pytest.mark.parametrize("raw", [b"\0", b"\r", b"/../secret.bin\0"])
def test_no_raw_byte_leads_to_another_file(raw: bytes, attacked: Served) -> None:
    answer = ask(attacked.address, path("multi").encode() + raw)
    assert answer.status in (400, 404)
    assert names_no_place(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [*WAYS, "Range: bytes=0-9", "If-Match: *", "If-None-Match: *"])
def test_a_refused_caller_gets_nothing_through_the_server(method: str, headers: str, attacked: Served) -> None:
    mine = ask(attacked.address, path("multi"), headers, method)
    assert mine.status in (200, 206, 304)
    answer = ask(attacked.address, path("multi"), f"X-Tenant: another\n{headers}".strip(), method)
    assert answer.status == 403
    assert names_no_place(answer)
    assert not {b"etag", b"repr-digest", b"last-modified"} & {name.lower() for name, _ in answer.fields}
    if method == "GET":
        assert json.loads(answer.body)["type"] == "AuthorizationException"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("place", ["/taskvars-whole", "/taskvars-files", "", "/task", "/task/..%2ftaskvars-whole"])
def test_a_file_can_not_be_reached_by_its_own_path(place: str, method: str, attacked: Served) -> None:
    """Even a client that knows the file's path gets the bytes only through the app."""
    target = place + quote(str(long_file(attacked)))
    for headers in ("", "Range: bytes=0-9", f"X-Accel-Redirect: {target}\nX-Sendfile: {long_file(attacked)}"):
        answer = ask(attacked.address, target, f"{headers}\nContent-Length: 0".strip(), method)
        assert answer.status in (403, 404, 405)
        assert MULTI[:10] not in answer.body


def forged(served: Served) -> str:
    """Return headers that some server would obey if they came from an app, or if it accepted them from clients."""
    secret = contents(served.log.parent) / "secret.bin"
    return (
        f"X-Accel-Redirect: /taskvars-whole{quote(str(secret))}\nX-Accel-Buffering: yes\nX-Accel-Limit-Rate: 1\n"
        f"X-Accel-Expires: 3600\nX-Accel-Charset: koi8-r\nX-Accel-Mapping: {secret.parent}=/taskvars-files\n"
        f"X-Sendfile: {secret}\nX-Sendfile-Type: X-Accel-Redirect\nX-Lighttpd-Send-File: {secret}\n"
        f"X-Taskvars-Url: http://{served.address}/careless/page\nX-Taskvars-Range: bytes=7-7"
    )


@pytest.mark.parametrize("headers", [*WAYS, "Range: bytes=0-9", "Range: bytes=99999999-"])
@pytest.mark.parametrize(
    "target", [path("multi"), path("bytes"), path("none"), f"/task/{TASK}/variables", "/openapi.json"]
)
def test_a_clients_headers_change_nothing(target: str, headers: str, attacked: Served) -> None:
    plain, other = (ask(attacked.address, target, f"{more}\n{headers}".strip()) for more in ("", forged(attacked)))
    assert (other.status, other.body) == (plain.status, plain.body)
    kept = [sorted(field for field in answer.fields if field[0].lower() != b"date") for answer in (plain, other)]
    assert kept[0] == kept[1]


def told(served: Served, page: str, **headers: str) -> Answer:
    """Let a careless page of the host send these headers."""
    return ask(served.address, f"{page}?{urlencode(headers)}")


def evil_headers(served: Served) -> list[dict[str, str]]:
    """Return headers that would lead the server to a file without a variable, or to another server."""
    secret = contents(served.log.parent) / "secret.bin"
    return [
        {"X-Accel-Redirect": f"/taskvars-whole{quote(str(secret))}"},
        {"X-Accel-Redirect": f"/taskvars-files{quote(str(secret))}"},
        {"X-Accel-Redirect": "/taskvars-objects", "X-Taskvars-Url": f"http://{served.address}/careless/inside"},
        {"X-Sendfile": str(secret)},
    ]


def test_a_careless_page_where_the_server_obeys_can_send_any_content(attacked: Served) -> None:
    """This is why docs/offload.md warns: the server sends other bytes than those of the page."""
    bodies = [told(attacked, "/task/careless", **headers).body for headers in evil_headers(attacked)]
    page = b"a page of the host"
    assert bodies == ([SECRET, SECRET, b"inside", page] if attacked.name == "x-accel" else [page, page, page, SECRET])


# Pages whose paths nginx could understand in another way than the app.
ELSEWHERE = ["/careless/page", "/careless/..%2Ftask/page", "/careless/%2e%2e/task/page", "/./careless/../task/page"]
ELSEWHERE += ["/task/..%2Fcareless/page", "/task/%2e%2e/careless/page", "//careless/page", "/careless;/task/page"]


@pytest.mark.parametrize("page", ELSEWHERE)
def test_the_server_obeys_no_other_page(page: str, attacked: Served) -> None:
    for headers in evil_headers(attacked):
        answer = told(attacked, page, **headers)
        assert answer.status in (200, 404)
        assert SECRET not in answer.body
        assert answer.body != b"inside"
    assert told(attacked, "/careless/page").body == b"page"
