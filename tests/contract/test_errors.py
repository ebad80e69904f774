"""The errors: the status, the message and the JSON of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flask_taskvars import errors
from flask_taskvars.errors import Forbidden, MissingAuthorization, TaskVarsError
from tests.contract.golden.world import GOLDEN

READ = MissingAuthorization("READ", "Task", "t1")
UPDATE = MissingAuthorization("UPDATE", "Task", "t1")

REFUSALS = (400, 403, 409, 413, 415, 422)

# error, status, the engine's status if it is another, type, code, message
TABLE: list[tuple[TaskVarsError, int, int | None, str, int | None, str]] = [
    (errors.TaskVarsError("x"), 500, None, "RestException", None, "x"),
    (errors.NotFound("x"), 404, None, "RestException", None, "x"),
    (errors.TaskNotFound("t1"), 404, 500, "RestException", 0, "task t1 doesn't exist: task is null"),
    (
        errors.VariableNotFound("x"),
        404,
        None,
        "InvalidRequestException",
        None,
        "task variable with name x does not exist",
    ),
    (errors.InvalidRequest("x"), 400, None, "InvalidRequestException", None, "x"),
    (
        errors.NotBinary("t1"),
        400,
        None,
        "InvalidRequestException",
        None,
        "Value of variable with id t1 is not a binary value.",
    ),
    (
        errors.UnsupportedType("Nope"),
        400,
        None,
        "InvalidRequestException",
        None,
        "Unsupported value type 'Nope'",
    ),
    (
        errors.Forbidden("bob", [READ]),
        403,
        None,
        "AuthorizationException",
        0,
        "The user with id 'bob' does not have 'READ' permission on resource 't1' of type 'Task'.",
    ),
    *((errors.Refused(status, "x"), status, None, "RefusedException", None, "x") for status in REFUSALS),
    (
        errors.PreconditionFailed("a"),
        412,
        None,
        "PreconditionFailedException",
        None,
        "The variable is not in the state that the request's preconditions name: fetch it again.",
    ),
    (errors.WrongContentType("a/b", "c/d"), 415, None, "NotSupportedException", None, "Send c/d here, not a/b."),
    (
        errors.RangeNotSatisfiable(10),
        416,
        None,
        "RangeNotSatisfiableException",
        None,
        "No range of the request lies within the 10 bytes of the variable.",
    ),
    (
        errors.StorageUnavailable(),
        503,
        None,
        "ServiceUnavailableException",
        None,
        "The storage of the variables can't be reached now: try again in a moment.",
    ),
    (
        errors.StorageFull(),
        507,
        None,
        "InsufficientStorageException",
        None,
        "There is no room for the bytes: nothing was stored.",
    ),
]


@pytest.mark.parametrize(("error", "status", "engine_status", "kind", "code", "message"), TABLE)
def test_errors(
    error: TaskVarsError, status: int, engine_status: int | None, kind: str, code: int | None, message: str
) -> None:
    assert (error.status, error.engine_status) == (status, engine_status)
    document = error.document()
    assert (document["type"], document["message"], document["code"]) == (kind, message, code)
    assert str(error) == message
    assert json.loads(json.dumps(document)) == document


HEADERS = [
    (errors.NotFound("x"), {}),
    (errors.PreconditionFailed("a"), {"ETag": '"a"'}),
    (errors.PreconditionFailed(None), {}),
    (errors.RangeNotSatisfiable(10), {"Content-Range": "bytes */10", "Accept-Ranges": "bytes"}),
    (errors.StorageUnavailable(), {"Retry-After": "5"}),
    (errors.ContentVanished(), {"Retry-After": "5"}),
]


@pytest.mark.parametrize(("error", "headers"), HEADERS)
def test_headers(error: TaskVarsError, headers: dict[str, str]) -> None:
    assert error.headers() == headers


FORBIDDEN = [
    (Forbidden(), "The caller does not have the permission for this."),
    (Forbidden("bob"), "The user with id 'bob' does not have the permission for this."),
    (Forbidden(missing=[READ]), "The caller does not have 'READ' permission on resource 't1' of type 'Task'."),
    (
        Forbidden("bob", [UPDATE, READ]),
        "The user with id 'bob' does not have one of the following permissions: "
        "'UPDATE' permission on resource 't1' of type 'Task' or 'READ' permission on resource 't1' of type 'Task'",
    ),
]


@pytest.mark.parametrize(("error", "message"), FORBIDDEN)
def test_the_message_of_a_forbidden_request(error: Forbidden, message: str) -> None:
    assert str(error) == message


RECORDED = json.loads((GOLDEN / "forbidden-camunda-7.24.0.json").read_text())


@pytest.mark.parametrize("case", [case for case in RECORDED if case["status"] == 403], ids=lambda case: case["request"])
def test_a_refusal_is_the_engines(case: dict[str, dict[str, list[dict[str, str]]]]) -> None:
    missing = [MissingAuthorization(**one) for one in case["json"]["missingAuthorizations"]]
    assert Forbidden("bob", missing).document() == case["json"]


@pytest.mark.parametrize("status", [100, 200, 204, 302, 401, 404, 412, 423, 500, 503, True, "422", None])
def test_a_refusal_with_another_status_is_an_error(status: Any) -> None:
    with pytest.raises(ValueError, match="400, 403, 409, 413, 415 or 422"):
        errors.Refused(status, "No.")
