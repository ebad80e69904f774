"""Which paths are ours and which are the host's, and who answers for an unknown path."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask, abort
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage

V = "/task/t1/variables/v"
NAMES = ["v", "data", "x/data", "data/data", "a/b", "ü ?#", " ", "%41", "..", "a+b", "a;b", "日本", "two\nlines"]
HTML, JSON = "text/html; charset=utf-8", "application/json"


@pytest.fixture(params=["", "/rest"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(prefix: str) -> Flask:
    """An app with its own pages, some of them below our prefix."""
    app = Flask("host")
    pages = Blueprint("pages", __name__)

    @pages.get("/page")
    @pages.get(f"{prefix}/version")
    def page() -> str:
        return "page"

    @pages.get("/folder/")
    @pages.get(f"{prefix}/below/")
    def folder() -> str:
        return "folder"

    @pages.get("/gone")
    @pages.get(f"{prefix}/gone-below")
    def gone() -> str:
        abort(404)

    @pages.get("/broken")
    @pages.get(f"{prefix}/broken-below")
    def broken() -> str:
        raise ValueError("a mistake of the host's")

    app.register_blueprint(pages)
    storage = MemoryStorage()
    storage.add_scope("t1")
    for name in NAMES:
        storage.set("t1", name, Bytes(name.encode()))
    TaskVars(storage, everybody, url_prefix=prefix).init_app(app)
    return app


def ask(app: Flask, path: str, method: str = "GET", **arguments: Any) -> TestResponse:
    # Set PATH_INFO itself: the test client would take `//` for a host name, and would normalize the path.
    return app.test_client().open("/", method=method, environ_overrides={"PATH_INFO": path}, **arguments)


HOST_PAGES = [
    ("GET", "/page", 200),
    ("GET", "{prefix}/version", 200),
    ("OPTIONS", "/page", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/gone", 404),
    ("GET", "{prefix}/gone-below", 404),
    ("POST", "/page", 405),
    ("GET", "/broken", 500),
    ("GET", "{prefix}/broken-below", 500),
    ("GET", "/folder", 308),
    ("GET", "{prefix}/below", 308),
    ("GET", "/task", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), HOST_PAGES)
def test_the_hosts_pages_stay_the_hosts(host: Flask, prefix: str, method: str, path: str, status: int) -> None:
    answer = ask(host, path.format(prefix=prefix), method)
    assert (answer.status_code, answer.content_type) == (status, HTML)


@pytest.mark.parametrize(("method", "path", "status"), HOST_PAGES)
def test_the_hosts_error_pages_are_its_own(host: Flask, prefix: str, method: str, path: str, status: int) -> None:
    own_error_pages(host)
    answer = ask(host, path.format(prefix=prefix), method)
    assert (answer.status_code, answer.text == f"the host's {status}") == (status, status >= 400)


def own_error_pages(app: Flask) -> None:
    def page(error: HTTPException) -> tuple[str, int]:
        return f"the host's {error.code}", error.code or 500

    for code in (400, 401, 404, 405, 500):
        app.register_error_handler(code, page)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/rest/version", 405), ("GET", "/rest//version", 308), ("GET", "/rest//below", 308)],
)
@pytest.mark.parametrize("prefix", ["/rest"], indirect=True)
def test_the_hosts_pages_below_our_prefix_route_as_before(host: Flask, method: str, path: str, status: int) -> None:
    answer = ask(host, path, method)
    assert (answer.status_code, answer.content_type) == (status, HTML)


NOWHERE = [
    ("GET", f"{V}/data/more", 404),
    ("GET", "/task/t1", 404),
    ("GET", "/task/", 404),
    ("GET", "/task/t1/nothing", 404),
    ("GET", "/task/t1/Variables/v/data", 404),
    ("GET", "/engine/default/task/t1/nothing", 404),
    ("GET", "/task/t1//variables/v/data", 404),
    ("GET", "/task/t1/variables//data", 404),
    ("GET", f"{V}//data", 404),
    ("GET", "/task/t1/variables//", 404),
    ("GET", "/task/t1/variables/v\0/data", 400),
    ("GET", "/task/t1/variables/\xff/data", 400),
    ("PATCH", f"{V}/data", 405),
    ("DELETE", f"{V}/data", 405),
    ("TRACE", f"{V}/data", 405),
    ("POST", V, 405),
    ("DELETE", "/task/t1/variables", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), NOWHERE)
def test_unknown_paths_below_our_routes_are_json_errors(
    host: Flask, prefix: str, method: str, path: str, status: int
) -> None:
    answer = ask(host, prefix + path, method)
    assert (answer.status_code, answer.content_type) == (status, JSON)
    assert answer.json is not None
    assert set(answer.json) == {"type", "message", "code"}
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("prefix", ["/rest"], indirect=True)
def test_our_json_stays_json_beside_the_hosts_error_pages(host: Flask) -> None:
    own_error_pages(host)
    assert ask(host, f"/rest{V}/data", "PATCH").content_type == JSON


ALLOWED = [
    ("/task/t1/variables", {"GET", "HEAD", "POST", "OPTIONS"}),
    ("/task/t1/localVariables/v", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    (f"{V}/data", {"GET", "HEAD", "POST", "OPTIONS"}),
    (f"{V}/data/", {"GET", "HEAD", "POST", "OPTIONS"}),
]


@pytest.mark.parametrize(("path", "allowed"), ALLOWED)
def test_methods_are_listed(host: Flask, prefix: str, path: str, allowed: set[str]) -> None:
    options, refused = ask(host, prefix + path, "OPTIONS"), ask(host, prefix + path, "PATCH")
    assert (options.status_code, refused.status_code) == (200, 405)
    assert set(options.allow) == set(refused.allow) == allowed
    assert refused.json == {"type": "NotAllowedException", "message": "HTTP 405 Method Not Allowed", "code": None}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("start", ["", "/engine/default"])
def test_names_in_the_path(host: Flask, prefix: str, name: str, start: str, end: str) -> None:
    # Servers decode the path before the app sees it (PEP 3333), including encoded slashes.
    raw = f"{prefix}{start}/task/t1/variables/{name}/data{end}".encode().decode("latin-1")
    answer = ask(host, raw)
    assert (answer.status_code, answer.data) == (200, name.encode())


def test_a_slash_at_the_end_is_no_part_of_the_name(host: Flask, prefix: str) -> None:
    path = f"{prefix}/task/t1/variables/new"
    assert ask(host, f"{path}/", "PUT", json={"value": 1}).status_code == 204
    assert ask(host, f"{path}/").json == ask(host, path).json == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert ask(host, f"{path}/", "DELETE").status_code == 204
    assert ask(host, path).status_code == 404


def test_the_data_of_a_name_and_a_name_that_ends_in_data(host: Flask, prefix: str) -> None:
    """For variables `x` and `x/data`: `/x/data` is the data of `x`, and `/x/data/data` that of `x/data`."""
    assert ask(host, f"{prefix}/task/t1/variables/x/data").status_code == 404
    assert ask(host, f"{prefix}/task/t1/variables/x/data/data").data == b"x/data"
    assert ask(host, f"{prefix}/task/t1/variables/data").json == {"type": "Bytes", "value": "ZGF0YQ==", "valueInfo": {}}
    assert ask(host, f"{prefix}/task/t1/variables/data/data").data == b"data"


def test_head_is_a_get_without_its_body(host: Flask, prefix: str) -> None:
    for path in (f"{V}/data", V, "/task/t1/variables", "/task/t1/variables/absent/data"):
        get, head = ask(host, prefix + path), ask(host, prefix + path, "HEAD")
        assert (head.status_code, head.data) == (get.status_code, b"")
        assert dict(head.headers) == dict(get.headers)


# Headers, queries and bodies that real clients send with a GET. All of them are ignored.
SENT: list[dict[str, Any]] = [
    {"headers": {"Accept": "application/json"}},
    {"headers": {"Accept": "image/png;q=0.1"}},
    {"headers": {"Accept": "nonsense"}},
    {"headers": {"Content-Type": "application/json"}},
    {"headers": {"Content-Type": "application/json"}, "data": b"{}"},
    {"headers": {"Content-Type": "application/json"}, "data": b"{no json"},
    {"headers": {"Content-Type": "multipart/form-data"}, "data": b"x"},
    {"query_string": "deserializeValue=False&x="},
]


@pytest.mark.parametrize("sent", SENT, ids=str)
def test_a_get_ignores_other_headers_its_query_and_its_body(host: Flask, prefix: str, sent: dict[str, Any]) -> None:
    for path in (f"{V}/data", V, "/task/t1/variables"):
        assert ask(host, prefix + path, **sent).status_code == 200
    assert ask(host, f"{prefix}/task/t1/variables/absent", **sent).status_code == 404


@pytest.mark.parametrize("prefix", ["/rest"], indirect=True)
def test_a_mistake_below_our_routes_is_json_too(host: Flask) -> None:
    class Broken(MemoryStorage):
        def get(self, *_: object, **__: object) -> None:  # type: ignore[override]  # it never returns
            raise ValueError("s3cret")

    TaskVars(Broken(), everybody, name="broken", url_prefix="/broken").init_app(host)
    answer = ask(host, f"/broken{V}/data")
    assert (answer.status_code, answer.content_type) == (500, JSON)
    assert "s3cret" not in answer.text
