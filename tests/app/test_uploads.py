"""Uploads by form, with every kind of value, on every storage. A refused form leaves nothing behind."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import BLOCK
from tests.conftest import DIRECTORY
from tests.conftest import KINDS as STORAGES
from tests.support.desk import Desk
from tests.support.forms import BOUNDARY, CONTENT_TYPE, END, chunk_rows, error_type, message, part, upload
from tests.support.served_world import noise

V = "t/variables/v"
AWKWARD = b"\r\n\xff\0--" + BOUNDARY.encode() + b"x\r\n"
OCTETS = "application/octet-stream"
JSON = "application/json"


@pytest.fixture(params=[*STORAGES, DIRECTORY])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of storage in turn."""
    return str(request.param)


@pytest.fixture
def task(desk: Desk) -> Desk:
    """A task `t` on every storage."""
    desk.storage.add_scope("t")
    return desk


@pytest.fixture(params=["memory", "sqlite", DIRECTORY])
def quick(request: pytest.FixtureRequest, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A task `t`, on a storage for each way to stage an upload. Forms don't depend on the database."""
    with empty_desk(request.param) as desk:
        desk.storage.add_scope("t")
        yield desk


def document(desk: Desk) -> Any:
    return desk.client.get(f"/task/{V}").json


def a_file(**info: str) -> dict[str, object]:
    return {"type": "File", "value": None, "valueInfo": info}


def typed(kind: str, value: object) -> dict[str, object]:
    return {"type": kind, "value": value, "valueInfo": {}}


BYTES = typed("Bytes", b64encode(AWKWARD).decode())
KINDS = [
    ([part("data", AWKWARD)], BYTES),
    ([part("data", AWKWARD, "f.bin", "image/png")], BYTES),
    ([part("data", AWKWARD), part("valueType", "Bytes")], BYTES),
    ([part("data", AWKWARD), part("valueType", "bytes", None, "text/plain; charset=utf-8")], BYTES),
    ([part("data", AWKWARD, "f.bin"), part("valueType", "File")], a_file(filename="f.bin", mimeType=OCTETS)),
    ([part("data", AWKWARD, "", "image/PNG"), part("valueType", "file")], a_file(filename="", mimeType="image/png")),
    (
        [part("data", AWKWARD, "ä €.txt", "text/plain; encoding=UTF-8"), part("valueType", "File")],
        a_file(filename="ä €.txt", mimeType="text/plain", encoding="UTF-8"),
    ),
    (
        [part("data", AWKWARD, "f", 'text/plain; charset="x y"; a=b'), part("valueType", "File", "ignored")],
        a_file(filename="f", mimeType="text/plain", encoding="x y"),
    ),
    (
        [part("data", AWKWARD, "f", "text/plain; charset=a; encoding=b;"), part("valueType", "File")],
        a_file(filename="f", mimeType="text/plain", encoding="b"),
    ),
    ([part("data", "first"), part("data", AWKWARD), part("more", "x" * 99)], BYTES),
]


@pytest.mark.parametrize(("parts", "shown"), KINDS)
@pytest.mark.parametrize("order", [1, -1])
def test_files_and_bytes_keep_every_byte(quick: Desk, parts: list[bytes], shown: object, order: int) -> None:
    if len(parts) == 2:
        parts = parts[::order]
    answer = upload(quick, V, *parts)
    assert (answer.status_code, answer.data, answer.headers.get("Content-Type")) == (204, b"", None)
    assert quick.client.get(f"/task/{V}/data").data == AWKWARD
    assert document(quick) == shown


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("String", "ä\r\n", "ä\r\n"),
        ("Integer", "42", 42),
        ("Long", str(2**40), 2**40),
        ("Short", "-7", -7),
        ("Double", "1e3", 1000.0),
        ("Boolean", "true", True),
        ("Date", "2026-01-02T03:04:05.678+0100", "2026-01-02T02:04:05.678+0000"),
        ("Json", '{"a": 1}', '{"a": 1}'),
        ("xml", "<a/>", "<a/>"),
    ],
)
def test_other_types_are_read_as_text(quick: Desk, name: str, data: str, value: object) -> None:
    assert upload(quick, V, part("valueType", name), part("data", data, "f.txt")).status_code == 204
    assert document(quick) == typed(name.capitalize(), value)


def test_an_object_is_kept_as_json(quick: Desk) -> None:
    form = [part("data", "[1]", "f", "application/json; charset=utf-8"), part("type", "java.util.ArrayList")]
    assert upload(quick, V, *form).status_code == 204
    info = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": JSON}
    assert document(quick) == {"type": "Object", "value": "[1]", "valueInfo": info}


@pytest.mark.parametrize("name", ["File", "Bytes"])
@pytest.mark.parametrize("word", ["true", "TRUE", '"true"'])
def test_transient_values_are_accepted_and_forgotten(quick: Desk, name: str, word: str) -> None:
    form = [part("data", noise(3 * BLOCK), "f", f"text/plain; transient={word}"), part("valueType", name)]
    assert upload(quick, V, *form).status_code == 204
    assert quick.client.get(f"/task/{V}").status_code == (404 if name == "File" else 200)
    assert (chunk_rows(quick) == 0) == (name == "File" or quick.db is None)


def test_a_transient_value_may_not_hide_another(quick: Desk) -> None:
    quick.storage.set("t", "v", 1)
    form = [part("data", noise(3 * BLOCK), "f", "text/plain; transient=true"), part("valueType", "File")]
    answer = upload(quick, V, *form)
    assert answer.status_code == 400
    assert "Cannot set transient variable with name v" in message(answer)
    assert (document(quick), chunk_rows(quick)) == (typed("Integer", 1), 0)


REFUSED = [
    ([], 400, "InvalidRequestException", "a part named 'data'"),
    ([part("valueType", "File")], 400, "InvalidRequestException", "a part named 'data'"),
    ([part("Data", "x")], 400, "InvalidRequestException", "a part named 'data'"),
    ([part("data", "x"), part("valueType", "File")], 400, "IllegalArgumentException", "file without filename"),
    ([part("data", "x"), part("valueType", "")], 400, "IllegalArgumentException", "type is empty"),
    ([part("data", "x"), part("valueType", "Nope")], 400, "RestException", "Unsupported value type 'Nope'"),
    ([part("data", b"\xff"), part("valueType", "Nope")], 400, "RestException", "Unsupported value type 'Nope'"),
    (
        [part("data", b"\xff", None, "nonsense"), part("valueType", "File")],
        400,
        "RestException",
        "Invalid mime type given",
    ),
    (
        [part("data", "1abc"), part("valueType", "Integer")],
        400,
        "InvalidRequestException",
        "Cannot convert value '1abc'",
    ),
    ([part("data", b"\xff"), part("valueType", "String")], 400, "InvalidRequestException", "must be UTF-8"),
    ([part("data", "x"), part("valueType", b"\xff")], 400, "InvalidRequestException", "must be UTF-8"),
    ([part("data", "x"), part("valueType", "File", None, JSON)], 400, "InvalidRequestException", "text/plain value"),
    ([part("data", "x"), part("valueType", "F" * 70_000)], 413, "RequestEntityTooLargeException", "65536 bytes"),
    ([part("data", "x"), part("type", "a.B")], 400, "InvalidRequestException", "serialized java type: null"),
    ([part("data", "x")] * 17, 413, "RequestEntityTooLargeException", "16 parts"),
    ([part("data", "x").replace(b'"data"', b'"\xff"')], 400, "RestException", "cannot be processed"),
    *[
        ([part("data", "x", "f", kind), part("valueType", "File")], 400, "RestException", "Invalid mime type given")
        for kind in (
            "",
            "nonsense",
            "text/",
            "/",
            "a/b/c",
            "text/plain; x",
            "text/plain; encoding=",
            "a/b, c/d",
            'a"/b',
        )
    ],
]


@pytest.mark.parametrize(("parts", "status", "error", "words"), REFUSED)
def test_invalid_values_are_refused(quick: Desk, parts: list[bytes], status: int, error: str, words: str) -> None:
    large = [part("more", b"m"), part("data", noise(20 * BLOCK)), *parts]
    for form in (parts, large) if any(b'"data"' in one for one in parts) else (parts,):
        answer = upload(quick, V, *form)
        assert (answer.status_code, error_type(answer)) == (status, error)
        assert words in message(answer)
        assert quick.client.get(f"/task/{V}").status_code == 404
        assert chunk_rows(quick) == 0


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, BLOCK, BLOCK + 1, 16 * BLOCK, 20 * BLOCK + 7])
def test_sizes(task: Desk, size: int) -> None:
    data = noise(size)
    assert upload(task, V, part("data", data)).status_code == 204
    assert task.client.get(f"/task/{V}/data").data == data
    head = task.client.head(f"/task/{V}/data")
    assert head.content_length == size


@pytest.mark.parametrize("place", ["data", "boundary", "type"])
def test_a_form_that_ends_early_leaves_nothing(task: Desk, place: str) -> None:
    task.storage.set("t", "v", Bytes(b"before"))
    body = part("data", noise(20 * BLOCK), "f") + part("valueType", "File")
    end = {"data": 15 * BLOCK, "boundary": 20 * BLOCK + 200, "type": len(body)}[place]
    answer = task.client.post(f"/task/{V}/data", data=body[:end], content_type=CONTENT_TYPE)
    assert (answer.status_code, error_type(answer)) == (400, "RestException")
    assert "it ends before its last boundary" in message(answer)
    assert (chunk_rows(task), task.client.get(f"/task/{V}/data").data) == (0, b"before")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (None, b"", 400),
        (CONTENT_TYPE, b"", 400),
        (CONTENT_TYPE, b"no form", 400),
        ("multipart/form-data", part("data", "x") + END, 400),
        ("multipart/form-data; boundary=other", part("data", "x") + END, 400),
        ("multipart/mixed; boundary=b", b"--b--", 415),
        ("application/x-www-form-urlencoded", b"data=x", 415),
        (OCTETS, b"x", 415),
        (JSON, b"{}", 415),
    ],
)
def test_invalid_forms_are_refused(quick: Desk, content_type: str | None, body: bytes, status: int) -> None:
    answer = quick.client.post(f"/task/{V}/data", data=body, content_type=content_type)
    assert answer.status_code == status
    assert message(answer)
    assert quick.client.get(f"/task/{V}").status_code == 404


@pytest.mark.parametrize("before", [1, Bytes(b"old"), File(noise(3 * BLOCK), filename="old"), Value("Json", "{}")])
def test_an_upload_replaces_a_variable_of_any_type(task: Desk, before: object) -> None:
    task.storage.set("t", "v", before)
    assert upload(task, V, part("data", AWKWARD)).status_code == 204
    assert task.client.get(f"/task/{V}/data").data == AWKWARD


def test_an_upload_changes_the_variable_in_its_scope(desk: Desk) -> None:
    desk.storage.add_scope("outer", task=False)
    desk.storage.add_scope("t", parent="outer")
    desk.storage.add_scope("sibling", parent="outer")
    assert upload(desk, V, part("data", "shared")).status_code == 204
    assert desk.client.get("/task/sibling/variables/v/data").data == b"shared"
    assert upload(desk, "t/localVariables/v", part("data", "own")).status_code == 204
    assert upload(desk, V, part("data", "own again")).status_code == 204
    assert desk.client.get("/task/sibling/variables/v/data").data == b"shared"
    assert desk.client.get(f"/task/{V}/data").data == b"own again"


def test_an_unknown_task_is_a_404_before_the_form_is_read(desk: Desk) -> None:
    answer = upload(desk, V, b"no form")
    assert answer.status_code == 404
    assert message(answer) == "Cannot put task variable v: task t doesn't exist: task is null"
    assert chunk_rows(desk) == 0
