"""Requests that schemathesis generates from our openapi.json. Every answer is as described there, and none is a 5xx."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from flask_taskvars import Bytes, File
from tests.contract.test_openapi import OPERATIONS
from tests.support.desk import Desk, make_desk

pytestmark = [pytest.mark.slow, pytest.mark.tools]

CONFIG = Path(__file__).with_name("schemathesis.toml")
PREFIX = "/engine-rest"
SEED = int(os.environ.get("TASKVARS_TEST_SEED", "1"))
SETTINGS = hypothesis.settings(
    max_examples=60,
    stateful_step_count=10,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


class QuietHandler(WSGIRequestHandler):
    """A handler that keeps connections open and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serve the app on a free port, and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def furnish(desk: Desk) -> None:
    """Replace all scopes by two tasks, one of them in another scope, with variables of most types."""
    for scope in ("claim-17", "task-2"):
        desk.storage.remove_scope(scope)
    desk.storage.add_scope("claim-17")
    desk.storage.add_scope("task-1", parent="claim-17")
    desk.storage.add_scope("task-2")
    desk.storage.set("claim-17", "contract", File(b"%PDF" * 250, filename="c.pdf", mimetype="application/pdf"))
    for task in ("task-1", "task-2"):
        desk.storage.set(task, "raw", b"\0\1\2\3" * 25)
        desk.storage.set(task, "count", 42)
        desk.storage.set(task, "text", "text")
        desk.storage.set(task, "a/b c", Bytes(None))
        desk.storage.set(task, "ü", File(b"Stra\xdfe", filename="ü.txt", mimetype="text/plain", encoding="ISO-8859-1"))


def hurry(desk: Desk) -> None:
    """Keep SQLite from waiting for the disk."""
    if desk.db is not None:
        desk.db.engine.dispose()
        sa.event.listen(desk.db.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))


@dataclass
class Described:
    """A host app that listens at a URL. It records its answers."""

    desk: Desk
    url: str = ""
    each_anew: bool = False
    answered: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def note(self, response: Response) -> Response:
        """Record the answer to each path and method. Undo the change if each request shall meet the same world."""
        arguments = {
            "task_id": "{id}",
            "name": "{varName}",
            "upload_id": "{uploadId}",
            "scope": (request.view_args or {}).get("scope"),
        }
        if request.url_rule and (built := request.url_rule.build(arguments, append_unknown=False)):
            self.answered[unquote(built[1]).removeprefix(PREFIX), request.method.lower()].add(response.status_code)
        if self.each_anew and response.status_code == 204:
            furnish(self.desk)
        return response

    def statuses(self) -> set[int]:
        """Return all statuses so far."""
        print({operation: sorted(statuses) for operation, statuses in self.answered.items()})
        return set().union(*self.answered.values())

    def done(self) -> set[tuple[str, str]]:
        """Return the methods that have succeeded, each with its scope."""
        return {
            (path.replace("localVariables", "variables"), method)
            for (path, method), statuses in self.answered.items()
            if {200, 204, 206} & statuses
        }


@pytest.fixture
def described(database_url: Callable[[str], str | None]) -> Iterator[Described]:
    """The app on SQLite. What depends on the storage is tested by the contract of storages."""
    limits = {"TASKVARS_MAX_CONTENT_LENGTH": 1500, "TASKVARS_MAX_JSON_LENGTH": 1500}
    with make_desk(database_url("sqlite"), TASKVARS_URL_PREFIX=PREFIX, **limits) as desk:
        hurry(desk)
        furnish(desk)
        desk.taskvars.authorize(lambda action, task_id, name: name != "secret")
        desk.app.testing = False  # so that an error becomes a 500, as in production
        app = Described(desk)
        desk.app.after_request(app.note)
        with listening(desk.app) as url:
            app.url = f"{url}{PREFIX}/openapi.json"
            yield app


def test_single_requests(described: Described, tmp_path: Path) -> None:
    """Examples, edge cases and random requests to each operation."""
    program = Path(sys.executable).with_name("schemathesis")
    described.each_anew = True
    run = subprocess.run(
        [
            *(program, "--no-color", "--config-file", CONFIG, "run", described.url, "--seed", str(SEED)),
            *("--phases", "examples,coverage,fuzzing"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CONFIG.parents[2])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    print(run.stdout, run.stderr)  # has the seed, and how to repeat each failure
    assert run.returncode == 0
    assert described.statuses() >= {200, 204, 206, 304, 400, 403, 404, 412, 413, 415, 416}
    assert described.done() >= set(OPERATIONS[:7])


def test_sequences_of_requests(described: Described) -> None:
    """Send sequences of requests that follow the document's links. Each sequence begins with the same world.

    Schemathesis's command line can't do this. It takes the changes of an earlier sequence for an inconsistency, and
    stops.
    """
    import schemathesis

    importlib.import_module("tests.contract.schemathesis_hooks")
    schema = schemathesis.openapi.from_url(described.url, config=schemathesis.Config.from_path(CONFIG))

    class Sequence(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            furnish(described.desk)

    print(f"seed {SEED}")
    hypothesis.seed(SEED)(Sequence)
    Sequence.run(settings=SETTINGS)
    assert described.statuses() >= {200, 204, 400, 404, 412}
