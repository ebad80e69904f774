"""The floor: what a GET of 1 KiB is made of, in processor time of one process without a server.

The parts are measured alone: Flask's own share, the bare view's, and for each database the driver's statement on an
open connection, the way through SQLAlchemy's pool and back, the look-up, and the whole request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_taskvars import Bytes
from tests.desk import make_desk
from tests.storage_tools import parts

from .apps import make_bare
from .rounds import Measured, in_turn
from .stage import LABELS, Stage
from .values import TASK, body, name_of, path_of

SIZE = 1024
STATEMENT = "SELECT data FROM taskvars_variable WHERE scope_id = '{}' AND name = '{}'"


@dataclass(frozen=True)
class Scale:
    rounds: int
    calls: int


FULL, SHORT = Scale(5, 2000), Scale(1, 20)


@dataclass(frozen=True)
class Part:
    """Something to be called again and again."""

    name: str
    call: Callable[[], object]


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Flask's parts in turn, and then those of each database."""

    def measure(part: Part) -> Measured:
        return Measured(part.name, "GET of 1 KiB, in process", {"cpu_us": _cpu_us(part.call, scale.calls)})

    views = [Part("Flask: an empty view", _request(_empty())), Part("bare view", _request(make_bare("")))]
    found = in_turn(views, scale.rounds, measure)
    for kind in LABELS:
        with _ours(stage, kind) as listed:
            found += in_turn(listed, scale.rounds, measure)
    return found


@contextmanager
def _ours(stage: Stage, kind: str) -> Iterator[list[Part]]:
    with make_desk(stage.empty_database(kind, "floor").url) as desk:
        storage, db = parts(desk)
        storage.add_scope(TASK)
        storage.set(TASK, name_of(SIZE), Bytes(body(SIZE)))
        engine, statement = db.engine, STATEMENT.format(TASK, name_of(SIZE))
        pooled = engine.raw_connection()
        connection = pooled.driver_connection
        assert connection is not None
        yield [
            Part(
                f"{LABELS[kind]}: one row by its key, on the driver", lambda: connection.execute(statement).fetchall()
            ),
            Part(f"{LABELS[kind]}: a connection out of the pool and back", lambda: engine.raw_connection().close()),
            Part(f"{LABELS[kind]}: the look-up", lambda: storage.get(TASK, name_of(SIZE))),
            Part(f"{LABELS[kind]}: ours, whole", _request(desk.app)),
        ]
        connection.rollback()
        pooled.close()


def _empty() -> Flask:
    app = Flask("empty")
    app.add_url_rule("/task/<task_id>/variables/<name>/data", "data", lambda task_id, name: "")
    return app


def _request(app: Flask) -> Callable[[], object]:
    """A request over WSGI, without what a server adds."""
    environ = EnvironBuilder(path_of(SIZE)).get_environ()

    def call() -> None:
        status = run_wsgi_app(app, environ, buffered=True)[1]
        assert status == "200 OK"

    return call


def _cpu_us(call: Callable[[], object], calls: int) -> float:
    """Microseconds of a call, in the middle of many."""
    for _ in range(calls // 10):
        call()
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1e6
