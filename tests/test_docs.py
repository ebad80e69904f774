"""The pages of docs/ that tell what the code says: settings, the house, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from flask import Flask, abort, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import flask_taskvars.extension  # so that every error is defined
from flask_taskvars.errors import EngineRefused, NotFound, StorageUnavailable, TaskVarsError, WrongTenant
from flask_taskvars.problems import _JAX_RS
from flask_taskvars.settings import PROFILES
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Variable
from tests.generated import DOCS, PARTS, page
from tests.pages import rows


@pytest.mark.parametrize("name", PARTS)
def test_it_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page(name), "write it again: python -m tests.generated"


Row = tuple[str, str, str]
"""The status in each profile, with the type of `engine` where it is another one; the type."""

ROWS: list[Row] = [
    (status, engine.replace("`", ""), kind.strip("`"))
    for status, engine, kind, *_ in rows((DOCS / "errors.md").read_text(encoding="utf-8"))
]


class Failing(MemoryStorage):
    """A storage that fails when it is asked for `failing`."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        if name == "failing" and not local:
            raise StorageUnavailable
        return super().get(task_id, name, local=local)


def client(profile: str) -> FlaskClient:
    storage = Failing()
    storage.add_scope("task-1")
    storage.set("task-1", "text", "text")
    storage.set("task-1", "data", b"data")
    app = Flask("errors")
    app.testing = True

    def may(action: str, task_id: str, name: str | None) -> bool:
        if name == "another tenant's":
            raise WrongTenant(action, task_id)
        return name != "secret"

    blueprint = flask_taskvars.extension.create_blueprint(storage, authorize=may, profile=profile, max_json_length=100)

    @blueprint.before_request
    def known() -> None:
        if "X-Stranger" in request.headers:
            abort(401)

    app.register_blueprint(blueprint)
    return app.test_client()


V = "/task/task-1/variables"
CASES: list[Callable[[FlaskClient], TestResponse]] = [
    lambda client: client.get(f"{V}/text/data"),
    lambda client: client.put(f"{V}/new", data="null", content_type="application/json"),
    lambda client: client.put(f"{V}/new", json={"type": "File", "value": "AA=="}),
    lambda client: client.put(f"{V}/new", json={"type": "Object", "value": "{}"}),
    lambda client: client.post(f"{V}/new/data", data={"data": (BytesIO(), "x", "no type"), "valueType": "File"}),
    lambda client: client.get(f"{V}/data/data", headers={"X-Stranger": "yes"}),
    lambda client: client.get(f"{V}/secret/data"),
    lambda client: client.get(f"{V}/another tenant's/data"),
    lambda client: client.get(f"{V}/nope/data"),
    lambda client: client.get("/task/nope/variables/data/data"),
    lambda client: client.get("/task/nope/variables"),
    lambda client: client.get("/task/task-1/nope"),
    lambda client: client.patch(V),
    lambda client: client.get(f"{V}/data/data", headers={"If-Match": '"old"'}),
    lambda client: client.put(f"{V}/new", json={"value": "x" * 100}),
    lambda client: client.put(f"{V}/new", data="text", content_type="text/plain"),
    lambda client: client.get(f"{V}/data/data", headers={"Range": "bytes=4-"}),
    lambda client: client.get(f"{V}/failing/data"),
]


@pytest.mark.parametrize(("row", "case"), [*zip(ROWS, CASES, strict=True)], ids=[f"{one[0]}-{one[2]}" for one in ROWS])
def test_an_error_is_what_its_row_says(row: Row, case: Callable[[FlaskClient], TestResponse]) -> None:
    documented, engine, kind = row
    other, _, other_kind = engine.partition(" ")
    expected = {"documented": (documented, kind), "engine": (other, other_kind or kind)}
    for profile in PROFILES:
        answer = case(client(profile))
        assert answer.json is not None
        assert (str(answer.status_code), answer.json["type"]) == expected[profile]


def test_no_error_is_left_out() -> None:
    listed = {(status, engine.partition(" ")[0], kind) for status, engine, kind in ROWS}
    for error in _below(TaskVarsError):
        if error not in (NotFound, EngineRefused):  # only a root; whatever the engine says
            assert (str(error.status), str(error.engine_status or error.status), error.type) in listed, error
    for status, kind in _JAX_RS.items():
        assert (str(status), str(status), kind) in listed


def _below(error: type[TaskVarsError]) -> Iterator[type[TaskVarsError]]:
    for one in error.__subclasses__():
        yield one
        yield from _below(one)
