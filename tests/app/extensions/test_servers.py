"""The app on gevent's server, and on ASGI servers through a WSGI middleware."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.app.extensions.conftest import TEXT
from tests.support.pages import ROOT

pytestmark = pytest.mark.tools

GEVENT = """
from gevent import monkey
monkey.patch_all()

import hashlib, urllib.request
from flask import Blueprint, Flask
from gevent import pool
from gevent.pywsgi import WSGIServer
from flask_sqlalchemy import SQLAlchemy
from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage

app = Flask("host")
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///host.db"
db = SQLAlchemy(app)
storage = SQLAlchemyStorage(db)
TaskVars(storage, everybody).init_app(app)
data = bytes(range(256)) * 10_000
with app.app_context():
    db.create_all()
    storage.add_scope("t")
    storage.set("t", "v", data)
server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
url = f"http://127.0.0.1:{server.server_port}/task/t/variables/v/data"
read = lambda _: hashlib.sha256(urllib.request.urlopen(url, timeout=30).read()).digest()
assert set(pool.Pool(20).map(read, range(20))) == {hashlib.sha256(data).digest()}
server.stop()
print("served")
"""


def test_gevent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", GEVENT]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stdout == "served\n", done.stderr


def test_asgi_by_a2wsgi(app: Flask) -> None:
    from a2wsgi import WSGIMiddleware

    async def ask(method: str, path: str, body: bytes, *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
        pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
        waiting = iter(
            {"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces
        )
        sent: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return next(waiting, {"type": "http.disconnect"})

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        scope: dict[str, object] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
        }
        scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [*headers]}
        scope |= {"server": ("localhost", 80), "client": ("127.0.0.1", 1)}
        await WSGIMiddleware(app)(scope, receive, send)  # type: ignore[arg-type]
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    body = b'--b\r\nContent-Disposition: form-data; name="data"; filename="a.bin"\r\n\r\n' + TEXT + b"\r\n--b--\r\n"
    kind = (b"content-type", b"multipart/form-data; boundary=b"), (b"content-length", str(len(body)).encode())
    assert asyncio.run(ask("POST", "/task/t/variables/new/data", body, *kind)) == (204, b"")
    assert asyncio.run(ask("GET", "/task/t/variables/new/data", b"")) == (200, TEXT)
    assert asyncio.run(ask("GET", "/task/t/variables/new/data", b"", (b"range", b"bytes=0-2"))) == (206, TEXT[:3])
