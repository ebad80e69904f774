"""The Python client that is generated from the engine's OpenAPI document, with all fourteen methods."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flask_taskvars import Bytes, File
from tests.e2e.clients.conftest import Engine, client_library
from tests.e2e.clients.kinds import AWKWARD_NAMES, BINARY, TYPED

pytestmark = pytest.mark.tools

UPLOADED = [
    ("report.pdf", "report.pdf", "report.pdf", "application/pdf"),
    ("no-extension", "no-extension", "no-extension", "application/octet-stream"),
    (".hidden", ".hidden", "_hidden", "application/octet-stream"),
    ("semi;colon=1.csv", "semi;colon=1.csv", "semi;colon=1.csv", "text/csv"),
    ("back\\slash.txt", "back\\slash.txt", "slash.txt", "text/plain"),
    ("100%.txt", "100%.txt", "100_.txt", "text/plain"),
    ("Größe.png", "Größe.png", "Gro_e.png", "image/png"),
    ("报告.pdf", "报告.pdf", "__.pdf", "application/pdf"),
    # The client's HTTP library escapes a quote as browsers do, and the engine keeps it escaped.
    ('a"b\n.txt', "a%22b%0A.txt", "a_22b_0A.txt", "text/plain"),
    # The client cuts the file name of a Content-Disposition at a blank or an apostrophe.
    ("two words.txt", "two words.txt", "two", "text/plain"),
    ("it's.txt", "it's.txt", "it", "text/plain"),
]
"""A file's name on the client's disk, its stored name, the name that the client saves, and the media type it sends."""


@dataclass(frozen=True)
class Api:
    """The client's methods for `variables`, or for `localVariables`."""

    library: Any
    methods: Any
    local: bool
    task: str

    def __call__(self, operation: str, *arguments: object, **named: object) -> Any:
        """Call a method by its name without `local`."""
        if self.local:
            operation = operation.replace("task_variable", "task_local_variable")
        return getattr(self.methods, operation)(self.task, *arguments, **named)

    def value(self, kind: str | None, value: object, info: object = None) -> Any:
        """Make a typed value of the client."""
        return self.library.VariableValueDto(type=kind, value=value, value_info=info)

    def upload(self, name: str, file: Path, content: bytes, **named: object) -> None:
        """Write a file to the disk, and upload it to a variable."""
        file.write_bytes(content)
        self("set_binary_task_variable", name, data=str(file), **named)

    def refused(self, operation: str, *arguments: object, **named: object) -> Any:
        """Call a method that fails. Return the client's error."""
        with pytest.raises(self.library.ApiException) as caught:
            self(operation, *arguments, **named)
        return caught.value


@pytest.fixture(params=[False, True], ids=["visible", "local"])
def api(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Api]:
    """The client, connected to the server. It saves its downloads in `tmp_path / "saved"`."""
    library = client_library("generic_camunda_client")
    configuration = library.Configuration(host=engine.url)
    configuration.temp_folder_path = str(tmp_path / "saved")
    (tmp_path / "saved").mkdir()
    with library.ApiClient(configuration) as client:
        chosen = library.TaskLocalVariableApi if request.param else library.TaskVariableApi
        yield Api(library, chosen(client), request.param, engine.task)
        client.rest_client.pool_manager.clear()  # it leaves its connections open


def seen(dto: Any) -> tuple[object, ...]:
    return dto.type, dto.value, dto.value_info


def described(error: Any) -> tuple[object, ...]:
    """Return the status, type and message of the client's error."""
    assert error.headers["Content-Type"] == "application/json"
    body = json.loads(error.body)
    return error.status, body["type"], body["message"]


def test_typed_values_come_back(api: Api) -> None:
    wanted = {name: (one.type, one.value, dict(one.info)) for name, one in TYPED.items()}
    for name, one in TYPED.items():
        api("put_task_variable", name, variable_value_dto=api.value(one.type, one.value, dict(one.info) or None))
    for flag in (True, False):
        single = {name: seen(api("get_task_variable", name, deserialize_value=flag)) for name in TYPED}
        assert single == wanted
        every = api("get_task_variables", deserialize_values=flag)
        assert {name: seen(dto) for name, dto in every.items()} == wanted


def test_typed_values_are_set_and_deleted_together(api: Api) -> None:
    values = {name: api.value(one.type, one.value, dict(one.info)) for name, one in TYPED.items()}
    api("modify_task_variables", patch_variables_dto=api.library.PatchVariablesDto(modifications=values))
    assert {name: seen(dto) for name, dto in api("get_task_variables").items()} == {
        name: (one.type, one.value, dict(one.info)) for name, one in TYPED.items()
    }
    rest = api.library.PatchVariablesDto(modifications={"new": api.value(None, 1.5)}, deletions=[*TYPED, "absent"])
    api("modify_task_variables", patch_variables_dto=rest)
    assert {name: seen(dto) for name, dto in api("get_task_variables").items()} == {"new": ("Double", 1.5, {})}


def test_a_modification_is_all_or_nothing(api: Api) -> None:
    api("put_task_variable", "old", variable_value_dto=api.value("Integer", 1))
    values = {"old": api.value("Integer", 2), "bad": api.value("Integer", "1abc")}
    patch = api.library.PatchVariablesDto(modifications=values, deletions=["old"])
    error = api.refused("modify_task_variables", patch_variables_dto=patch)
    why = "Cannot convert value '1abc' of type 'Integer' to java type java.lang.Integer"
    assert described(error) == (400, "InvalidRequestException", f"Cannot modify variables for task: {why}")
    assert {name: seen(dto) for name, dto in api("get_task_variables").items()} == {"old": ("Integer", 1, {})}


def test_a_new_variable_is_set_in_the_scope_of_the_method(api: Api, engine: Engine) -> None:
    api("put_task_variable", "new", variable_value_dto=api.value("String", "x"))
    assert engine.stored()["new"].scope == (engine.task if api.local else engine.process)


def test_delete(api: Api) -> None:
    api("put_task_variable", "v", variable_value_dto=api.value("String", "x"))
    assert api("delete_task_variable", "v") is None
    assert api("delete_task_variable", "v") is None
    assert described(api.refused("get_task_variable", "v"))[0] == 404


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_names_of_variables(name: str, api: Api, engine: Engine, tmp_path: Path) -> None:
    api.upload(name, tmp_path / "f.bin", b"content")
    assert Path(api("get_task_variable_binary", name)).read_bytes() == b"content"
    assert [*api("get_task_variables")] == [name] == [*engine.stored()]
    api("delete_task_variable", name)
    assert not api("get_task_variables")


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("value_type", [None, "Bytes"])
def test_bytes(value_type: str | None, content: bytes, api: Api, tmp_path: Path) -> None:
    named = {"value_type": value_type} if value_type else {}
    api.upload("raw", tmp_path / "raw.bin", content, **named)
    saved, status, headers = api("get_task_variable_binary_with_http_info", "raw")
    assert Path(saved).read_bytes() == content
    assert Path(saved).parent == tmp_path / "saved"
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    assert seen(api("get_task_variable", "raw")) == ("Bytes", b64encode(content).decode(), {})
    assert seen(api("get_task_variables")["raw"]) == ("Bytes", b64encode(content).decode(), {})


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
def test_bytes_and_files_as_base64(content: bytes, api: Api) -> None:
    text = b64encode(content).decode()
    api("put_task_variable", "raw", variable_value_dto=api.value("Bytes", text))
    info = {"filename": "Größe.txt", "mimeType": "text/plain", "encoding": "UTF-8"}
    api("put_task_variable", "file", variable_value_dto=api.value("File", text, info))
    assert Path(api("get_task_variable_binary", "raw")).read_bytes() == content
    saved, _, headers = api("get_task_variable_binary_with_http_info", "file")
    assert Path(saved).read_bytes() == content
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert seen(api("get_task_variable", "file")) == ("File", None, info)


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
def test_a_file_is_streamed(content: bytes, api: Api, tmp_path: Path) -> None:
    api.upload("file", tmp_path / "f.bin", content, value_type="File")
    answer = api("get_task_variable_binary", "file", _preload_content=False)
    assert b"".join(answer.stream(65536)) == content
    answer.release_conn()


def test_null_contents(api: Api, engine: Engine) -> None:
    engine.store({"raw": Bytes(None), "file": File(None, filename="f.txt")})
    for name in ("raw", "file"):
        assert Path(api("get_task_variable_binary", name)).read_bytes() == b""
    assert seen(api("get_task_variable", "raw")) == ("Bytes", None, {})
    assert seen(api("get_task_variable", "file")) == ("File", None, {"filename": "f.txt"})


def test_a_file_of_the_process(api: Api, engine: Engine) -> None:
    engine.store({"file": File(b"content", filename="f.txt")}, around=True)
    if api.local:
        assert described(api.refused("get_task_variable_binary", "file"))[0] == 404
        return
    assert Path(api("get_task_variable_binary", "file")).read_bytes() == b"content"


@pytest.mark.parametrize(("disk", "stored", "saved", "media_type"), UPLOADED, ids=[row[0] for row in UPLOADED])
def test_names_of_files(disk: str, stored: str, saved: str, media_type: str, api: Api, tmp_path: Path) -> None:
    api.upload("file", tmp_path / disk, b"content", value_type="File")
    assert seen(api("get_task_variable", "file")) == ("File", None, {"filename": stored, "mimeType": media_type})
    path = Path(api("get_task_variable_binary", "file"))
    assert (path.name, path.read_bytes()) == (saved, b"content")


def test_errors_of_reads(api: Api) -> None:
    api("put_task_variable", "text", variable_value_dto=api.value("String", "x"))
    absent = (404, "InvalidRequestException", "task variable with name no does not exist")
    assert described(api.refused("get_task_variable", "no")) == absent
    assert described(api.refused("get_task_variable_binary", "no")) == absent
    error = api.refused("get_task_variable_binary", "text")
    why = f"Value of variable with id {api.task} is not a binary value."
    assert described(error) == (400, "InvalidRequestException", why)


def test_errors_of_writes(api: Api, engine: Engine, tmp_path: Path) -> None:
    error = api.refused("put_task_variable", "v", variable_value_dto=api.value("Nope", "x"))
    why = "Cannot put task variable v: Unsupported value type 'Nope'"
    assert described(error) == (400, "InvalidRequestException", why)
    # The client writes `2026-11-23T10:11:12+00:00`, but the contract accepts only `2026-11-23T10:11:12.000+0000`.
    moment = datetime(2026, 11, 23, 10, 11, 12, tzinfo=UTC)
    error = api.refused("put_task_variable", "v", variable_value_dto=api.value("Date", moment))
    assert described(error)[:2] == (400, "InvalidRequestException")
    error = api.refused("set_binary_task_variable", "v", value_type="File")
    assert described(error)[0] == (500 if engine.lenient else 400)
    assert not api("get_task_variables")


def test_an_unknown_task(api: Api, engine: Engine) -> None:
    engine.remove_task()
    error = api.refused("get_task_variable_binary", "v")
    why = f"Cannot get task variable v: task {api.task} doesn't exist: task is null"
    assert described(error) == (500 if engine.lenient else 404, "RestException", why)


def test_a_caller_without_permission(api: Api, engine: Engine) -> None:
    engine.close_task()
    for operation in ("get_task_variable", "get_task_variable_binary", "delete_task_variable"):
        error = api.refused(operation, "v")
        assert described(error)[:2] == (403, "AuthorizationException")
        body = json.loads(error.body)
        assert body["userId"] == "demo"
        assert {one["resourceId"] for one in body["missingAuthorizations"]} == {api.task}
