"""The floor: the parts of a request, in one process without a server, to tell our code from that of others.

For a GET of 1 KiB it is the processor time of each layer; for a large value, the speed of the driver alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from flask_taskvars import File
from flask_taskvars.storage.sql.limits import WINDOW
from flask_taskvars.storage.sqla.contents import StoredContent
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import parts

from .apps import make_bare
from .goals import BLOCKS, REQUEST
from .rounds import Measured, in_turn
from .sampling import by_layer
from .stage import LABELS, Database, Stage
from .values import TASK, body, name_of, path_of

SMALL = 1024


@dataclass(frozen=True)
class Scale:
    rounds: int
    calls: int
    large: int


FULL, SHORT = Scale(5, 10_000, 10**8), Scale(1, 50, 3 * 10**6)
CHUNKS = "SELECT data FROM taskvars_chunk WHERE content_id = {0} AND number BETWEEN {0} AND {0} ORDER BY number"


@dataclass(frozen=True)
class Part:
    """A part that is measured in each round."""

    name: str
    case: str
    measure: Callable[[], dict[str, float]]


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure Flask alone, and a request and the driver on each database, in turn."""

    def measure(part: Part) -> Measured:
        return Measured(part.name, part.case, part.measure())

    listed = [_request("empty view", _empty(), scale), _request("bare", make_bare(""), scale)]
    with ExitStack() as stack:
        for kind, label in LABELS.items():
            desk = stack.enter_context(_filled(stage.empty_database(kind, "floor"), scale))
            listed += [_request(f"ours, {label}", desk.app, scale), *_reads(desk, label, scale)]
        return in_turn(listed, scale.rounds, measure)


@contextmanager
def _filled(database: Database, scale: Scale) -> Iterator[Desk]:
    with make_desk(database.url) as desk:
        storage, _ = parts(desk)
        storage.add_scope(TASK)
        for size in (SMALL, scale.large):
            storage.set(TASK, name_of(size), File(body(size), filename="report.pdf", mimetype="application/pdf"))
        yield desk


def _empty() -> Flask:
    app = Flask("empty")
    app.add_url_rule("/task/<task_id>/variables/<name>/data", "data", lambda task_id, name: "")
    return app


def _request(name: str, app: Flask, scale: Scale) -> Part:
    """Make the part for a request over WSGI, without a server."""
    environ = EnvironBuilder(path_of(SMALL)).get_environ()

    def start_response(status: str, *_: object) -> Callable[[bytes], object]:
        assert status == "200 OK"
        return bytes

    def call() -> None:
        answer = app(environ.copy(), start_response)
        for _ in answer:
            pass
        if close := getattr(answer, "close", None):
            close()

    # Outside of the desk's app context, because a request opens its own.
    return Part(name, REQUEST, lambda: Context().run(by_layer, call, scale.calls))


def _reads(desk: Desk, label: str, scale: Scale) -> list[Part]:
    """Make the parts for the blocks of a large value, read by the driver alone and by the storage."""
    storage, db = parts(desk)
    value = storage.get(TASK, name_of(scale.large)).value
    assert isinstance(value, File)
    content, engine = value.content, db.engine
    assert isinstance(content, StoredContent)

    def by_driver() -> Iterator[bytes]:
        with closing(engine.raw_connection()) as pooled:
            for first in range(0, -(-content.size // BLOCK), WINDOW):
                where = (content._id, first, first + WINDOW - 1)
                yield from (row[0] for row in _execute(pooled.driver_connection, where))

    def part(name: str, read: Callable[[], Iterator[bytes]]) -> Part:
        return Part(f"{name}, {label}", BLOCKS, lambda: _speed(read, content.size))

    return [part("the driver", by_driver), part("ours", lambda: content.open_at(0))]


def _execute(connection: Any, where: tuple[str, int, int]) -> Iterable[tuple[bytes]]:
    found: Iterable[tuple[bytes]]
    if isinstance(connection, sqlite3.Connection):
        found = connection.execute(CHUNKS.format("?"), where)
    else:
        found = connection.execute(CHUNKS.format("%s"), where, binary=True)
    return found


def _speed(read: Callable[[], Iterator[bytes]], size: int) -> dict[str, float]:
    """Return the MB/s of a second read, because the first read after a while is slower."""
    for _ in range(2):
        started = time.perf_counter()
        assert sum(map(len, read())) == size
    return {"mb_per_s": size / (time.perf_counter() - started) / 1e6}
