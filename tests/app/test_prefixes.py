"""The prefix of a mount, from settings, registrations and outer blueprints; and prefixes that collide."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask, request

from flask_taskvars import TaskVars, create_blueprint, everybody
from flask_taskvars.errors import ConfigError
from flask_taskvars.storage.memory import MemoryStorage
from tests.app.test_extension import DATA, fetch, storage_with


@pytest.fixture
def storage() -> MemoryStorage:
    return storage_with(b"data")


@pytest.fixture
def app() -> Flask:
    return Flask("host")


PREFIXES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    # app.config, arguments, the prefix
    ({}, {}, ""),
    ({"TASKVARS_URL_PREFIX": "/engine-rest"}, {}, "/engine-rest"),
    ({}, {"url_prefix": "/engine-rest"}, "/engine-rest"),
    ({"TASKVARS_URL_PREFIX": "/config"}, {"url_prefix": "/code"}, "/code"),
    ({"TASKVARS_URL_PREFIX": "/config"}, {"url_prefix": ""}, ""),
]


@pytest.mark.parametrize(("config", "arguments", "prefix"), PREFIXES)
@pytest.mark.parametrize("way", ["TaskVars", "init_app", "create_blueprint"])
def test_prefixes(
    app: Flask, storage: MemoryStorage, way: str, config: dict[str, Any], arguments: dict[str, Any], prefix: str
) -> None:
    app.config.update(config)
    match way:
        case "TaskVars":
            TaskVars(storage, everybody, **arguments).init_app(app)
        case "init_app":
            TaskVars(storage, everybody).init_app(app, **arguments)
        case _:
            app.register_blueprint(create_blueprint(storage, authorize=everybody, **arguments))
    assert fetch(app, f"{prefix}{DATA}") == b"data"
    assert app.extensions["taskvars"].mounts["taskvars"].url_prefix == prefix


# The url_prefix of create_blueprint, of the registration and of the outer blueprint; and the resulting prefix.
REGISTERED: list[tuple[str | None, str | None, str | None, str]] = [
    (None, "/rest", None, "/rest"),
    (None, "/rest/", None, "/rest"),
    (None, "/", None, ""),
    ("/own", "/rest", None, "/rest"),
    (None, None, "/api", "/api"),
    (None, "/rest", "/api", "/api/rest"),
    ("/own", None, "/api", "/api/own"),
    ("/own", "/rest", "/api/", "/api/rest"),
]


@pytest.mark.parametrize(("own", "given", "around", "prefix"), REGISTERED)
def test_registered_blueprints(
    app: Flask, storage: MemoryStorage, own: str | None, given: str | None, around: str | None, prefix: str
) -> None:
    settings: dict[str, Any] = {} if own is None else {"url_prefix": own}
    blueprint = create_blueprint(storage, authorize=everybody, **settings)
    options: dict[str, Any] = {} if given is None else {"url_prefix": given}
    if around is None:
        app.register_blueprint(blueprint, **options)
    else:
        outer = Blueprint("outer", __name__, url_prefix=around)
        outer.register_blueprint(blueprint, **options)
        app.register_blueprint(outer)
    assert fetch(app, f"{prefix}{DATA}") == b"data"
    missing = app.test_client().get(f"{prefix}/task/t1/nothing/here")
    assert (missing.status_code, missing.content_type) == (404, "application/json")
    assert [mount.url_prefix for mount in app.extensions["taskvars"].mounts.values()] == [prefix]


@pytest.mark.parametrize(("config", "name"), [({}, "default"), ({"TASKVARS_ENGINE_NAME": "claims"}, "claims")])
def test_the_engines_name_in_the_path(app: Flask, storage: MemoryStorage, config: dict[str, str], name: str) -> None:
    app.config.update(config, TASKVARS_URL_PREFIX="/engine-rest")
    TaskVars(storage, everybody).init_app(app)
    assert fetch(app, f"/engine-rest/engine/{name}{DATA}") == b"data"
    assert fetch(app, f"/engine-rest{DATA}") == b"data"
    assert fetch(app, f"/engine-rest/engine/another{DATA}") == 404


@pytest.mark.parametrize("other", [{}, {"url_prefix": ""}, {"url_prefix": "/"}])
def test_one_prefix_has_one_mount(app: Flask, storage: MemoryStorage, other: dict[str, Any]) -> None:
    TaskVars(storage, everybody).init_app(app)
    with pytest.raises(ConfigError, match=r"'other' and 'taskvars' would answer the same URLs: .* another url_prefix="):
        app.register_blueprint(create_blueprint(MemoryStorage(), authorize=everybody, name="other"), **other)
    assert list(app.extensions["taskvars"].mounts) == ["taskvars"]


# The prefixes of two mounts, and the engine's name of the second.
OVERLAPS = [("", "/engine/default", "default"), ("/engine/default", "", "default"), ("/a", "/a/engine/x", "y")]


@pytest.mark.parametrize(("first", "second", "engine_name"), OVERLAPS)
def test_mounts_that_answer_the_same_urls_are_refused(app: Flask, first: str, second: str, engine_name: str) -> None:
    TaskVars(MemoryStorage(), everybody, url_prefix=first, engine_name="x" if first == "/a" else "default").init_app(
        app
    )
    other = TaskVars(MemoryStorage(), everybody, name="other", url_prefix=second, engine_name=engine_name)
    with pytest.raises(ConfigError, match="would answer the same URLs"):
        other.init_app(app)


@pytest.mark.parametrize("way", ["setting", "registration"])
def test_a_prefix_may_have_a_placeholder_of_the_hosts(app: Flask, storage: MemoryStorage, way: str) -> None:
    seen: list[object] = []

    def may(action: str, task_id: str, name: str | None) -> bool:
        seen.append(request.view_args and request.view_args["tenant"])
        return True

    if way == "setting":
        TaskVars(storage, may, url_prefix="/<tenant>/rest").init_app(app)
    else:
        app.register_blueprint(create_blueprint(storage, authorize=may), url_prefix="/<tenant>/rest")
    assert fetch(app, f"/north/rest{DATA}") == b"data"
    assert seen == ["north"]
    missing = app.test_client().get("/north/rest/task/t1/nothing/here")
    assert (missing.status_code, missing.content_type) == (404, "application/json")
    assert b'"url": "/north/rest"' in app.test_client().get("/north/rest/openapi.json").data
    assert app.test_client().get("/task/elsewhere").content_type.startswith("text/html")
