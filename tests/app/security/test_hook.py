"""Nothing bypasses the host's hook: only True allows, each name is asked for, and a refusal reveals nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask, Response, redirect

from flask_taskvars import Forbidden, create_blueprint, everybody
from flask_taskvars.errors import TaskNotFound, TaskVarsError, WrongTenant
from flask_taskvars.mount import Authorize
from tests.app.test_authorize import ASKED
from tests.support.authorized import ALL, FORM, TRANSIENT, F, WatchedStorage, ask, mounted


class AsyncHook:
    """An object whose call returns a coroutine, which can't be detected before the call."""

    async def __call__(self, action: str, task_id: str, name: str | None) -> bool:
        return True


def response() -> Response:
    return Response("log in first", 401)


# Hooks with wrong answers: responses as views return them, a redirect, None, and values that are only truthy or falsy.
WRONG: list[Any] = [
    *(lambda *_: response(), lambda *_: ({"error": "no"}, 403), lambda *_: redirect("/login"), AsyncHook()),
    *(lambda *_: None, lambda *_: 1, lambda *_: "yes", lambda *_: 0, lambda *_: [], lambda *_: object()),
]


@pytest.mark.parametrize("hook", WRONG)
@pytest.mark.parametrize(("line", "sent"), [(line, sent) for line, sent, asked in ASKED if asked])
def test_an_answer_other_than_true_or_false_is_a_500(
    hook: Any, line: str, sent: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    answer = ask(mounted(hook, seen), line, **sent)
    assert (answer.status_code, answer.content_type, seen) == (500, "application/json", ["look up"])
    if not line.startswith("HEAD"):
        assert answer.json == {
            "type": "ServerErrorException",
            "message": "HTTP 500 Internal Server Error",
            "code": None,
        }
    assert "must return True to allow or False to refuse" in caplog.text


def by_name(*refused: tuple[str, str]) -> Authorize:
    """Make a hook that refuses some actions on some names, and allows all others."""

    def check(action: str, task_id: str, name: str | None) -> bool:
        return (action, name) not in refused

    return check


def test_a_list_leaves_out_forbidden_variables() -> None:
    app = mounted(by_name(("read", "bytes")))
    assert json.loads(ask(app, f"GET {ALL}").data).keys() == {"f"}
    whole, part = ask(mounted(by_name()), f"HEAD {ALL}"), ask(app, f"HEAD {ALL}")
    assert int(part.headers["Content-Length"]) < int(whole.headers["Content-Length"])
    assert part.headers["ETag"] != whole.headers["ETag"]


@pytest.mark.parametrize("refused", [("write", "bytes"), ("delete", "f"), ("write", "new")])
def test_a_modification_is_refused_whole(refused: tuple[str, str]) -> None:
    seen: list[str] = []
    body = {"modifications": {"bytes": {"value": 1}, "new": {"value": 2}}, "deletions": ["f"]}
    assert ask(mounted(by_name(refused), seen), f"POST {ALL}", json=body).status_code == 403
    assert "change" not in seen


@pytest.mark.parametrize("headers", [{"If-Match": '"a"'}, {"If-None-Match": "*"}, {"If-Unmodified-Since": "x"}])
@pytest.mark.parametrize("name", ["f", "absent"])
def test_a_caller_who_may_only_write_learns_nothing_by_a_precondition(headers: dict[str, str], name: str) -> None:
    app = mounted(lambda action, task_id, name: action != "read")
    path = f"/task/t1/variables/{name}"
    for line, sent in ((f"PUT {path}", {"json": {"value": 1}}), (f"DELETE {path}", {}), (f"POST {path}/data", {})):
        answer = ask(app, line, headers=headers, **sent)
        assert (answer.status_code, "ETag" in answer.headers) == (403, False)


@pytest.mark.parametrize("name", ["f", "absent"])
def test_a_caller_who_may_only_write_learns_nothing_by_a_transient_value(name: str) -> None:
    app = mounted(lambda action, task_id, name: action != "read")
    assert ask(app, f"PUT /task/t1/variables/{name}", json=TRANSIENT).status_code == 403
    assert ask(app, f"POST {ALL}", json={"modifications": {name: TRANSIENT}}).status_code == 403


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (f"POST {F}/data", {"data": FORM, "content_type": "multipart/form-data; boundary=b"}),
        (f"PUT {F}", {"json": {"value": 1}}),
    ],
)
def test_a_permission_lost_while_the_body_is_sent_stops_the_write(line: str, sent: dict[str, Any]) -> None:
    seen: list[str] = []
    answers = iter([True, False])
    assert ask(mounted(lambda *question: next(answers), seen), line, **sent).status_code == 403
    assert "change" not in seen


class ByTask:
    """A hook that decides only by the task."""

    decides_by_task = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, action: str, task_id: str, name: str | None) -> bool:
        self.asked.append((action, name))
        return True


def test_a_hook_that_decides_by_task_is_asked_once() -> None:
    hook = ByTask()
    app = mounted(hook)
    assert json.loads(ask(app, f"GET {ALL}").data).keys() == {"f", "bytes"}
    assert hook.asked == [("read", None)]
    hook.asked.clear()
    body = {"modifications": {"a": {"value": 1}, "b": {"value": 2}}, "deletions": ["f"]}
    assert ask(app, f"POST {ALL}", json=body).status_code == 204
    assert hook.asked == [("write", None), ("write", None), ("delete", None)]


def test_a_precondition_tells_nothing_to_a_refused_reader() -> None:
    for condition in ({"If-None-Match": "*"}, {"If-Match": '"other"'}, {"Range": "bytes=99-"}):
        assert ask(mounted(lambda *question: False), f"GET {F}/data", headers=condition).status_code == 403


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "TRACE", "GET"])
@pytest.mark.parametrize("error", [TaskNotFound("t1"), Forbidden("bob"), WrongTenant("read", "t1")])
@pytest.mark.parametrize("path", [f"{F}/data", ALL, "/openapi.json"])
def test_a_before_request_may_raise_our_errors(method: str, path: str, error: TaskVarsError) -> None:
    blueprint = create_blueprint(WatchedStorage([]), authorize=everybody)

    @blueprint.before_request
    def refuse_all() -> None:
        raise error

    app = Flask("host")
    app.register_blueprint(blueprint)
    answer = ask(app, f"{method} {path}")
    assert (answer.status_code, answer.content_type) in (
        (error.status, "application/json"),
        (405, "text/html; charset=utf-8"),
    )
