"""While a gate looks, it may read in several threads, other requests don't wait, and the host may use a session."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from flask_taskvars import Refused, TaskVars, Value, everybody
from flask_taskvars.storage.base import SpooledContent
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import TypedValue
from tests.app.security.test_gate import DATA, FILE, WAYS, raised
from tests.conftest import DIRECTORY
from tests.support.desk import Desk


def test_threads_of_a_gate_may_read_at_once() -> None:
    """A MemoryStorage stages an upload in one temporary file, which all threads share."""
    with MemoryStorage().staging(DATA) as content, ThreadPoolExecutor(8) as pool:
        assert isinstance(content, SpooledContent)
        assert set(pool.map(lambda _: b"".join(content.open_at(0)) == DATA, range(200))) == {True}


@pytest.mark.parametrize("kind", ["sqlite", DIRECTORY])
def test_a_slow_gate_holds_up_nobody(kind: str, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> None:
    """A waiting gate holds no connection and no lock: another change of the same task takes effect before it."""
    with empty_desk(kind) as desk:
        desk.storage.add_scope("t")
        pool: Any = desk.db and desk.db.engine.pool
        held: list[int] = []

        @desk.taskvars.accept
        def gate(task_id: str, name: str, value: TypedValue) -> None:
            if name == "v":
                held.append(pool.checkedout())
                assert desk.client.put("/task/t/variables/other", json={"value": 1}).status_code == 204

        for way in ("form", "document", "modification"):
            assert WAYS[way](desk).status_code == 204
        assert held == [0, 0, 0]
        assert desk.storage.get("t", "other").value == Value("Integer", 1)


def test_in_a_session_of_the_hosts(empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> None:
    """A mount on a joined storage asks the gates too. The host's own call of `set` doesn't."""
    with empty_desk(DIRECTORY) as desk:
        assert desk.db is not None
        assert isinstance(desk.storage, SQLAlchemyStorage)
        desk.storage.add_scope("t")
        desk.db.session.commit()
        joined = desk.storage.join(desk.db.session)
        other = TaskVars(joined, everybody, name="joined", url_prefix="/joined")
        other.init_app(desk.app)
        other.accept(raised(Refused(422, "No.")))
        answer = desk.client.put("/joined/task/t/variables/v", json=FILE)
        assert answer.status_code == 422
        desk.db.session.commit()
        assert set(desk.storage.get_all("t")) == set()
        joined.set("t", "own", 1)
        desk.db.session.commit()
        assert set(desk.storage.get_all("t")) == {"own"}
