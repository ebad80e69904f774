"""Only the caller who began a resumable upload may continue it, however the app names its callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_taskvars import TaskVars, create_blueprint, everybody
from flask_taskvars.callers import Caller
from flask_taskvars.storage.memory import MemoryStorage
from tests.support.tus import Tus, b64

Headers = Mapping[str, str]
USERS = {"Bearer first": "ada", "Bearer renewed": "ada", "Bearer other": "bob"}


def by_token() -> str | None:
    """Return the user of a bearer token."""
    return USERS.get(request.headers.get("Authorization", ""))


def of_server(name: str) -> Headers:
    """Return a header from which `behind_a_server_that_logs_in` sets REMOTE_USER."""
    return {"X-Remote-User": name}


def decorated(storage: MemoryStorage) -> FlaskClient:
    app, taskvars = Flask("decorated"), TaskVars(storage, everybody)
    assert taskvars.caller(by_token) is by_token
    taskvars.init_app(app)
    return app.test_client()


def blueprint(storage: MemoryStorage) -> FlaskClient:
    app = Flask("blueprint")
    app.register_blueprint(create_blueprint(storage, authorize=everybody, caller=by_token))
    return app.test_client()


def plain(storage: MemoryStorage) -> FlaskClient:
    app = Flask("plain")
    TaskVars(storage, everybody).init_app(app)
    return app.test_client()


def behind_a_server_that_logs_in(storage: MemoryStorage) -> FlaskClient:
    client = plain(storage)
    below = client.application.wsgi_app

    def log_in(environ: dict[str, object], start: object) -> object:
        environ["REMOTE_USER"] = environ.get("HTTP_X_REMOTE_USER", "")
        return below(environ, start)  # type: ignore[arg-type]

    client.application.wsgi_app = log_in  # type: ignore[method-assign, assignment]
    return client


def with_flask_login(storage: MemoryStorage) -> FlaskClient:
    from flask_login import LoginManager, UserMixin

    class User(UserMixin):  # type: ignore[misc,unused-ignore]
        def __init__(self, name: str) -> None:
            self.id = name

    client = plain(storage)
    manager = LoginManager(client.application)

    @manager.request_loader  # type: ignore[untyped-decorator,unused-ignore]
    def load(asked: object) -> User | None:
        name = by_token()
        return None if name is None else User(name)

    return client


BEARER = [{"Authorization": "Bearer first"}, {"Authorization": "Bearer renewed"}, {"Authorization": "Bearer other"}]
BASIC = [{"Authorization": f"Basic {b64(text)}"} for text in ("ada:x", "ada:changed", "bob:x")]
SERVER = [of_server("ada"), of_server("ada"), of_server("bob")]


@pytest.mark.parametrize(
    ("mounted", "callers"),
    [
        (decorated, BEARER),
        (blueprint, BEARER),
        (plain, BASIC),
        (behind_a_server_that_logs_in, SERVER),
        pytest.param(with_flask_login, BEARER, marks=pytest.mark.tools),
    ],
)
def test_only_the_caller_who_began_an_upload_continues_it(
    mounted: Callable[[MemoryStorage], FlaskClient], callers: list[Headers]
) -> None:
    storage = MemoryStorage()
    storage.add_scope("t")
    tus = Tus(mounted(storage), "t")
    ada, ada_later, bob = callers
    url = tus.begun(tus.v, 5, ada)
    for other in (bob, {}):
        assert tus.ask("HEAD", url, other).status_code == 404
        assert tus.patch(url, 0, b"abc", other).status_code == 404
    assert tus.patch(url, 0, b"abcde", ada_later).status_code == 204
    unknown = tus.begun("t/variables/w", 5, {})
    assert tus.patch(unknown, 0, b"abcde", bob).status_code == 404
    assert tus.patch(unknown, 0, b"abcde", {}).status_code == 204


async def coroutine() -> str:
    return "ada"


@pytest.mark.parametrize("function", ["ada", coroutine])
def test_only_a_plain_function_can_name_callers(function: Caller) -> None:
    with pytest.raises(TypeError, match=r"can't be called|plain function"):
        TaskVars(MemoryStorage(), everybody).caller(function)


def test_a_name_is_a_text(caplog: pytest.LogCaptureFixture) -> None:
    storage, app = MemoryStorage(), Flask("numbers")
    storage.add_scope("t")
    app.register_blueprint(create_blueprint(storage, authorize=everybody, caller=lambda: 17))  # type: ignore[arg-type, return-value]
    tus = Tus(app.test_client(), "t")
    assert tus.create(tus.v, 5).status_code == 500
    assert "returned an int: it must return a str, or None if it does not know the caller." in caplog.text
