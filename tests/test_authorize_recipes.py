"""The recipes of docs/authorization.md, run as they stand there, with the real packages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from flask_taskvars import Forbidden, MissingAuthorization, TaskVars
from flask_taskvars.storage.memory import MemoryStorage
from tests.pages import ROOT, blocks, loaded, section

pytestmark = pytest.mark.tools

PAGE = ROOT / "docs" / "authorization.md"
HEADINGS = ("## Flask-Login", "## Flask-HTTPAuth", "## Flask-JWT-Extended")
NOTE = "/task/task-1/variables/note/data"
UNKNOWN = "/task/nope/variables/note/data"
PASSWORDS = {"anna": "secret", "ben": "hidden"}


@pytest.fixture(params=HEADINGS)
def recipe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    """Each recipe's program in turn."""
    [program] = blocks(section(PAGE, str(request.param)), "python")
    with loaded(program, tmp_path) as module:
        yield module


def client(recipe: ModuleType, user: str) -> FlaskClient:
    """A client that has shown who it is, in the recipe's own way."""
    made: FlaskClient = recipe.app.test_client()
    if hasattr(recipe, "login"):
        assert made.post("/login", data={"user": user, "password": PASSWORDS[user]}).status_code == 200
    elif hasattr(recipe, "auth"):
        credentials = b64encode(f"{user}:{PASSWORDS[user]}".encode()).decode()
        made.environ_base["HTTP_AUTHORIZATION"] = f"Basic {credentials}"
    else:
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {getattr(recipe, user.upper())}"
    return made


@pytest.mark.parametrize("path", [NOTE, UNKNOWN])
def test_a_stranger_learns_nothing(recipe: ModuleType, path: str) -> None:
    answer = recipe.app.test_client().get(path)
    assert answer.status_code == 401
    assert answer.content_type == "application/json"
    assert answer.json is not None
    assert answer.json["type"] == "NotAuthorizedException"
    assert ("WWW-Authenticate" in answer.headers) is not hasattr(recipe, "login")


def test_the_owner_reads(recipe: ModuleType) -> None:
    answer = client(recipe, "anna").get(NOTE)
    assert (answer.status_code, answer.data) == (200, b"for anna")


def test_another_user_is_refused_by_name(recipe: ModuleType) -> None:
    answer = client(recipe, "ben").get(NOTE)
    assert answer.status_code == 403
    assert answer.json == {
        "type": "AuthorizationException",
        "message": "The user with id 'ben' does not have 'READ' permission on resource 'task-1' of type 'Task'.",
        "code": 0,
        "userId": "ben",
        "resourceName": "Task",
        "resourceId": "task-1",
        "permissionName": "READ",
        "missingAuthorizations": [{"permissionName": "READ", "resourceName": "Task", "resourceId": "task-1"}],
    }


def test_an_unknown_task_is_a_404_for_those_who_are_known(recipe: ModuleType) -> None:
    assert client(recipe, "ben").get(UNKNOWN).status_code == 404


@pytest.mark.parametrize("header", ["Basic YW5uYTp3cm9uZw==", "Bearer nonsense"])
def test_wrong_credentials_are_a_401(recipe: ModuleType, header: str) -> None:
    assert recipe.app.test_client().get(NOTE, headers={"Authorization": header}).status_code == 401


def test_flask_login_answers_401_beside_a_login_page(tmp_path: Path) -> None:
    [program] = blocks(section(PAGE, HEADINGS[0]), "python")
    with loaded(program, tmp_path) as recipe:
        recipe.login_manager.login_view = "login"
        assert recipe.app.test_client().get(NOTE).status_code == 302
        recipe.login_manager.blueprint_login_views["taskvars"] = None
        assert recipe.app.test_client().get(NOTE).status_code == 401


def test_the_idea(tmp_path: Path) -> None:
    program = blocks(PAGE.read_text(), "python")[0]
    with loaded(program, tmp_path) as idea:
        client = idea.app.test_client()
        assert client.get("/task/task-1/variables/note/data").data == b"for everybody"
        refusal = client.get("/task/task-1/variables/salary/data")
        assert (refusal.status_code, refusal.json["userId"]) == (403, "anna")


def answer_no(action: str, task_id: str, name: str | None) -> bool:
    return False


def name_own_permissions(action: str, task_id: str, name: str | None) -> bool:
    raise Forbidden("ben", missing=[MissingAuthorization("OPEN", "Folder", "7")])


def ask_for_a_login(action: str, task_id: str, name: str | None) -> bool:
    abort(401)


@pytest.mark.parametrize(
    ("hook", "status", "kind", "user", "resource"),
    [
        (answer_no, 403, "AuthorizationException", None, "task-1"),
        (name_own_permissions, 403, "AuthorizationException", "ben", "7"),
        (ask_for_a_login, 401, "NotAuthorizedException", None, None),
    ],
)
def test_what_the_function_may_do(
    hook: Callable[[str, str, str | None], bool], status: int, kind: str, user: str | None, resource: str | None
) -> None:
    storage = MemoryStorage()
    storage.add_scope("task-1")
    app = Flask("hooked")
    TaskVars(storage, authorize=hook).init_app(app)
    answer = app.test_client().get(NOTE)
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    assert answer.json is not None
    assert (answer.json["type"], answer.json.get("userId"), answer.json.get("resourceId")) == (kind, user, resource)
