"""A server with a task for each test, for clients that were made for the engine."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from flask_taskvars.errors import Forbidden
from flask_taskvars.values import TypedValue, Variable
from tests.conftest import missing
from tests.support.browser import serving
from tests.support.desk import Desk, make_desk

PLACES = {"documented": "/engine-rest", "engine": "/engine-rest/engine/default"}
"""The two profiles, each at one of the two paths that clients use for an engine."""


@dataclass(frozen=True)
class Server:
    """A server for all tests of a module, and the ids of its forbidden tasks."""

    url: str
    profile: str
    desk: Desk
    closed: set[str]
    numbers: Iterator[int]


@dataclass(frozen=True)
class Engine:
    """Our server as a client sees it: a process engine with one task in a process."""

    server: Server
    process: str
    task: str

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return self.server.url

    @property
    def lenient(self) -> bool:
        """Whether it answers 500 to a caller's mistake, as a live engine does."""
        return self.server.profile == "engine"

    def close_task(self) -> None:
        """Forbid everybody to read or write the task's variables from now on."""
        self.server.closed.add(self.task)

    def remove_task(self) -> None:
        """Remove the task with its variables."""
        with self.server.desk.app.app_context():
            self.server.desk.storage.remove_scope(self.task)

    def store(self, values: Mapping[str, TypedValue], *, around: bool = False) -> None:
        """Set variables of the task, or of the process around it."""
        with self.server.desk.app.app_context():
            for name, value in values.items():
                self.server.desk.storage.set(self.process if around else self.task, name, value)

    def stored(self) -> dict[str, Variable]:
        """Return all variables that the task sees, from the storage."""
        with self.server.desk.app.app_context():
            return dict(self.server.desk.storage.get_all(self.task))


@pytest.fixture(scope="module", params=PLACES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite, in each profile."""
    config = {"TASKVARS_URL_PREFIX": "/engine-rest", "TASKVARS_PROFILE": request.param}
    closed: set[str] = set()
    with make_desk(f"sqlite:///{tmp_path_factory.mktemp('clients') / 'taskvars.db'}", **config) as desk:

        @desk.taskvars.authorize
        def may(action: str, task_id: str, name: str | None) -> bool:
            if task_id in closed:
                raise Forbidden("demo")
            return True

        with serving(desk.app) as origin:
            yield Server(origin + PLACES[request.param], request.param, desk, closed, count(1))


@pytest.fixture
def engine(server: Server) -> Engine:
    """A new task in a new process on the server."""
    number = next(server.numbers)
    made = Engine(server, f"process-{number}", f"task-{number}")
    with server.desk.app.app_context():
        server.desk.storage.add_scope(made.process, task=False)
        server.desk.storage.add_scope(made.task, parent=made.process)
    return made


def client_library(name: str) -> Any:
    """Import a client when a test runs. So its module can be collected without it, in runs with the oldest packages."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing(f"{name} can't be imported: {error}")
