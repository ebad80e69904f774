"""The example app: log-in, users with different rights, pages of other sites, and other host names."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from example_app.access import USERS
from tests.support.demo import adas_desk, authorization


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """Ada's client for a desk with a small recording."""
    with adas_desk(tmp_path, 1000) as client:
        yield client


@pytest.fixture
def stranger(client: FlaskClient) -> FlaskClient:
    """A client without a log-in."""
    return client.application.test_client()


@pytest.mark.parametrize("path", ["/", "/tasks/aTaskId", "/tasks/nope"])
def test_strangers_are_sent_to_the_login(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.location) == (302, "/login")


@pytest.mark.parametrize("task", ["aTaskId", "nope"])
def test_strangers_learn_nothing_of_a_mount(stranger: FlaskClient, task: str) -> None:
    for path in (f"/task/{task}/variables", f"/task/{task}/variables/aVarName/data"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert stranger.get("/", auth=("ada", "nope")).status_code == 302
    assert stranger.get("/", auth=("nobody", "nope")).status_code == 302


@pytest.mark.parametrize("form", [{}, {"user": "ada"}, {"user": "ada", "password": "ben"}, {"user": "x"}])
def test_a_wrong_password(stranger: FlaskClient, form: dict[str, str]) -> None:
    answer = stranger.post("/login", data=form)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text


def test_logging_in_and_out(stranger: FlaskClient) -> None:
    answer = stranger.post("/login", data={"user": "ben", "password": "ben"})
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Assess the damage" in stranger.get("/").text
    assert stranger.get("/tasks/aTaskId").status_code == 403
    assert stranger.post("/logout").location == "/login"
    assert stranger.get("/").status_code == 302
    assert all(f"<code>{user.password}</code>" in stranger.get("/login").text for user in USERS.values())


def test_users_may_do_everything_only_in_their_own_tasks(client: FlaskClient) -> None:
    url, ben = "/task/aTaskId/variables/aVarName", {"Authorization": authorization("ben")}
    for method in ("GET", "PUT", "DELETE"):
        refusal = client.open(url, method=method, json={"value": 1}, headers=ben)
        assert (refusal.status_code, refusal.json and refusal.json["userId"]) == (403, "ben")
    assert client.post(f"{url}/data", data={"data": (BytesIO(b"new"), "new.txt")}).status_code == 204
    assert client.get(f"{url}/data").data == b"new"
    assert client.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 204),
        ({"Origin": "http://localhost"}, 204),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_other_sites_are_refused(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.delete("/task/aTaskId/variables/nope", headers=headers).status_code == status
    assert client.get("/task/aTaskId/variables", headers=headers).status_code == 200
    if status == 403:
        assert client.post("/logout", headers=headers).mimetype == "text/html"


@pytest.mark.parametrize("origin", ["http://[", "http://]:80", "http://a:b", "//", "null", "\xff", ""])
def test_a_malformed_origin_is_refused(client: FlaskClient, origin: str) -> None:
    for path in ("/logout", "/login", "/task/aTaskId/variables/nope/data"):
        assert client.post(path, headers={"Origin": origin}).status_code == 403


def test_other_host_names_are_refused(client: FlaskClient) -> None:
    """The owner of evil.example may let this name resolve to 127.0.0.1 (DNS rebinding)."""
    for path in ("/", "/login", "/task/aTaskId/variables"):
        assert client.get(path, headers={"Host": "evil.example:5000"}).status_code == 400
        assert client.get(path, headers={"Host": "127.0.0.1:5000"}).status_code == 200


@pytest.mark.parametrize(("asked", "lands"), [("/tasks/aTaskId", "/tasks/aTaskId"), ("/", "/"), (None, "/")])
def test_logging_in_leads_to_the_page_that_was_asked_for(stranger: FlaskClient, asked: str | None, lands: str) -> None:
    if asked:
        assert stranger.get(asked).location == "/login"
    for given, location in ((("ada", "wrong"), None), (("ada", "ada"), lands)):
        answer = stranger.post("/login?wanted=//evil.example", data=dict(zip(("user", "password"), given, strict=True)))
        assert answer.location == location


def test_logging_in_never_leads_to_what_a_script_asked_for(stranger: FlaskClient) -> None:
    """The page of another tab may ask for itself after its login has ended, while the user logs in in this one."""
    stranger.get("/", headers={"Sec-Fetch-Dest": "document"})
    stranger.get("/tasks/aTaskId", headers={"Sec-Fetch-Dest": "empty"})
    assert stranger.post("/login", data={"user": "ada", "password": "ada"}).location == "/"


def test_pages_may_load_from_the_desk_only(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    stricter = client.get("/task/aTaskId/variables/aVarName/data").headers
    assert stricter["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'self'"
