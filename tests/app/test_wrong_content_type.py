"""A 415 names the Content-Type that was sent, and the one that is needed (RFC 9110 15.5.16)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage

V = "/task/t/variables"
TUS = "application/offset+octet-stream"
NEEDED = [
    ("PUT", f"{V}/v", "application/json"),
    ("POST", V, "application/json"),
    ("POST", f"{V}/v/data", "multipart/form-data"),
    ("POST", f"{V}/v/uploads", TUS),
    ("PATCH", "upload", TUS),
]
SENT = [
    ("text/plain", ", not text/plain."),
    ("Text/XML; charset=utf-8", ", not Text/XML; charset=utf-8."),
    ("nonsense", ", not nonsense."),
    ("a/b\t\x7f\x85\xad", ", not a/b\ufffd\ufffd\ufffd\ufffd."),
    ("x/" + "y" * 9999, f", not x/{'y' * 77}…."),
    ("", ": the request has no Content-Type."),
    (None, ": the request has no Content-Type."),
]


@pytest.fixture
def client() -> FlaskClient:
    storage, app = MemoryStorage(), Flask("typed")
    storage.add_scope("t")
    TaskVars(storage, everybody).init_app(app)
    TaskVars(storage, everybody, name="engine", url_prefix="/engine-rest", profile="engine").init_app(app)
    return app.test_client()


@pytest.mark.parametrize(("sent", "told"), SENT)
@pytest.mark.parametrize(("method", "url", "needed"), NEEDED)
@pytest.mark.parametrize("prefix", ["", "/engine-rest"])
def test_the_message_names_both(
    client: FlaskClient, prefix: str, method: str, url: str, needed: str, sent: str | None, told: str
) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Offset": "0"} if needed == TUS else {}
    if url == "upload":
        url = client.post(f"{prefix}{V}/v/uploads", headers=headers).headers["Location"].removeprefix(prefix)
    if sent is not None:
        headers["Content-Type"] = sent
    answer = client.open(prefix + url, method=method, data=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["Accept"]) == (415, needed)
    assert answer.content_type == "application/json"
    as_engine = prefix and needed != TUS
    message = "HTTP 415 Unsupported Media Type" if as_engine else f"Send {needed} here{told}"
    assert answer.json == {"type": "NotSupportedException", "message": message, "code": None}
