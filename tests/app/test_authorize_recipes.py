"""The recipes of docs/authorization.md, run unchanged and with the real packages."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from json import dumps
from pathlib import Path
from types import ModuleType

import pytest
import werkzeug.security
from flask import Flask, abort
from flask.testing import FlaskClient

from flask_taskvars import Forbidden, MissingAuthorization, TaskVars
from flask_taskvars.storage.memory import MemoryStorage
from tests.support.pages import ROOT, blocks, loaded, section

pytestmark = pytest.mark.tools

PAGE = ROOT / "docs" / "authorization.md"
HEADINGS = ("## Flask-Login", "## Flask-HTTPAuth", "## Flask-JWT-Extended")
NOTE = "/task/task-1/variables/note/data"
UNKNOWN = "/task/nope/variables/note/data"
PASSWORDS = {"anna": "secret", "ben": "hidden"}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly. The recipes' own hashes are slow on purpose, and would take most of the time."""
    quick = partial(werkzeug.security.generate_password_hash, method="pbkdf2:sha256:1")
    monkeypatch.setattr(werkzeug.security, "generate_password_hash", quick)


@pytest.fixture(params=HEADINGS)
def recipe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    """Each recipe's program in turn."""
    [program] = blocks(section(PAGE, str(request.param)), "python")
    with loaded(program, tmp_path) as module:
        yield module


def client(recipe: ModuleType, user: str) -> FlaskClient:
    """Return a client that has logged in, in the recipe's own way."""
    made: FlaskClient = recipe.app.test_client()
    if hasattr(recipe, "login"):
        assert made.post("/login", data={"user": user, "password": PASSWORDS[user]}).status_code == 200
    elif hasattr(recipe, "auth"):
        made.environ_base["HTTP_AUTHORIZATION"] = basic(user, PASSWORDS[user])
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


SCRIPT = "<script>alert(1)</script>"
GUESSES = [
    ("anna", "wrong"),
    ("anna", ""),
    ("anna", SCRIPT),
    ("nobody", ""),
    ("nobody", "secret"),
    ("", ""),
    (SCRIPT, ""),
]
"""A wrong password, none, another user's; users that don't exist; markup."""


def basic(user: str, password: str) -> str:
    """Return the header Authorization for these credentials."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def part(value: object) -> str:
    """Encode a part of a JSON Web Token."""
    return urlsafe_b64encode(dumps(value).encode()).decode().rstrip("=")


UNSIGNED = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part({'sub': 'anna', 'may': {'task-1': ['read']}})}."


@pytest.mark.parametrize("header", [*(basic(*guess) for guess in GUESSES), "Bearer nonsense", f"Bearer {UNSIGNED}"])
def test_wrong_credentials_are_a_401(recipe: ModuleType, header: str) -> None:
    answer = recipe.app.test_client().get(NOTE, headers={"Authorization": header})
    assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert SCRIPT not in answer.text


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[ModuleType]:
    """The recipe that has a log-in form."""
    [program] = blocks(section(PAGE, HEADINGS[0]), "python")
    with loaded(program, tmp_path) as module:
        yield module


@pytest.mark.parametrize("guess", GUESSES)
def test_a_wrong_guess_logs_nobody_in(pages: ModuleType, guess: tuple[str, str]) -> None:
    visitor = pages.app.test_client()
    answer = visitor.post("/login", data=dict(zip(("user", "password"), guess, strict=True)))
    assert answer.status_code == 401
    assert SCRIPT not in answer.text
    assert visitor.get(NOTE).status_code == 401


def test_a_name_with_markup_is_never_html(pages: ModuleType) -> None:
    pages.HASHES[SCRIPT] = pages.HASHES["anna"]
    answer = pages.app.test_client().post("/login", data={"user": SCRIPT, "password": "secret"})
    assert (answer.status_code, answer.content_type) == (200, "application/json")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:8080", "http://localhost.evil.example"]
)
def test_another_site_logs_nobody_in(pages: ModuleType, origin: str) -> None:
    visitor = pages.app.test_client()
    form = {"user": "anna", "password": PASSWORDS["anna"]}
    assert visitor.post("/login", data=form, headers={"Origin": origin}).status_code == 403
    assert visitor.get(NOTE).status_code == 401
    assert visitor.post("/login", data=form, headers={"Origin": "http://localhost"}).status_code == 200


def test_an_expired_token_is_a_401(tmp_path: Path) -> None:
    [program] = blocks(section(PAGE, HEADINGS[2]), "python")
    with loaded(program, tmp_path) as tokens:
        tokens.app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(seconds=-1)
        with tokens.app.app_context():
            expired = tokens.token("anna", **{"task-1": ["read"]})
        answer = tokens.app.test_client().get(NOTE, headers={"Authorization": f"Bearer {expired}"})
        assert (answer.status_code, answer.json["type"]) == (401, "NotAuthorizedException")


def test_a_token_that_allows_nothing_is_refused(tmp_path: Path) -> None:
    [program] = blocks(section(PAGE, HEADINGS[2]), "python")
    with loaded(program, tmp_path) as tokens:
        with tokens.app.app_context():
            bare = tokens.create_access_token("anna")
        assert tokens.app.test_client().get(NOTE, headers={"Authorization": f"Bearer {bare}"}).status_code == 403


FORM = {"data": "bytes", "valueType": "Bytes"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_writes_nothing(recipe: ModuleType, origin: str) -> None:
    owner = client(recipe, "anna")
    answer = owner.post(NOTE, data=FORM, content_type="multipart/form-data", headers={"Origin": origin})
    assert answer.status_code == 403
    assert owner.get(NOTE).data == b"for anna"
    assert owner.post(NOTE, data=FORM, content_type="multipart/form-data").status_code == 204, "a program"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PUT", "DELETE"])
def test_no_method_tells_a_stranger_which_tasks_exist(recipe: ModuleType, method: str) -> None:
    stranger = recipe.app.test_client()
    known, unknown = stranger.open(NOTE, method=method), stranger.open(UNKNOWN, method=method)
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    assert method == "OPTIONS" or known.status_code == 401


def test_flask_login_answers_401_beside_a_login_page(pages: ModuleType) -> None:
    pages.login_manager.login_view = "login"
    assert pages.app.test_client().get(NOTE).status_code == 302
    pages.login_manager.blueprint_login_views["taskvars"] = None
    assert pages.app.test_client().get(NOTE).status_code == 401


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
