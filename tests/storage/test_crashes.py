"""`kill -9` at every step of a change: variables keep their bytes, and a sweep deletes all leftovers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count as counting
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes
from flask_taskvars.errors import TaskNotFound
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import Variable
from tests.support.crashing import NEW, OLD, dies, open_stores
from tests.support.storage_contract import read
from tests.support.storage_tools import patient

ACTIONS: dict[str, tuple[bytes | None, bytes | None]] = {
    # The variable's bytes before and after the action. A killed action may leave either.
    "upload": (None, NEW),
    "replace": (OLD, NEW),
    "resume": (OLD, NEW),
    "delete": (OLD, None),
    "remove": (OLD, None),
    "move": (OLD, OLD),
    "sweep": (OLD, OLD),
}
PLACES = [("sqlite", "db"), ("sqlite", "files"), ("postgresql", "db"), ("postgresql", "files"), ("mariadb", "files")]


CASES = [(action, *place) for action in ACTIONS for place in PLACES if action != "resume" or place == PLACES[1]]


@pytest.mark.parametrize(("action", "server", "store"), CASES)
def test_killed_at_every_step(
    action: str, server: str, store: str, database_url: Callable[[str], str | None], tmp_path: Path
) -> None:
    url = patient(database_url(server))
    names = (store, "files" if store == "db" else "db") if action == "move" else (store,)
    engine = sa.create_engine(url)
    storage = SQLAlchemyStorage(engine, contents=open_stores(tmp_path, names))
    storage.metadata.drop_all(engine)
    storage.create_tables()
    storage.add_scope("task")
    before, after = ACTIONS[action]
    for at in counting(1):
        prepare(storage, action, before)
        died = dies(action, url, tmp_path, names, at)
        look_at_variables(storage, action, [before, after] if died else [after])
        look_for_rests(storage, engine)
        if not died:
            break
    assert at > 5
    engine.dispose()


def prepare(storage: SQLAlchemyStorage, action: str, before: bytes | None) -> None:
    """Create the variable for the action, and leftovers for a sweep."""
    storage.remove_scope("below")
    storage.add_scope("below", parent="task")
    storage.update("task", delete=[action])
    for _ in range(1 if before is None else 2):
        storage.set("below" if action == "remove" else "task", action, Bytes(before or b""))
    if before is None:
        storage.update("task", delete=[action])


def look_at_variables(storage: SQLAlchemyStorage, action: str, allowed: list[bytes | None]) -> None:
    """Check that committed variables have all their bytes, and that no change is half done."""
    checker = storage.checker()
    assert list(checker.variables(True, lambda size: None)) == []
    assert list(checker.stores(-60, False)) == []  # the journal has all contents without a variable
    found = {name: variable for task in ("task", "below") for name, variable in found_in(storage, task).items()}
    value = read(found[action]) if action in found else None
    assert value in allowed
    if any(row.received == row.length for row in uploads(storage)):
        assert value == NEW  # a finished upload has taken effect


def uploads(storage: SQLAlchemyStorage) -> Sequence[sa.Row[Any]]:
    """Return the rows of all uploads."""
    with storage._database.read() as connection:
        return connection.execute(sa.select(storage.metadata.tables["taskvars_upload"])).all()


def found_in(storage: SQLAlchemyStorage, task: str) -> Mapping[str, Variable]:
    try:
        return storage.get_all(task)
    except TaskNotFound:
        return {}


def look_for_rests(storage: SQLAlchemyStorage, engine: sa.Engine) -> None:
    """Check that a sweep leaves no rows in the journal, and no bytes without a variable."""
    storage.sweep(older_than=0)
    journal = storage.metadata.tables["taskvars_journal"]
    with engine.connect() as connection:
        assert connection.execute(sa.select(journal).where(journal.c.id >= 0)).all() == []
    assert uploads(storage) == []
    assert list(storage.checker().stores(-60, False)) == []
