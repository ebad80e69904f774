"""The host's hook: when it is asked, what it can say, and what its refusals look like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, File, Forbidden, MissingAuthorization, TaskVars, create_blueprint
from flask_taskvars.mount import Authorize
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Content, Variable

RECORDED = json.loads((Path(__file__).parent / "golden" / "forbidden-camunda-7.24.0.json").read_text())
READ = MissingAuthorization("READ", "Task", "t1")


class WatchedContent(Content):
    """Bytes that note in a list that somebody opens them."""

    size, etag, sha256, modified = 4, "a", None, None

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def open_at(self, offset: int) -> Iterator[bytes]:
        self._seen.append("open")
        yield b"data"[offset:]


class WatchedStorage(MemoryStorage):
    """A storage with one task, that notes in a list what is looked up, opened and changed."""

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


def mounted(check: Authorize | None, seen: list[str] | None = None, **settings: Any) -> Flask:
    app = Flask("host")
    TaskVars(WatchedStorage([] if seen is None else seen), check, **settings).init_app(app)
    return app


def ask(app: Flask, request: str, **arguments: Any) -> TestResponse:
    method, path = request.split(" ", 1)
    return app.test_client().open(path, method=method, **arguments)


def refuse(action: str, task_id: str, name: str | None) -> bool:
    raise Forbidden("bob")


F, ABSENT, ALL = "/task/t1/variables/f", "/task/t1/localVariables/absent", "/task/t1/variables"
# request, what the hook is asked
ASKED: list[tuple[str, dict[str, Any], list[tuple[str, str, str | None]]]] = [
    (f"GET {F}/data", {}, [("read", "t1", "f")]),
    (f"HEAD {F}/data", {}, [("read", "t1", "f")]),
    (f"GET {F}", {}, [("read", "t1", "f")]),
    (f"GET {ABSENT}/data", {}, [("read", "t1", "absent")]),
    (f"GET {ABSENT}", {}, [("read", "t1", "absent")]),
    (f"GET {ALL}", {}, [("read", "t1", None)]),
    (f"PUT {F}", {"json": {"value": "x"}}, [("write", "t1", "f")]),
    (f"PUT {ABSENT}", {"json": {"value": "x"}}, [("write", "t1", "absent")]),
    (f"POST {F}/data", {"data": b"--b--", "content_type": "multipart/form-data; boundary=b"}, [("write", "t1", "f")]),
    (f"DELETE {F}", {}, [("delete", "t1", "f")]),
    (f"DELETE {ABSENT}", {}, [("delete", "t1", "absent")]),
    (f"POST {ALL}", {"json": {"modifications": {"f": {"value": "x"}}}}, [("write", "t1", None)]),
    ("GET /task/unknown/variables/f/data", {}, []),
    ("PUT /task/unknown/variables/f", {"json": {"value": "x"}}, []),
    ("DELETE /task/unknown/variables/f", {}, []),
    ("GET /task/unknown/variables", {}, []),
    (f"OPTIONS {F}/data", {}, []),
    (f"PATCH {F}/data", {}, []),
    ("GET /task/t1/nothing", {}, []),
]


@pytest.mark.parametrize(("request_line", "sent", "asked"), ASKED)
def test_what_the_hook_is_asked(
    request_line: str, sent: dict[str, Any], asked: list[tuple[str, str, str | None]]
) -> None:
    """Once for each request, about a task that exists; of what is not there no more than of what is."""
    heard: list[tuple[str, str, str | None]] = []

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


def test_to_delete_some_takes_both_permissions() -> None:
    heard: list[str] = []

    def only_write(action: str, task_id: str, name: str | None) -> bool:
        heard.append(action)
        return action == "write"

    app = mounted(only_write)
    assert ask(app, f"POST {ALL}", json={"modifications": {}, "deletions": ["f"]}).status_code == 403
    assert heard == ["write", "delete"]
    assert ask(app, f"POST {ALL}", json={"modifications": {"f": {"value": "x"}}}).status_code == 204


def raising(error: Exception) -> Authorize:
    def check(action: str, task_id: str, name: str | None) -> bool:
        raise error

    return check


def nothing(action: str, task_id: str, name: str | None) -> None:
    """A hook that forgets its return."""


LACK = "'READ' permission on resource 't1' of type 'Task'"
OTHER = MissingAuthorization("READ", "Process Instance", "p1")
REFUSALS: list[tuple[Any, str | None, str, list[MissingAuthorization]]] = [
    (lambda *_: False, None, f"The caller does not have {LACK}.", [READ]),
    (nothing, None, f"The caller does not have {LACK}.", [READ]),
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
    (lambda: abort(404), 404, "NotFoundException", {}),
    (lambda: abort(503), 503, "ServerErrorException", {}),
]


@pytest.mark.parametrize(("stop", "status", "kind", "headers"), ABORTED)
def test_the_hook_may_abort(stop: Callable[[], object], status: int, kind: str, headers: dict[str, str]) -> None:
    """The status and its headers stay; the body becomes what the clients read."""

    def check(action: str, task_id: str, name: str | None) -> bool:
        return bool(stop())

    answer = ask(mounted(check), f"GET {F}/data")
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert answer.json is not None
    assert (answer.json["type"], answer.json["code"]) == (kind, None)
    assert headers.items() <= dict(answer.headers).items()


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


def test_a_precondition_tells_nothing_to_who_may_not_read() -> None:
    for condition in ({"If-None-Match": "*"}, {"If-Match": '"other"'}, {"Range": "bytes=99-"}):
        assert ask(mounted(refuse), f"GET {F}/data", headers=condition).status_code == 403


def test_the_hook_may_come_last() -> None:
    taskvars, app = TaskVars(WatchedStorage([])), Flask("host")
    taskvars.init_app(app)
    assert ask(app, f"GET {F}/data").status_code == 200

    @taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        return False

    assert may("read", "t1", "v") is False  # the decorated function is still itself
    assert ask(app, f"GET {F}/data").status_code == 403


def test_each_mount_has_its_own_hook() -> None:
    app = mounted(refuse)
    app.register_blueprint(create_blueprint(WatchedStorage([]), name="open"), url_prefix="/open")
    assert [ask(app, f"GET {prefix}{F}/data").status_code for prefix in ("", "/open")] == [403, 200]


def test_a_coroutine_function_never_decides() -> None:
    async def may(action: str, task_id: str, name: str | None) -> bool:
        return False

    with pytest.raises(TypeError, match="a coroutine counts as True: give a plain function"):
        TaskVars().authorize(may)  # type: ignore[type-var]  # the mistake
    with pytest.raises(TypeError, match="is a coroutine function"):
        TaskVars(authorize=may)  # type: ignore[arg-type]  # the mistake
