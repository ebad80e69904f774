"""The pages of docs/ that repeat the code are up to date: settings, layers, errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask, abort, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import flask_taskvars.extension  # so that every error is defined
from flask_taskvars.errors import (
    EngineRefused,
    NotFound,
    NotResumable,
    Prefixed,
    Refused,
    StorageFull,
    StorageUnavailable,
    TaskVarsError,
    UploadLocked,
    WrongTenant,
)
from flask_taskvars.handlers import _JAX_RS
from flask_taskvars.settings import PROFILES, Profile
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.resumable import Upload
from flask_taskvars.values import TypedValue, Variable
from tests.project.generated import DOCS, PARTS, PICTURE, page
from tests.project.picture import picture
from tests.project.test_layers import MODULES
from tests.support.pages import rows, section


@pytest.mark.parametrize("name", PARTS)
def test_it_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page(name), "write it again: python -m tests.project.generated"


def test_every_step_of_one_request_is_a_function() -> None:
    walk = section(DOCS / "design.md", "## One GET and one upload")
    stops = re.findall(r"^\d+\. `([\w.]+)\.(\w+)`", walk, re.MULTILINE)
    assert len(stops) == 12 + 15
    for module, function in stops:
        nodes = ast.walk(ast.parse(MODULES[module].read_text()))
        assert function in {node.name for node in nodes if isinstance(node, ast.FunctionDef)}, (module, function)


def test_the_picture_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "draw it again: python -m tests.project.generated"


Row = tuple[str, str, str]
"""The status in each profile, with the type of `engine` if it differs; and the type."""

ROWS: list[Row] = [
    (status, engine.replace("`", ""), kind.strip("`"))
    for status, engine, kind, *_ in rows((DOCS / "errors.md").read_text(encoding="utf-8"))
]


class Failing(MemoryStorage):
    """A storage that fails for certain names."""

    FAILING: Mapping[str, type[StorageUnavailable]] = {"failing": StorageUnavailable, "full": StorageFull}

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        if name in self.FAILING and not local:
            raise self.FAILING[name]
        return super().get(task_id, name, local=local)

    def find_upload(self, upload_id: str) -> Upload:
        upload = super().find_upload(upload_id)
        return replace(upload, created=0) if '"name": "expired"' in upload.about else upload

    def append(self, upload: Upload, blocks: Iterable[bytes], *, whole: bool) -> Upload:
        for name, error in (("locked", UploadLocked), ("whole", NotResumable)):
            if f'"name": "{name}"' in upload.about:
                raise error
        return super().append(upload, blocks, whole=whole)


def client(profile: Profile) -> FlaskClient:
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

    def gate(task_id: str, name: str, value: TypedValue) -> None:
        if name == "unwanted":
            raise Refused(422, "It is not wanted.")

    blueprint = flask_taskvars.extension.create_blueprint(
        storage, authorize=may, accept=[gate], profile=profile, max_json_length=100
    )

    @blueprint.before_request
    def known() -> None:
        if "X-Stranger" in request.headers:
            abort(401)

    app.register_blueprint(blueprint)
    return app.test_client()


V, U = "/task/task-1/variables", "/task/task-1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def begun(client: FlaskClient, name: str = "new") -> str:
    """Begin an upload, and return its URL."""
    answer = client.post(f"{V}/{name}/uploads", headers=TUS | {"Upload-Length": "2"})
    return str(answer.headers["Location"])


CASES: list[Callable[[FlaskClient], TestResponse]] = [
    lambda client: client.get(f"{V}/text/data"),
    lambda client: client.put(f"{V}/new", data="null", content_type="application/json"),
    lambda client: client.put(f"{V}/new", json={"type": "File", "value": "AA=="}),
    lambda client: client.put(f"{V}/new", json={"type": "Object", "value": "{}"}),
    lambda client: client.post(f"{V}/new/data", data={"data": (BytesIO(), "x", "no type"), "valueType": "File"}),
    lambda client: client.get(f"{V}/data/data", headers={"X-Stranger": "yes"}),
    lambda client: client.get(f"{V}/secret/data"),
    lambda client: client.delete(f"{V}/data", headers={"Origin": "https://elsewhere.example"}),
    lambda client: client.get(f"{V}/another tenant's/data"),
    lambda client: client.get(f"{V}/nope/data"),
    lambda client: client.get("/task/nope/variables/data/data"),
    lambda client: client.get("/task/nope/variables"),
    lambda client: client.get("/task/task-1/nope"),
    lambda client: client.delete(f"{U}/0", headers=TUS),
    lambda client: client.patch(V),
    lambda client: client.patch(begun(client), headers=BYTES | {"Upload-Offset": "2"}),
    lambda client: client.delete(begun(client, "expired"), headers=TUS),
    lambda client: client.put(f"{V}/new", headers={"Transfer-Encoding": "chunked"}, content_type="application/json"),
    lambda client: client.get(f"{V}/data/data", headers={"If-Match": '"old"'}),
    lambda client: client.put(f"{V}/new", json={"value": "x" * 100}),
    lambda client: client.put(f"{V}/new", data="text", content_type="text/plain"),
    lambda client: client.get(f"{V}/data/data", headers={"Range": "bytes=4-"}),
    lambda client: client.put(f"{V}/unwanted", json={"value": 1}),
    lambda client: client.patch(begun(client, "locked"), headers=BYTES | {"Upload-Offset": "0"}),
    lambda client: client.patch(begun(client), headers=BYTES | {"Upload-Offset": "0", "Upload-Checksum": "sha1 AA=="}),
    lambda client: client.patch(begun(client, "whole"), headers=BYTES | {"Upload-Offset": "0"}),
    lambda client: client.get(f"{V}/failing/data"),
    lambda client: client.get(f"{V}/full/data"),
]


@pytest.mark.parametrize(("row", "case"), [*zip(ROWS, CASES, strict=True)], ids=[f"{one[0]}-{one[2]}" for one in ROWS])
def test_an_error_is_as_its_row_says(row: Row, case: Callable[[FlaskClient], TestResponse]) -> None:
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
        if error not in (Prefixed, NotFound, EngineRefused):  # two base classes, and one with the engine's own status
            assert (str(error.status), str(error.engine_status or error.status), error.type) in listed, error
    for status, kind in _JAX_RS.items():
        assert (str(status), str(status), kind) in listed


def _below(error: type[TaskVarsError]) -> Iterator[type[TaskVarsError]]:
    for one in error.__subclasses__():
        yield one
        yield from _below(one)
