"""All methods that write, on every storage: the scope that they write to, all or nothing, and rights."""

from __future__ import annotations

from typing import Any

import pytest
from flask import abort
from werkzeug.datastructures import WWWAuthenticate

from flask_taskvars import Bytes, File, Forbidden
from flask_taskvars.errors import MissingAuthorization
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk
from tests.support.forms import chunk_rows, error, error_type, message, part, upload
from tests.support.served_world import noise

JSON = "application/json"
LARGE = {"type": "File", "value": "QUJD" * (BLOCK // 2), "valueInfo": {"filename": "large"}}


@pytest.fixture
def scopes(desk: Desk) -> Desk:
    """Two tasks `near` and `beside` in one scope around them."""
    desk.storage.add_scope("around", task=False)
    for task in ("near", "beside"):
        desk.storage.add_scope(task, parent="around")
    return desk


def put(desk: Desk, path: str, value: object = 1, **headers: str) -> int:
    return desk.client.put(f"/task/{path}", json={"value": value}, headers=headers).status_code


def modify(desk: Desk, scope: str, **patch: object) -> Any:
    return desk.client.post(f"/task/near/{scope}", json=patch)


def seen(desk: Desk, task: str = "near", scope: str = "variables") -> dict[str, object]:
    """Return the visible values by name: Bytes as Base64, Files as their file names."""
    document = desk.client.get(f"/task/{task}/{scope}").json
    assert document is not None
    return {name: one["valueInfo"].get("filename", one["value"]) for name, one in document.items()}


def write(desk: Desk, method: str, scope: str, name: str, value: int) -> int:
    """Set a variable by one of the three methods."""
    path = f"near/{scope}/{name}"
    match method:
        case "put":
            return put(desk, path, value)
        case "modify":
            return int(modify(desk, scope, modifications={name: {"value": value}}).status_code)
    return upload(desk, path, part("data", str(value)), part("valueType", "Integer")).status_code


METHODS = ["put", "modify", "upload"]


@pytest.mark.parametrize("method", METHODS)
def test_where_a_value_is_written(scopes: Desk, method: str) -> None:
    assert write(scopes, method, "variables", "new", 1) == 204
    assert (seen(scopes), seen(scopes, "beside"), seen(scopes, "near", "localVariables")) == (
        {"new": 1},
        {"new": 1},
        {},
    )
    assert write(scopes, method, "variables", "new", 2) == 204
    assert seen(scopes, "beside") == {"new": 2}
    assert write(scopes, method, "localVariables", "new", 3) == 204
    assert (seen(scopes), seen(scopes, "beside")) == ({"new": 3}, {"new": 2})
    assert write(scopes, method, "variables", "new", 4) == 204
    assert (seen(scopes), seen(scopes, "beside")) == ({"new": 4}, {"new": 2})


def test_which_variables_are_deleted(scopes: Desk) -> None:
    for scope in ("variables", "localVariables"):
        assert put(scopes, f"near/{scope}/v", scope) == 204
    assert scopes.client.delete("/task/near/localVariables/v").status_code == 204
    assert seen(scopes) == {"v": "variables"}
    assert scopes.client.delete("/task/near/localVariables/v").status_code == 204
    assert seen(scopes) == {"v": "variables"}
    for _ in range(2):
        answer = scopes.client.delete("/task/near/variables/v")
        assert (answer.status_code, answer.data) == (204, b"")
        assert "Content-Type" not in answer.headers
        assert seen(scopes, "beside") == {}


@pytest.mark.parametrize("scope", ["variables", "localVariables"])
def test_modify_sets_and_deletes(scopes: Desk, scope: str) -> None:
    for name in ("kept", "changed", "gone"):
        assert put(scopes, f"near/{scope}/{name}") == 204
    changes = {"changed": {"value": 2}, "new": {"type": "Bytes", "value": "YQ=="}, "both": {"value": 3}}
    answer = modify(scopes, scope, modifications=changes, deletions=["gone", "absent", "both", "gone", None])
    assert (answer.status_code, answer.data) == (204, b"")
    assert seen(scopes, scope=scope) == {"kept": 1, "changed": 2, "new": "YQ=="}


BAD = [
    ({"type": "Integer", "value": "x"}, 400, "InvalidRequestException"),
    ({"type": "Nope", "value": 1}, 400, "InvalidRequestException"),
    ({"type": "", "value": 1}, 400, "IllegalArgumentException"),
    ({"type": "Bytes", "value": "%"}, 400, "InvalidRequestException"),
    ({"type": "File", "value": "YQ=="}, 400, "IllegalArgumentException"),
    ({"type": "Object", "value": "[1]"}, 400, "RestException"),
    ({"type": "Json", "value": 5}, 400, "InvalidRequestException"),
    ({"value": 1, "valueInfo": 5}, 400, "InvalidRequestException"),
    (None, 400, "InvalidRequestException"),
]


@pytest.mark.parametrize("last", [True, False])
def test_one_bad_value_and_nothing_changes(scopes: Desk, last: bool) -> None:
    put(scopes, "near/variables/old")
    for bad, status, kind in BAD:
        changes = {"first": {"value": 1}, "old": {"value": 2}, "large": LARGE, "bad": bad}
        answer = modify(
            scopes, "variables", modifications=dict(sorted(changes.items(), reverse=last)), deletions=["old"]
        )
        assert (answer.status_code, error_type(answer)) == (status, kind)
    assert (seen(scopes), chunk_rows(scopes)) == ({"old": 1}, 0)


NAMES = [
    "x" * 255,
    "\N{GRINNING FACE}" * 255,
    "a/b",
    "/",
    "a//b",
    "..",
    " ",
    "a b",
    "%2F",
    "data",
    "a\n",
    "?#&",
    "\\",
    "null",
]


def test_every_name_up_to_255_characters(scopes: Desk) -> None:
    for number, name in enumerate(NAMES):
        assert modify(scopes, "variables", modifications={name: {"value": number}}).status_code == 204, name
    assert seen(scopes) == {name: number for number, name in enumerate(NAMES)}
    assert modify(scopes, "variables", deletions=NAMES).status_code == 204
    assert seen(scopes) == {}


REFUSED_NAMES = ["x" * 256, "a\0b", "\ud800"]


@pytest.mark.parametrize("name", REFUSED_NAMES, ids=["long", "NUL", "surrogate"])
def test_names_that_no_database_holds(scopes: Desk, name: str) -> None:
    put(scopes, "near/variables/old")
    answer = modify(scopes, "variables", modifications={"old": {"value": 2}, "large": LARGE, name: LARGE})
    assert (answer.status_code, error_type(answer)) == (400, "InvalidRequestException")
    assert "at most 255 characters" in message(answer)
    assert modify(scopes, "variables", deletions=[name]).status_code == 204
    assert (seen(scopes), chunk_rows(scopes)) == ({"old": 1}, 0)


@pytest.mark.parametrize("name", ["x" * 256, "a%00b"])
def test_paths_that_no_database_holds(scopes: Desk, name: str) -> None:
    answers = [
        scopes.client.put(f"/task/near/variables/{name}", json=LARGE),
        upload(scopes, f"near/variables/{name}", part("data", noise(20 * BLOCK))),
    ]
    assert [(answer.status_code, error_type(answer)) for answer in answers] == [(400, "InvalidRequestException")] * 2
    assert (seen(scopes), chunk_rows(scopes)) == ({}, 0)


def requests(desk: Desk, path: str) -> list[Any]:
    """Return one request for each way to write."""
    return [
        desk.client.put(f"{path}/v", json={"value": 2}),
        desk.client.delete(f"{path}/v"),
        desk.client.post(path, json={"modifications": {"v": {"value": 2}}}),
        desk.client.post(path, json={"deletions": ["v"]}),
        upload(desk, f"{path.removeprefix('/task/')}/v", part("data", noise(20 * BLOCK))),
    ]


@pytest.mark.parametrize("scope", ["variables", "localVariables"])
def test_a_task_that_does_not_exist(scopes: Desk, scope: str) -> None:
    asked: list[object] = []

    @scopes.taskvars.authorize
    def may(*question: object) -> bool:
        asked.append(question)
        return True

    for task in ("absent", "around"):
        answers = requests(scopes, f"/task/{task}/{scope}")
        assert [answer.status_code for answer in answers] == [404] * 5
        gone = f"task {task} doesn't exist: task is null"
        assert [message(answer) for answer in answers] == [
            f"Cannot put task variable v: {gone}",
            f"Cannot delete task variable v: Cannot find task with id {task}: task is null",
            f"Cannot modify variables for task {task}: {gone}",
            f"Cannot modify variables for task {task}: {gone}",
            f"Cannot put task variable v: {gone}",
        ]
        body = b"{"
        assert scopes.client.put(f"/task/{task}/{scope}/v", data=body, content_type=JSON).status_code == 404
    assert (asked, chunk_rows(scopes)) == ([], 0)


@pytest.mark.parametrize("scope", ["variables", "localVariables"])
def test_nothing_is_written_when_the_hook_refuses(scopes: Desk, scope: str) -> None:
    put(scopes, f"near/{scope}/v")
    may: list[str] = ["read"]
    scopes.taskvars.authorize(lambda action, task_id, name: action in may)
    for answer in requests(scopes, f"/task/near/{scope}"):
        assert (answer.status_code, error_type(answer)) == (403, "AuthorizationException")
    may.append("write")
    for patch in ({"deletions": ["v"]}, {"modifications": {"v": {"value": 2}}, "deletions": ["w"]}):
        assert scopes.client.post(f"/task/near/{scope}", json=patch).status_code == 403
    assert (seen(scopes, scope=scope), chunk_rows(scopes)) == ({"v": 1}, 0)


def test_what_a_refusal_says(scopes: Desk) -> None:
    scopes.taskvars.authorize(lambda *question: False)
    answer = scopes.client.put("/task/near/variables/v", json={"value": 1})
    wanted = [("UPDATE_VARIABLE", "Task", "near"), ("UPDATE", "Task", "near")]
    keys = ("permissionName", "resourceName", "resourceId")
    assert error(answer) == {
        "type": "AuthorizationException",
        "message": "The caller does not have one of the following permissions: "
        "'UPDATE_VARIABLE' permission on resource 'near' of type 'Task' or "
        "'UPDATE' permission on resource 'near' of type 'Task'",
        "code": 0,
        "userId": None,
        "missingAuthorizations": [dict(zip(keys, one, strict=True)) for one in wanted],
        **dict.fromkeys(keys),
    }


def test_a_hook_may_say_more(scopes: Desk) -> None:
    @scopes.taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        raise Forbidden("demo", [MissingAuthorization("WRITE", "Desk", "7")])

    answer = scopes.client.delete("/task/near/variables/v")
    assert answer.status_code == 403
    assert error(answer)["userId"] == "demo"
    assert message(answer) == (
        "The user with id 'demo' does not have 'WRITE' permission on resource '7' of type 'Desk'."
    )


def test_a_hook_may_abort(scopes: Desk) -> None:
    @scopes.taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "desk"}))

    for answer in requests(scopes, "/task/near/variables"):
        assert (answer.status_code, error_type(answer)) == (401, "NotAuthorizedException")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert chunk_rows(scopes) == 0


@pytest.mark.parametrize("before", [Bytes(b"x"), File(noise(2 * BLOCK), filename="f"), "text"])
def test_a_transient_value_is_forgotten_but_may_not_hide_another(scopes: Desk, before: object) -> None:
    transient = {"type": "String", "value": "x", "valueInfo": {"transient": True}}
    changes = {"modifications": {"v": transient, "other": {"value": 1}}}
    assert scopes.client.put("/task/near/variables/v", json=transient).status_code == 204
    assert modify(scopes, "variables", **changes).status_code == 204
    assert seen(scopes) == {"other": 1}
    scopes.storage.set("around", "v", before)
    scopes.storage.set("around", "other", 0)
    for answer in (scopes.client.put("/task/near/variables/v", json=transient), modify(scopes, "variables", **changes)):
        assert (answer.status_code, error_type(answer)) == (400, "RestException")
    assert seen(scopes)["other"] == 0
    assert scopes.client.put("/task/near/localVariables/v", json=transient).status_code == 204
