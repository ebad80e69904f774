"""The host's hook: when it is asked, what it may answer, and what the caller gets if it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, Unauthorized

from flask_taskvars import Forbidden, MissingAuthorization, TaskVars, create_blueprint, everybody
from flask_taskvars.mount import Authorize
from tests.contract.golden.world import GOLDEN
from tests.support.authorized import ABSENT, ALL, FORM, TRANSIENT, F, WatchedStorage, ask, mounted

RECORDED = json.loads((GOLDEN / "forbidden-camunda-7.24.0.json").read_text())
READ = MissingAuthorization("READ", "Task", "t1")


def refuse(action: str, task_id: str, name: str | None) -> bool:
    raise Forbidden("bob")


Question = tuple[str, str, str | None]
# request, what the hook is asked
ASKED: list[tuple[str, dict[str, Any], list[Question]]] = [
    (f"GET {F}/data", {}, [("read", "t1", "f")]),
    (f"HEAD {F}/data", {}, [("read", "t1", "f")]),
    (f"GET {F}", {}, [("read", "t1", "f")]),
    (f"GET {ABSENT}/data", {}, [("read", "t1", "absent")]),
    (f"GET {ABSENT}", {}, [("read", "t1", "absent")]),
    (f"GET {ALL}", {}, [("read", "t1", None), ("read", "t1", "f"), ("read", "t1", "bytes")]),
    (f"PUT {F}", {"json": {"value": "x"}}, [("write", "t1", "f")] * 2),
    (f"PUT {ABSENT}", {"json": {"value": "x"}}, [("write", "t1", "absent")] * 2),
    (
        f"PUT {F}",
        {"json": {"value": "x"}, "headers": {"If-Match": "*"}},
        [("write", "t1", "f"), ("read", "t1", "f")] * 2,
    ),
    (f"PUT {ABSENT}", {"json": TRANSIENT}, [*[("write", "t1", "absent")] * 2, ("read", "t1", "absent")]),
    (f"POST {F}/data", {"data": FORM, "content_type": "multipart/form-data; boundary=b"}, [("write", "t1", "f")] * 2),
    (f"POST {F}/data", {"data": b"--b--", "content_type": "multipart/form-data; boundary=b"}, [("write", "t1", "f")]),
    (f"DELETE {F}", {}, [("delete", "t1", "f")]),
    (f"DELETE {F}", {"headers": {"If-None-Match": '"x"'}}, [("delete", "t1", "f"), ("read", "t1", "f")]),
    (f"DELETE {ABSENT}", {}, [("delete", "t1", "absent")]),
    (
        f"POST {ALL}",
        {"json": {"modifications": {"f": {"value": "x"}, "n": {"value": 1}}, "deletions": ["bytes", "f"]}},
        [
            *[("write", "t1", None), ("write", "t1", None), ("write", "t1", "f"), ("write", "t1", "n")],
            *[("delete", "t1", None), ("delete", "t1", "bytes"), ("delete", "t1", "f")],
        ],
    ),
    (f"POST {ALL}", {"json": {}}, [("write", "t1", None)]),
    ("GET /task/unknown/variables/f/data", {}, []),
    ("PUT /task/unknown/variables/f", {"json": {"value": "x"}}, []),
    ("DELETE /task/unknown/variables/f", {}, []),
    ("GET /task/unknown/variables", {}, []),
    (f"OPTIONS {F}/data", {}, []),
    (f"PATCH {F}/data", {}, []),
    ("GET /task/t1/nothing", {}, []),
]


@pytest.mark.parametrize(("request_line", "sent", "asked"), ASKED)
def test_what_the_hook_is_asked(request_line: str, sent: dict[str, Any], asked: list[Question]) -> None:
    """It is asked once for each request and name, and only about a task that exists; about absent variables too."""
    heard: list[Question] = []

    def listen(action: str, task_id: str, name: str | None) -> bool:
        heard.append((action, task_id, name))
        return True

    allowed = ask(mounted(listen), request_line, **sent)
    assert allowed.status_code != 403
    assert heard == asked


@pytest.mark.parametrize(("request_line", "sent"), [(line, sent) for line, sent, asked in ASKED if asked])
def test_nothing_is_opened_or_changed_before_the_hook_agrees(request_line: str, sent: dict[str, Any]) -> None:
    seen: list[str] = []

    def disagree(action: str, task_id: str, name: str | None) -> bool:
        seen.append("asked")
        return False

    refused = ask(mounted(disagree, seen), request_line, **sent)
    assert refused.status_code == 403
    assert seen == ["look up", "asked"]


def test_the_content_is_opened_after_the_hook_agreed() -> None:
    seen: list[str] = []

    def agree(action: str, task_id: str, name: str | None) -> bool:
        seen.append("asked")
        return True

    assert ask(mounted(agree, seen), f"GET {F}/data").data == b"data"
    assert seen == ["look up", "asked", "open"]


def raising(error: Exception) -> Authorize:
    def check(action: str, task_id: str, name: str | None) -> bool:
        raise error

    return check


LACK = "'READ' permission on resource 't1' of type 'Task'"
OTHER = MissingAuthorization("READ", "Process Instance", "p1")
REFUSALS: list[tuple[Any, str | None, str, list[MissingAuthorization]]] = [
    (lambda *_: False, None, f"The caller does not have {LACK}.", [READ]),
    (raising(Forbidden()), None, f"The caller does not have {LACK}.", [READ]),
    (raising(Forbidden("bob")), "bob", f"The user with id 'bob' does not have {LACK}.", [READ]),
    (
        raising(Forbidden("bob", [OTHER])),
        "bob",
        "The user with id 'bob' does not have 'READ' permission on resource 'p1' of type 'Process Instance'.",
        [OTHER],
    ),
    (
        raising(Forbidden(missing=[READ, OTHER])),
        None,
        f"The caller does not have one of the following permissions: {LACK} or "
        "'READ' permission on resource 'p1' of type 'Process Instance'",
        [READ, OTHER],
    ),
]


@pytest.mark.parametrize(("check", "user_id", "message", "missing"), REFUSALS)
@pytest.mark.parametrize("profile", ["documented", "engine"])
def test_refusals(
    check: Any, user_id: str | None, message: str, missing: list[MissingAuthorization], profile: str
) -> None:
    refused = ask(mounted(check, profile=profile), f"GET {F}/data")
    only = missing[0] if len(missing) == 1 else None
    assert (refused.status_code, refused.content_type) == (403, "application/json")
    assert refused.json == {
        "type": "AuthorizationException",
        "message": message,
        "code": 0,
        "userId": user_id,
        "resourceName": only and only.resourceName,
        "resourceId": only and only.resourceId,
        "permissionName": only and only.permissionName,
        "missingAuthorizations": [asdict(one) for one in missing],
    }


@pytest.mark.parametrize("case", [case for case in RECORDED if case["user"]], ids=lambda case: case["request"])
def test_refusals_are_the_engines(case: dict[str, Any]) -> None:
    refused = ask(mounted(refuse, profile="engine"), case["request"].replace("{task}", "t1"), json={"value": "x"})
    assert refused.status_code == case["status"]
    assert refused.json == json.loads(json.dumps(case["json"]).replace("{task}", "t1"))


ABORTED: list[tuple[Callable[[], object], int, str, dict[str, str]]] = [
    (
        lambda: abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "claims desk"})),
        401,
        "NotAuthorizedException",
        {"WWW-Authenticate": 'Basic realm="claims desk"'},
    ),
    (lambda: abort(429, retry_after=30), 429, "ClientErrorException", {"Retry-After": "30"}),
    (lambda: abort(403), 403, "ClientErrorException", {}),
    (lambda: abort(404), 404, "NotFoundException", {}),
    (lambda: abort(503), 503, "ServerErrorException", {}),
]


@pytest.mark.parametrize(("stop", "status", "kind", "headers"), ABORTED)
def test_the_hook_may_abort(stop: Callable[[], object], status: int, kind: str, headers: dict[str, str]) -> None:
    """The answer keeps the status and the headers. Its body becomes the contract's JSON."""

    def check(action: str, task_id: str, name: str | None) -> bool:
        return bool(stop())

    answer = ask(mounted(check), f"GET {F}/data")
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert answer.json is not None
    assert (answer.json["type"], answer.json["code"]) == (kind, None)
    assert headers.items() <= dict(answer.headers).items()


def test_a_list_leaves_out_the_names_for_which_the_hook_aborts_with_403() -> None:
    def check(action: str, task_id: str, name: str | None) -> bool:
        return abort(403) if name == "f" else True

    answer = ask(mounted(check), f"GET {ALL}")
    assert answer.json is not None
    assert (answer.status_code, list(answer.json)) == (200, ["bytes"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HTTPException(response=redirect("/login")), 302),
        (Unauthorized(response=Response("log in first", 401, {"Location": "/login"})), 401),
    ],
)
def test_the_hook_may_send_a_response_of_its_own(error: HTTPException, status: int) -> None:
    answer = ask(mounted(raising(error)), f"GET {F}/data")
    assert (answer.status_code, answer.location) == (status, "/login")


def test_a_mistake_in_the_hook_opens_nothing() -> None:
    seen: list[str] = []
    answer = ask(mounted(raising(LookupError("s3cret")), seen), f"GET {F}/data")
    assert (answer.status_code, answer.content_type) == (500, "application/json")
    assert "s3cret" not in answer.text
    assert seen == ["look up"]


def test_a_new_hook_replaces_the_old_one() -> None:
    taskvars, app = TaskVars(WatchedStorage([]), everybody), Flask("host")
    taskvars.init_app(app)
    assert ask(app, f"GET {F}/data").status_code == 200

    @taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        return False

    assert may("read", "t1", "v") is False  # the decorator returns the function unchanged
    assert ask(app, f"GET {F}/data").status_code == 403


def test_each_mount_has_its_own_hook() -> None:
    app = mounted(refuse)
    app.register_blueprint(create_blueprint(WatchedStorage([]), authorize=everybody, name="open"), url_prefix="/open")
    assert [ask(app, f"GET {prefix}{F}/data").status_code for prefix in ("", "/open")] == [403, 200]


def test_a_coroutine_function_never_decides() -> None:
    async def may(action: str, task_id: str, name: str | None) -> bool:
        return False

    with pytest.raises(TypeError, match="a coroutine function, and nobody would await it: give a plain function"):
        TaskVars().authorize(may)  # type: ignore[type-var]  # the mistake
    with pytest.raises(TypeError, match="is a coroutine function"):
        TaskVars(authorize=may)  # type: ignore[arg-type]  # the mistake
