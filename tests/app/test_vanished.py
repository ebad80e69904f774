"""A value is replaced, and its old bytes are swept, between the look-up and the first byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from flask_taskvars import Bytes, TaskVars
from flask_taskvars.storage.sql.limits import INLINE
from tests.conftest import DIRECTORY
from tests.support.desk import Desk
from tests.support.storage_tools import parts


@pytest.fixture(params=["sqlite", DIRECTORY])
def desk(request: pytest.FixtureRequest, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A host app that keeps its long values in the database, or in a directory."""
    with empty_desk(request.param) as made:
        yield made


def swept_app(desk: Desk, times: int) -> Flask:
    """Mount the desk's storage again. The value is replaced and swept after each of its first `times` look-ups."""
    storage, _ = parts(desk)
    storage.add_scope("task")
    storage.set("task", "v", Bytes(b"0" * (INLINE + 1)))
    looked_up = 0

    def replace(action: str, task_id: str, name: str | None) -> bool:
        nonlocal looked_up
        looked_up += 1
        if looked_up <= times:
            storage.set("task", "v", Bytes(b"%d" % looked_up * (INLINE + 1)))
            storage.sweep(older_than=0)
        return True

    TaskVars(storage, replace, name="swept", url_prefix="/swept").init_app(desk.app)
    return desk.app


def test_finds_the_new_bytes(desk: Desk) -> None:
    answer = swept_app(desk, times=2).test_client().get("/swept/task/task/variables/v/data")
    assert answer.status_code == 200
    assert answer.data == b"2" * (INLINE + 1)


def test_gives_up_when_it_is_replaced_again_and_again(desk: Desk) -> None:
    answer = swept_app(desk, times=99).test_client().get("/swept/task/task/variables/v/data")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
