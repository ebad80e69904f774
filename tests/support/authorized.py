"""A host app whose storage records each look-up, opening and change, for tests of authorization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, File, TaskVars
from flask_taskvars.mount import Authorize
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Content, Variable

TRANSIENT = {"value": 1, "valueInfo": {"transient": True}}
FORM = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nnew\r\n--b--\r\n'
F, ABSENT, ALL = "/task/t1/variables/f", "/task/t1/localVariables/absent", "/task/t1/variables"


class WatchedContent(Content):
    """Bytes that record in a list each time they are opened."""

    size, etag, sha256, modified = 4, "a", None, None

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def open_at(self, offset: int) -> Iterator[bytes]:
        self._seen.append("open")
        yield b"data"[offset:]


class WatchedStorage(MemoryStorage):
    """A storage with one task. It records in a list each look-up, opening and change."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self._seen: list[str] = []
        self.add_scope("t1")
        self.set("t1", "f", File(b"", filename="f.txt"))
        self.set("t1", "bytes", Bytes(b""))
        self._seen = seen

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        self._seen.append("look up")
        return self._watched(super().get(task_id, name, local=local))

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        self._seen.append("look up all")
        return {name: self._watched(found) for name, found in super().get_all(task_id, local=local).items()}

    def update(self, task_id: str, **changes: Any) -> None:
        self._seen.append("change")
        super().update(task_id, **changes)

    def _watched(self, found: Variable) -> Variable:
        assert isinstance(found.value, (Bytes, File))
        return replace(found, value=replace(found.value, content=WatchedContent(self._seen)))


def mounted(check: Authorize, seen: list[str] | None = None, **settings: Any) -> Flask:
    app = Flask("host")
    TaskVars(WatchedStorage([] if seen is None else seen), check, **settings).init_app(app)
    return app


def ask(app: Flask, request: str, **arguments: Any) -> TestResponse:
    method, path = request.split(" ", 1)
    return app.test_client().open(path, method=method, **arguments)
