"""The host's gates see each value, however it is sent. A refused value leaves nothing behind."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import zip_longest
from typing import Any

import pytest
import sqlalchemy as sa
from flask import abort
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, File, Forbidden, Refused, Value
from flask_taskvars.signals import variable_deleted, variable_written
from flask_taskvars.values import Content, TypedValue, blocks
from tests.conftest import DIRECTORY
from tests.support.desk import Desk
from tests.support.forms import chunk_rows, error, message, part, upload
from tests.support.storage_examples import pattern

DATA = pattern(700_000)  # more than fits in a row, and more than one block
BASE64 = b64encode(DATA).decode()
FILE = {"type": "File", "value": BASE64, "valueInfo": {"filename": "new.bin", "mimeType": "a/b"}}
FORM = (part("data", DATA, "new.bin", "a/b"), part("valueType", "File"))
OLD = Value("String", "old")

Send = Callable[[Desk], TestResponse]


def put(document: dict[str, Any]) -> Send:
    return lambda desk: desk.client.put("/task/t/variables/v", json=document)


def modify(*deletions: str, **modifications: dict[str, Any]) -> Send:
    body = {"modifications": modifications, "deletions": deletions}
    return lambda desk: desk.client.post("/task/t/variables", json=body)


WAYS: dict[str, Send] = {
    "form": lambda desk: upload(desk, "t/variables/v", *FORM),
    "local form": lambda desk: upload(desk, "t/localVariables/v", *FORM),
    "form of bytes": lambda desk: upload(desk, "t/variables/v", part("data", DATA)),
    "form of text": lambda desk: upload(desk, "t/variables/v", part("data", b"text"), part("valueType", "String")),
    "document": put(FILE),
    "document of bytes": put({"type": "Bytes", "value": BASE64}),
    "document of text": put({"value": "text"}),
    "document of null bytes": put({"type": "Bytes"}),
    "transient document": put({"value": "text", "valueInfo": {"transient": True}}),
    "modification": modify(v=FILE),
    "modification of several": modify("gone", fine={"value": 1}, v=FILE, w={"value": 2}),
    "modification of a transient value": modify(fine=FILE, v={"value": 1, "valueInfo": {"transient": True}}),
    "modification that deletes what it sets": modify("v", v=FILE),
    "modification under a condition": lambda desk: desk.client.put(
        "/task/t/variables/v", json=FILE, headers={"If-None-Match": '"another"'}
    ),
}


@pytest.fixture(params=["memory", "sqlite", DIRECTORY])
def gated(request: pytest.FixtureRequest, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A task `t` with a variable `gone`, on a storage for each way to stage an upload."""
    with empty_desk(request.param) as desk:
        desk.app.testing = False  # so that an error in a gate becomes a 500
        desk.storage.add_scope("t")
        desk.storage.set("t", "gone", OLD)
        yield desk


def assert_untouched(desk: Desk) -> None:
    """Check that nothing was stored, and that the staged bytes were deleted at once."""
    assert {name: found.value for name, found in desk.storage.get_all("t").items()} == {"gone": OLD}
    assert chunk_rows(desk) == 0
    if desk.db is not None:
        with desk.db.engine.connect() as connection:
            left = connection.scalars(sa.text("SELECT state FROM taskvars_journal")).all()
        assert set(left) <= {"name", "store"}  # these rows belong to the content store's marker


@pytest.mark.parametrize("way", WAYS)
def test_a_refused_value_leaves_nothing(gated: Desk, way: str) -> None:
    told: list[str] = []

    def listen(sender: object, name: str, **_: object) -> None:
        told.append(name)

    @gated.taskvars.accept
    def gate(task_id: str, name: str, value: TypedValue) -> None:
        if name == "v":
            raise Refused(422, f"{name} of {task_id} is not wanted.")

    with variable_written.connected_to(listen), variable_deleted.connected_to(listen):
        answer = WAYS[way](gated)
    assert answer.status_code == 422
    assert error(answer) == {"type": "RefusedException", "message": "v of t is not wanted.", "code": None}
    assert told == []
    assert_untouched(gated)


@pytest.mark.parametrize("way", WAYS)
def test_a_gate_may_abort(gated: Desk, way: str) -> None:
    gated.taskvars.accept(lambda *_: abort(422))
    assert WAYS[way](gated).status_code == 422
    assert_untouched(gated)


@pytest.mark.parametrize("way", WAYS)
def test_a_gate_sees_the_value_that_is_stored(gated: Desk, way: str) -> None:
    seen: dict[str, object] = {}

    @gated.taskvars.accept
    def gate(task_id: str, name: str, value: TypedValue) -> None:
        seen[name] = described(value)
        assert name not in gated.storage.get_all(task_id)

    assert WAYS[way](gated).status_code == 204
    for name, found in gated.storage.get_all("t").items():
        assert name == "gone" or seen[name] == described(found.value)
    assert "v" in seen


def described(value: TypedValue) -> object:
    """Return everything that a gate can see of a value."""
    if isinstance(value, Value):
        return value
    if value.content is None:
        return value
    assert isinstance(value.content, Content)
    data = b"".join(value.content.open_at(0))
    assert value.content.size == len(data)
    named = (value.filename, value.mimetype, value.encoding) if isinstance(value, File) else ()
    return (type(value), named, data, value.content.etag)


def test_a_gate_may_read_in_any_way(gated: Desk) -> None:
    """It may read twice, from the middle, beyond the end, twice at once, or stop early. The stored value is whole."""

    @gated.taskvars.accept
    def gate(task_id: str, name: str, value: TypedValue) -> None:
        assert isinstance(value, (Bytes, File))
        content = value.content
        assert isinstance(content, Content)
        for _ in range(2):
            assert b"".join(content.open_at(0)) == DATA
        assert b"".join(content.open_at(5)) == DATA[5:]
        assert [*content.open_at(len(DATA)), *content.open_at(10 * len(DATA))] == []
        pairs = list(zip_longest(content.open_at(0), content.open_at(9), fillvalue=b""))
        assert [b"".join(blocks) for blocks in zip(*pairs, strict=True)] == [DATA, DATA[9:]]
        next(iter(content.open_at(3)))

    for way in ("form", "document", "modification"):
        assert WAYS[way](gated).status_code == 204
        stored = gated.storage.get("t", "v").value
        assert isinstance(stored, File)
        assert b"".join(blocks(stored.content)) == DATA


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda *_: 1 / 0, "ZeroDivisionError"),
        (lambda *_: False, "must return None to accept"),
        (lambda *_: True, "must return None to accept"),
        (lambda *_: Refused(422, "returned, not raised"), "must return None to accept"),
        (lambda *_: int("x"), "ValueError"),
        (lambda *_: next(iter(())), "StopIteration"),
    ],
)
def test_a_gate_that_fails_keeps_the_value_out(
    gated: Desk, mistake: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    gated.taskvars.accept(mistake)
    answer = WAYS["modification of several"](gated)
    assert answer.status_code == 500
    assert error(answer)["message"] == "HTTP 500 Internal Server Error"
    assert said in caplog.text
    assert_untouched(gated)


def test_a_coroutine_accepts_nothing(gated: Desk, caplog: pytest.LogCaptureFixture) -> None:
    class Later:
        async def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
            pass

    gated.taskvars.accept(Later())  # type: ignore[type-var]
    assert WAYS["form"](gated).status_code == 500
    assert "must return None to accept" in caplog.text
    assert_untouched(gated)


def raised(error: Exception) -> Callable[..., None]:
    def gate(*_: object) -> None:
        raise error

    return gate


@pytest.mark.parametrize(
    ("gate", "status", "kind"),
    [
        *((raised(Refused(status, "No.")), status, "RefusedException") for status in (400, 403, 409, 413, 415, 422)),
        (raised(Forbidden("ben")), 403, "AuthorizationException"),
        (lambda *_: abort(418), 418, "ClientErrorException"),
    ],
)
def test_the_gate_chooses_the_status(gated: Desk, gate: Any, status: int, kind: str) -> None:
    gated.taskvars.accept(gate)
    answer = WAYS["form"](gated)
    assert (answer.status_code, error(answer)["type"]) == (status, kind)
    assert_untouched(gated)


def test_all_gates_are_asked_until_one_refuses(gated: Desk) -> None:
    asked: list[str] = []

    def gate(said: str) -> Callable[..., None]:
        def check(*_: object) -> None:
            asked.append(said)
            if said == "second":
                raise Refused(409, said)

        return check

    for said in ("first", "second", "third"):
        gated.taskvars.accept(gate(said))
    assert message(WAYS["form"](gated)) == "second"
    assert asked == ["first", "second"]


def test_only_writers_see_the_message_of_a_gate(gated: Desk) -> None:
    asked: list[str] = []
    gated.taskvars.accept(lambda task_id, name, value: asked.append(name))
    gated.taskvars.authorize(lambda action, task_id, name: name != "v")
    assert {way(gated).status_code for way in WAYS.values()} == {403}
    assert asked == []


@pytest.mark.parametrize("way", ["form", "modification"])
def test_a_permission_lost_while_a_gate_looks_stops_the_write(gated: Desk, way: str) -> None:
    looking = threading.Event()
    gated.taskvars.accept(lambda *_: looking.set())
    gated.taskvars.authorize(lambda *_: not looking.is_set())
    assert WAYS[way](gated).status_code == 403
    assert_untouched(gated)


def test_requests_that_set_no_value_ask_no_gate(gated: Desk) -> None:
    gated.taskvars.accept(raised(Refused(422, "Nothing is wanted.")))
    client, path = gated.client, "/task/t/variables"
    for method in ("GET", "HEAD", "OPTIONS"):
        assert {client.open(one, method=method).status_code for one in (path, f"{path}/gone")} == {200}
    assert client.delete(f"{path}/gone").status_code == 204
    assert client.post(path, json={"deletions": ["gone"]}).status_code == 204
