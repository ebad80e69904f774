"""A sweep of 1,000 contents in a directory, with few and with many other variables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask_taskvars import Bytes
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.storage.sql.limits import INLINE
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import one_transaction, parts

from .growth import fill
from .rounds import Measured, in_turn
from .stage import KINDS, LABELS, Stage, execute
from .values import body

SIZE = INLINE + 1
"""The shortest content that is stored as a file."""


@dataclass(frozen=True)
class Scale:
    rounds: int
    swept: int
    counts: tuple[int, ...] = (10**3, 10**6)


FULL, SHORT = Scale(5, 1000), Scale(1, 10, (100, 1000))


@dataclass(frozen=True)
class Place:
    """A database with `count` variables."""

    kind: str
    count: int
    desk: Desk


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure a sweep in all databases in turn."""
    found = []
    for kind in KINDS:
        with ExitStack() as stack:
            places = [stack.enter_context(_filled(stage, kind, count)) for count in scale.counts]

            def measure(place: Place) -> Measured:
                values = _sweep(stage, place, scale.swept)
                return Measured(f"ours, {LABELS[place.kind]}", f"among {place.count:,} variables", values)

            _sweep(stage, places[0], scale.swept)
            found += in_turn(places, scale.rounds, measure)
    return found


def _sweep(stage: Stage, place: Place, count: int) -> dict[str, float]:
    """Set `count` values, remove them, and sweep."""
    storage, _ = parts(place.desk)
    with place.desk.app.app_context():
        with one_transaction(place.desk) as joined:
            joined.add_scope("swept")
            for number in range(count):
                joined.set("swept", f"v{number}", Bytes(body(SIZE)))
        storage.remove_scope("swept")
        stage.settle()
        started = time.perf_counter()
        deleted = storage.sweep(older_than=0)
        seconds = time.perf_counter() - started
    assert deleted == count
    return {"sweep_ms": seconds * 1e3}


@contextmanager
def _filled(stage: Stage, kind: str, count: int) -> Iterator[Place]:
    """Yield a filled database. All variables except the swept ones share one content, which the sweep must keep."""
    database = stage.empty_database(kind, f"sweep_{count}")
    with make_desk(database.url, DirectoryContents(stage.folder("contents"))) as desk:
        storage, db = parts(desk)
        fill(storage, db.engine, db.metadata, count, SIZE)
        if kind == "postgresql":
            execute(database.url, "VACUUM ANALYZE")
        yield Place(kind, count, desk)
