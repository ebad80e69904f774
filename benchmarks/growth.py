"""Growth: the time of a look-up among more and more variables, and through more and more scopes.

It measures `Storage.get` alone and a whole request over WSGI, in one process, so that no server hides the growth.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import parts, statements

from .rounds import Measured, in_turn
from .stage import KINDS, LABELS, Stage, execute
from .values import body

PER_TASK = 10
VALUE = 100


@dataclass(frozen=True)
class Scale:
    rounds: int
    lookups: int
    counts: tuple[int, ...] = (10**3, 10**4, 10**5, 10**6)
    depths: tuple[int, ...] = (1, 5, 10, 50)


FULL, SHORT = Scale(5, 200), Scale(1, 20, (100, 1000), (1, 5))


@dataclass(frozen=True)
class Place:
    """A database with `count` variables. One is looked up from a task inside of `depth` scopes."""

    kind: str
    count: int
    depth: int
    desk: Desk

    @property
    def name(self) -> str:
        return f"ours, {LABELS[self.kind]}"

    @property
    def case(self) -> str:
        return f"{self.count:,} variables, depth {self.depth}"

    def pick(self) -> tuple[str, str]:
        """Return a task, and the name of a variable that it sees."""
        if self.depth > 1:
            return f"depth-{self.depth}-1", "v"
        number = random.randrange(self.count)
        return f"task-{number // PER_TASK}", f"v{number % PER_TASK}"


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Look up in all databases in turn."""
    found = []
    for kind in KINDS:
        with ExitStack() as stack:
            desks = {count: stack.enter_context(_filled(stage, kind, count, scale)) for count in scale.counts}
            stage.settle()
            places = [Place(kind, count, depth, desks[count]) for count in scale.counts for depth in scale.depths]
            for place in places:
                _measure(place, scale.lookups)

            def measure(place: Place) -> Measured:
                return Measured(place.name, place.case, _measure(place, scale.lookups))

            found += in_turn(places, scale.rounds, measure)
    return found


def _measure(place: Place, lookups: int) -> dict[str, float]:
    with place.desk.app.app_context():
        return _timed(place, lookups)


def _timed(place: Place, lookups: int) -> dict[str, float]:
    storage, db = parts(place.desk)
    picked = [place.pick() for _ in range(lookups)]
    environs = [EnvironBuilder(f"/task/{task}/variables/{name}/data").get_environ() for task, name in picked]
    with statements(db.engine) as seen:
        storage.get(*picked[0])
    lookup = _p50([lambda one=one: storage.get(*one) for one in picked])  # type: ignore[misc]
    request = _p50([lambda environ=environ: _answer(place.desk, environ) for environ in environs])  # type: ignore[misc]
    return {"lookup_us": lookup, "request_us": request, "statements": len(seen)}


def _p50(calls: list[Callable[[], object]]) -> float:
    """Return the median in microseconds."""
    times = []
    for call in calls:
        started = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - started) / 1e3)
    return statistics.median(times)


def _answer(desk: Desk, environ: dict[str, object]) -> None:
    content, status, _ = run_wsgi_app(desk.app, environ, buffered=True)
    assert status == "200 OK"
    assert sum(map(len, content)) == VALUE


@contextmanager
def _filled(stage: Stage, kind: str, count: int, scale: Scale) -> Iterator[Desk]:
    database = stage.empty_database(kind, f"growth_{count}")
    with make_desk(database.url) as desk:
        storage, db = parts(desk)
        fill(storage, db.engine, db.metadata, count)
        for depth in scale.depths:
            for level in range(depth, 0, -1):
                parent = f"depth-{depth}-{level + 1}" if level < depth else None
                storage.add_scope(f"depth-{depth}-{level}", parent=parent)
            storage.set(f"depth-{depth}-{depth}", "v", body(VALUE))
        if kind == "postgresql":
            execute(database.url, "VACUUM ANALYZE")
        yield desk


def fill(storage: SQLAlchemyStorage, engine: sa.Engine, tables: sa.MetaData, count: int, size: int = VALUE) -> None:
    """Set one variable, and let the database copy its row and its task's row until there are `count` variables."""
    storage.add_scope("task-0")
    storage.set("task-0", "v0", body(size))
    scope, variable = tables.tables["taskvars_scope"], tables.tables["taskvars_variable"]
    tasks, every = _numbers(count // PER_TASK), _numbers(count)
    names = {"scope_id": _text("task-", every.c.n // PER_TASK), "name": _text("v", every.c.n % PER_TASK)}
    with engine.begin() as connection:
        connection.execute(_copies(scope, {"id": _text("task-", tasks.c.n)}, tasks))
        connection.execute(_copies(variable, names, every))


def _numbers(count: int) -> sa.CTE:
    """Return a table of the numbers from 0."""
    numbers = sa.select(sa.literal(0).label("n")).cte("numbers", recursive=True)
    return numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < count - 1))


def _text(prefix: str, number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    return sa.literal(prefix).concat(sa.cast(number, sa.String))


def _copies(table: sa.Table, changed: dict[str, sa.ColumnElement[str]], numbers: sa.CTE) -> sa.Insert:
    """Insert the table's only row again for each number except 0, with these columns changed."""
    columns = [changed.get(column.name, column) for column in table.c]
    copies = sa.select(*columns).join_from(table, numbers, numbers.c.n > 0)
    return sa.insert(table).from_select([column.name for column in table.c], copies)
