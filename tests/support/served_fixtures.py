"""A pytest plugin that starts each server once in a run, on one database with the variables of `served_world`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flask_taskvars import Bytes
from tests.support.desk import make_desk
from tests.support.served_world import HOSTILE, NAMED_TASK, NAMES, TASK, VARIABLES, name_bytes
from tests.support.servers import COMMANDS, Served, serve


@pytest.fixture(scope="session")
def served_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SQLAlchemy URL of a SQLite file with all these variables."""
    url = f"sqlite:///{tmp_path_factory.mktemp('world') / 'taskvars.db'}"
    with make_desk(url) as desk:
        desk.storage.add_scope(TASK)
        desk.storage.add_scope(NAMED_TASK)
        desk.storage.update(TASK, put=VARIABLES | HOSTILE, local=True)
        desk.storage.update(NAMED_TASK, put={name: Bytes(name_bytes(name)) for name in NAMES}, local=True)
    return url


@pytest.fixture(scope="session", params=sorted(COMMANDS))
def running(
    request: pytest.FixtureRequest, served_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Each server in turn."""
    folder = tmp_path_factory.mktemp(str(request.param))
    with serve(request.param, folder, "tests.support.served_app:app", {"TASKVARS_TEST_URL": served_url}) as served:
        yield served


@pytest.fixture
def server(running: Served) -> Iterator[Served]:
    """Each server in turn. If the test fails, pytest shows the server's log."""
    before = running.log.stat().st_size
    yield running
    with running.log.open("rb") as log:
        log.seek(before)
        print(f"--- the log of {running.name}\n{log.read().decode(errors='replace')}")
