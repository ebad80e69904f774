"""A read-only storage: changes are a 405 with the allowed methods, before the body is read."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, TaskVars
from flask_taskvars.errors import ReadOnly
from flask_taskvars.storage.memory import MemoryStorage

TASK = "/task/task-1/variables"
CHANGES = [("POST", ""), ("PUT", "/v"), ("DELETE", "/v"), ("POST", "/v/data")]


class Archive(MemoryStorage):
    """A storage that is read-only after it was filled."""

    read_only = True


@pytest.fixture
def app() -> Flask:
    storage = Archive()
    storage.add_scope("task-1")
    storage.set("task-1", "v", Bytes(b"kept"))
    app = Flask("archive")
    TaskVars(storage, lambda action, task_id, name: True).init_app(app)
    return app


def ask(app: Flask, method: str, path: str) -> TestResponse:
    return app.test_client().open(f"{TASK}{path}", method=method, data=b"not read")


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_refuses_changes(app: Flask, method: str, path: str) -> None:
    answer = ask(app, method, path)
    assert answer.status_code == 405
    assert answer.allow == {"GET", "HEAD", "OPTIONS"}
    assert answer.json is not None
    assert answer.json["type"] == ReadOnly.type
    assert ask(app, "GET", "/v/data").data == b"kept"


@pytest.mark.parametrize("path", ["", "/v", "/v/data"])
def test_reads_work_and_the_other_allowed_methods_are_named(app: Flask, path: str) -> None:
    assert ask(app, "GET", path).status_code == 200
    assert ask(app, "HEAD", path).status_code == 200
    assert ask(app, "OPTIONS", path).allow == {"GET", "HEAD", "OPTIONS"}


def test_can_begin_and_end_at_any_time() -> None:
    storage, app = MemoryStorage(), Flask("office")
    storage.add_scope("task-1")
    TaskVars(storage, lambda action, task_id, name: True).init_app(app)
    statuses = []
    for storage.read_only in (False, True, False):
        statuses.append(ask(app, "DELETE", "/v").status_code)
    assert statuses == [204, 405, 204]


class Sealed(MemoryStorage):
    """A storage that refuses a change only when it is called."""

    def update(self, task_id: str, **changes: object) -> None:
        raise ReadOnly


def test_a_storage_may_refuse_when_it_is_asked() -> None:
    storage, app = Sealed(), Flask("sealed")
    storage.add_scope("task-1")
    TaskVars(storage, lambda action, task_id, name: True).init_app(app)
    answer = app.test_client().delete(f"{TASK}/v")
    assert answer.status_code == 405
    assert answer.allow == {"GET", "HEAD", "OPTIONS"}
