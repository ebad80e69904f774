"""A programmer's mistakes with the extension: each is an error at start-up that names its cause and its fix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any, Unpack

import pytest
from flask import Flask, abort
from sqlalchemy import create_engine
from werkzeug.exceptions import Forbidden

from flask_taskvars import TaskVars, create_blueprint, everybody
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import ConfigError, TaskNotFound
from flask_taskvars.gates import TaskQuota
from flask_taskvars.gates.media import MediaTypes
from flask_taskvars.settings import GivenSettings
from flask_taskvars.storage.base import StorageAdapter
from flask_taskvars.storage.camunda import CamundaStorage
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import Variable


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that passes on all arguments."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*arguments)

    return call


class OwnAdapter(StorageAdapter):
    """A host's own adapter: only the host knows where its bytes lie."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        raise TaskNotFound(task_id)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        raise TaskNotFound(task_id)

    def update(self, task_id: str, **others: object) -> None:
        raise TaskNotFound(task_id)


TAKERS: dict[str, tuple[Callable[[Any], object], str]] = {
    "authorize": (TaskVars(MemoryStorage()).authorize, r"\(action, task_id, name\) -> bool"),
    "accept": (TaskVars(MemoryStorage()).accept, r"\(task_id, name, value\) -> None"),
    "caller": (TaskVars(MemoryStorage()).caller, r"\(\) -> str \| None"),
}


@pytest.mark.parametrize("taker", TAKERS)
def test_a_function_with_other_parameters(taker: str) -> None:
    take, takes = TAKERS[taker]
    wrong: list[Any] = [lambda one: True, lambda one, two, *, three: True]
    for one in wrong:
        with pytest.raises(TypeError, match=f"has other parameters .*: {taker} takes a function {takes}"):
            take(one)
    with pytest.raises(TypeError, match=f"is a class: give an object, such as TaskQuota.*{taker} takes a function"):
        take(TaskQuota)
    with pytest.raises(TypeError, match=f"1 can't be called: {taker} takes a function {takes}"):
        take(1)


def test_functions_that_fit() -> None:
    taskvars = TaskVars(MemoryStorage())
    for hook in (everybody, decorated(everybody), lambda *names: True, partial(lambda extra, *names: True, 1)):
        taskvars.authorize(hook)
    taskvars.accept(TaskQuota(9))
    taskvars.accept(print)


MADE: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: create_blueprint(MemoryStorage()), ConfigError, "Nobody says who may read and write the variables"),
    (
        lambda: MediaTypes(["a/b"]),  # type: ignore[arg-type]
        TypeError,
        r"\['a/b'\] is a list: give each type by itself",
    ),
]


@pytest.mark.parametrize(("make", "error", "told"), MADE)
def test_impossible_arguments_are_refused(make: Callable[[], object], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        make()


def mounted(storage: StorageAdapter, **settings: Unpack[GivenSettings]) -> None:
    TaskVars(storage, everybody, **settings).init_app(Flask("host"))


@pytest.mark.parametrize("kind", ["memory", "in the database", "an engine's"])
def test_offload_of_contents_that_no_other_server_can_read(kind: str) -> None:
    if kind == "an engine's":
        engine = create_engine("postgresql+psycopg://nowhere/")
        storage: StorageAdapter = CamundaStorage(engine)
    else:
        engine = create_engine("sqlite://")
        storage = MemoryStorage() if kind == "memory" else SQLAlchemyStorage(engine, contents={"old": None})
    told = (
        f"TASKVARS_OFFLOAD='x-accel' has no effect: .* of this {type(storage).__name__}.* Leave it empty, or give a SQL"
    )
    with pytest.raises(ConfigError, match=told):
        mounted(storage, offload="x-accel")
    mounted(storage, offload="")
    engine.dispose()


def test_an_offload_of_a_directory(tmp_path: Path) -> None:
    engine, store, url = create_engine("sqlite://"), DirectoryContents(tmp_path / "a"), f"file://{tmp_path / 'b'}"
    mounted(SQLAlchemyStorage(engine, contents={"new": None, "old": store}), offload="x-accel")
    mounted(SQLAlchemyStorage(engine), offload="x-accel", contents=url)
    mounted(OwnAdapter(), offload="x-accel")
    engine.dispose()


class NotOnDuty(Forbidden):
    """The host's own error class."""

    description = "You are not on duty."


def off_duty() -> None:
    raise NotOnDuty


REASONS: list[tuple[Callable[[], object], int, str]] = [
    (lambda: abort(400), 400, "HTTP 400 Bad Request"),
    (lambda: abort(400, "The header X-Desk is missing."), 400, "HTTP 400 Bad Request: The header X-Desk is missing."),
    (lambda: abort(403, "x" * 9999), 403, "HTTP 403 Forbidden: " + "x" * 979 + "…"),
    (off_duty, 403, "HTTP 403 Forbidden: You are not on duty."),
]


@pytest.mark.parametrize(("refuse", "status", "message"), REASONS)
def test_the_hosts_reason_reaches_the_caller(refuse: Callable[[], object], status: int, message: str) -> None:
    storage, app = MemoryStorage(), Flask("host")
    storage.add_scope("t")
    app.config["TASKVARS_MAX_MESSAGE_LENGTH"] = 1000
    TaskVars(storage, lambda *names: bool(refuse())).init_app(app)
    answer = app.test_client().get("/task/t/variables")
    assert answer.status_code == status
    assert answer.get_json()["message"] == message


def test_a_move_without_stores(tmp_path: Path) -> None:
    storage, app = SQLAlchemyStorage(create_engine(f"sqlite:///{tmp_path / 'db'}")), Flask("host")
    TaskVars(storage, everybody).init_app(app)
    told = app.test_cli_runner().invoke(args=["taskvars", "move", "--to", "files"]).output
    assert told == "Error: There is no content store 'files': there are none. Name it in TASKVARS_CONTENTS.\n"
