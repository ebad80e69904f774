"""`Allow` lists the methods that a URL serves, no more and no less (RFC 9110 10.2.1)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage
from tests.support.tus import Tus

TUS = {"Tus-Resumable": "1.0.0"}
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "OPTIONS",
    "BREW",
    "PROPFIND",
    "CONNECT",
    "M-SEARCH",
]
READING = {"GET", "HEAD", "OPTIONS"}
SERVED: dict[str, tuple[set[str], set[str]]] = {
    "/task/t/variables": (READING | {"POST"}, READING),
    "/task/t/localVariables/v": (READING | {"PUT", "DELETE"}, READING),
    "/task/t/variables/v/data": (READING | {"POST"}, READING),
    "/engine/default/task/t/variables/v/data/": (READING | {"POST"}, READING),
    "/task/t/variables/v/uploads": (READING | {"PUT", "DELETE", "POST"}, READING),
    "/task/t/uploads/{upload}": ({"HEAD", "PATCH", "DELETE", "OPTIONS"}, {"HEAD", "OPTIONS"}),
    "/openapi.json": (READING, READING),
    "/engine/default/openapi.json": (READING, READING),
}
"""From a URL to the methods that it serves, usually and if the storage is read-only."""
TOLD = {"/task/t/variables/v/uploads": {"POST", "OPTIONS"}}
"""What OPTIONS tells where it speaks of uploads only, as `openapi.json` does. The other methods are for a variable."""


@pytest.fixture(params=["", "/rest"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client_of(storage: MemoryStorage, prefix: str) -> FlaskClient:
    app = Flask("allowing")
    TaskVars(storage, everybody, url_prefix=prefix).init_app(app)
    storage.add_scope("t")
    return app.test_client()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("url", SERVED)
def test_a_url_lists_what_it_serves(url: str, prefix: str, read_only: bool) -> None:
    storage = MemoryStorage()
    client, served = client_of(storage, prefix), SERVED[url][read_only]
    if "{" in url:
        begun = client.post(f"{prefix}/task/t/variables/v/uploads", headers={"Upload-Length": "5", **TUS})
        url = url.format(upload=begun.headers["Location"].rpartition("/")[2])
    storage.read_only = read_only
    for method in METHODS:
        answer = client.open(prefix + url, method=method, headers=TUS)
        assert (answer.status_code == 405) == (method not in served), method
        if method not in served:
            assert set(answer.allow) == served, method
        elif method == "OPTIONS":
            assert set(answer.allow) == (TOLD.get(url, served) if not read_only else served)


def test_no_upload_goes_on_while_the_storage_is_read_only() -> None:
    storage = MemoryStorage()
    tus = Tus(client_of(storage, ""), "t")
    url = tus.begun(tus.v, 5)
    storage.read_only = True
    over = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    for answer in (tus.patch(url, 0, b"abcde"), tus.ask("POST", url, over, b"abcde"), tus.ask("DELETE", url)):
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (405, "1.0.0")
    assert tus.offset(url) == 0
    storage.read_only = False
    assert tus.patch(url, 0, b"abcde").status_code == 204


@pytest.mark.parametrize("method", ["BREW", "PATCH"])
def test_an_unknown_method_is_refused_like_any_other(method: str, prefix: str) -> None:
    answer = client_of(MemoryStorage(), prefix).open(f"{prefix}/task/t/variables", method=method)
    assert answer.content_type == "application/json"
    assert answer.json == {"type": "NotAllowedException", "message": "HTTP 405 Method Not Allowed", "code": None}
