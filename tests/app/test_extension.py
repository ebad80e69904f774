"""Mounting: each way to add the routes to an app, and the mistakes in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from flask import Blueprint, Flask, url_for
from flask_sqlalchemy import SQLAlchemy
from werkzeug.routing import BaseConverter

from flask_taskvars import Bytes, TaskVars, create_blueprint, everybody
from flask_taskvars.errors import ConfigError
from flask_taskvars.settings import GivenSettings, Settings
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage

DATA = "/task/t1/variables/v/data"


def storage_with(data: bytes) -> MemoryStorage:
    """Make a storage whose task `t1` has the data in its variable `v`."""
    storage = MemoryStorage()
    storage.add_scope("t1")
    storage.set("t1", "v", Bytes(data))
    return storage


@pytest.fixture
def storage() -> MemoryStorage:
    return storage_with(b"data")


@pytest.fixture
def app() -> Flask:
    return Flask("host")


def fetch(app: Flask, path: str = DATA, **arguments: Any) -> bytes | int:
    """Return the bytes of a 200, or any other status."""
    response = app.test_client().get(path, **arguments)
    return response.data if response.status_code == 200 else response.status_code


def test_three_lines(app: Flask, storage: MemoryStorage) -> None:
    TaskVars(storage, everybody).init_app(app)
    assert fetch(app) == b"data"


def test_a_factory() -> None:
    taskvars = TaskVars(authorize=everybody)

    def create_app(data: bytes) -> Flask:
        app = Flask("host")
        taskvars.init_app(app, storage=storage_with(data))
        return app

    first, second = create_app(b"1"), create_app(b"2")
    assert (fetch(first), fetch(second)) == (b"1", b"2")


def test_the_storage_of_init_app_wins(app: Flask, storage: MemoryStorage) -> None:
    TaskVars(storage, everybody).init_app(app, storage_with(b"other"))
    assert fetch(app) == b"other"


def test_a_storage_that_is_false_is_still_used(app: Flask) -> None:
    class Counted(MemoryStorage):
        def __len__(self) -> int:
            return 0

    TaskVars(Counted(), everybody).init_app(app)
    assert fetch(app) == 404


def test_one_object_on_two_apps_with_two_databases(tmp_path: Path) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    taskvars = TaskVars(storage, everybody)
    apps = []
    for name in ("first", "second"):
        app = Flask(name)
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / name}.db"
        db.init_app(app)
        taskvars.init_app(app)
        with app.app_context():
            db.create_all()
            storage.add_scope("t1")
            storage.set("t1", "v", name.encode())
        apps.append(app)
    try:
        assert [fetch(app) for app in apps] == [b"first", b"second"]
    finally:
        for app in apps:
            with app.app_context():
                db.engine.dispose()


def test_the_config_is_that_of_each_app(storage: MemoryStorage) -> None:
    taskvars, apps = TaskVars(storage, everybody), (Flask("documented"), Flask("engine"))
    for app in apps:
        app.config["TASKVARS_PROFILE"] = app.name
        taskvars.init_app(app)
    assert [fetch(app, "/task/unknown/variables/v/data") for app in apps] == [404, 500]


def test_two_mounts_in_one_app(app: Flask) -> None:
    TaskVars(storage_with(b"1"), everybody).init_app(app)
    TaskVars(storage_with(b"2"), everybody, name="other", url_prefix="/other", profile="engine").init_app(app)
    app.register_blueprint(create_blueprint(storage_with(b"3"), authorize=everybody, name="third"), url_prefix="/third")
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(create_blueprint(storage_with(b"4"), authorize=everybody))
    app.register_blueprint(outer)
    assert [fetch(app, prefix + DATA) for prefix in ("", "/other", "/third", "/outer")] == [b"1", b"2", b"3", b"4"]
    assert list(app.extensions["taskvars"].mounts) == ["taskvars", "other", "third", "outer.taskvars"]
    unknown = "/task/unknown/variables/v/data"
    assert [fetch(app, prefix + unknown) for prefix in ("", "/other", "/third")] == [404, 500, 404]


def test_one_blueprint_under_two_names(app: Flask, storage: MemoryStorage) -> None:
    blueprint = create_blueprint(storage, authorize=everybody)
    app.register_blueprint(blueprint, url_prefix="/a")
    app.register_blueprint(blueprint, url_prefix="/b", name="b")
    assert [fetch(app, prefix + DATA) for prefix in ("/a", "/b")] == [b"data", b"data"]


def test_urls_can_be_built(app: Flask, storage: MemoryStorage) -> None:
    TaskVars(storage, everybody, url_prefix="/engine-rest").init_app(app)
    with app.test_request_context():
        url = url_for("taskvars.variable_data", task_id="t 1", scope="variables", name="ä/b?c")
    assert url == "/engine-rest/task/t%201/variables/%C3%A4/b%3Fc/data"


def test_the_hosts_routes_converters_and_handlers_stay(app: Flask, storage: MemoryStorage) -> None:
    class Hex(BaseConverter):
        regex = "[0-9a-f]+"

    app.url_map.converters["hex"] = Hex

    @app.get("/<hex:number>")
    def number(number: str) -> str:
        return f"number {number}"

    @app.get("/task/<int:number>")
    def task(number: int) -> str:
        return f"task {number}"

    converters, handlers = dict(app.url_map.converters), {**app.error_handler_spec[None]}
    settings = {name: getattr(app.url_map, name) for name in ("strict_slashes", "merge_slashes", "redirect_defaults")}
    TaskVars(storage, everybody).init_app(app)
    assert converters.items() <= app.url_map.converters.items()
    assert app.error_handler_spec[None] == handlers
    assert {name: getattr(app.url_map, name) for name in settings} == settings
    assert (fetch(app, "/beef"), fetch(app, "/task/5"), fetch(app)) == (b"number beef", b"task 5", b"data")


MISTAKES: list[tuple[Callable[[], TaskVars | Blueprint], type[Exception], str]] = [
    (lambda: TaskVars(), RuntimeError, r"no storage: give one to TaskVars\(storage\) or init_app\(app, storage=…\)"),
    (lambda: TaskVars(Flask("x")), TypeError, r"<Flask 'x'> is not a storage: .* pass an app to init_app\(app\)"),  # type: ignore[arg-type]
    (lambda: TaskVars(MemoryStorage), TypeError, r"is not a storage: give a StorageAdapter, such as"),  # type: ignore[arg-type]
    (lambda: create_blueprint("db", authorize=everybody), TypeError, r"'db' is not a storage"),  # type: ignore[arg-type]
    (lambda: TaskVars(MemoryStorage(), url_prefx="/x"), ConfigError, r"did you mean url_prefix\?"),  # type: ignore[call-arg]
    (lambda: TaskVars(MemoryStorage(), everybody, profile="x"), ConfigError, r"give one of documented, engine"),  # type: ignore[arg-type]
    (lambda: TaskVars(MemoryStorage()), ConfigError, r"(?s)Nobody says who may .* @taskvars.authorize .*everybody"),
    (lambda: create_blueprint(MemoryStorage(), authorize=None), ConfigError, r"Nobody says who may"),
    (lambda: create_blueprint(MemoryStorage(), authorize=True), TypeError, r"True can't be called"),  # type: ignore[arg-type]
    (
        lambda: create_blueprint(MemoryStorage(), authorize=everybody, accept=[everybody, 1]),  # type: ignore[list-item]
        TypeError,
        r"1 can't be called: accept takes a function",
    ),
    (lambda: TaskVars(MemoryStorage(), everybody, name="a.b"), ValueError, r"may not contain a dot"),
]


@pytest.mark.parametrize(("make", "error", "message"), MISTAKES)
def test_mistakes_are_errors_that_name_the_fix(
    app: Flask, make: Callable[[], TaskVars | Blueprint], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        mount(app, make())


def mount(app: Flask, made: TaskVars | Blueprint) -> None:
    if isinstance(made, TaskVars):
        made.init_app(app)
    else:
        app.register_blueprint(made)


def test_a_second_registration_is_refused(app: Flask, storage: MemoryStorage) -> None:
    taskvars = TaskVars(storage, everybody)
    taskvars.init_app(app)
    with pytest.raises(RuntimeError, match=r"has a mount named 'taskvars' already: call init_app once for each app"):
        taskvars.init_app(app)
    with pytest.raises(RuntimeError, match=r"TaskVars\(storage, name=…, url_prefix=…\)"):
        TaskVars(MemoryStorage(), everybody).init_app(app)
    assert fetch(app) == b"data"


def test_settings_have_the_types_of_their_fields() -> None:
    hints = get_type_hints(Settings)
    assert get_type_hints(GivenSettings) == hints
