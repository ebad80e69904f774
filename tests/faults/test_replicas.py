"""A standby of PostgreSQL. Look-ups go there if the host says so, and it takes over when the primary dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.conftest import missing
from tests.support.databases import Missing
from tests.support.faults import Figures, together
from tests.support.replicas import Replicated, replicated
from tests.support.storage_examples import pattern

pytestmark = pytest.mark.faults

OLD, NEW = pattern(3 * BLOCK), pattern(3 * BLOCK + 1)
TASK = "/task/task/variables"
CLIENTS = 6


@pytest.fixture
def servers() -> Iterator[Replicated]:
    # Not in one of pytest's folders, because only their owner may enter them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with replicated(Path(folder)) as started:
                yield started
        except Missing as absence:
            missing(str(absence))


@pytest.fixture
def served(servers: Replicated) -> Iterator[tuple[Flask, SQLAlchemyStorage]]:
    """An app whose look-ups read from the standby."""
    app, db = Flask("desk"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = servers.both
    app.config["SQLALCHEMY_BINDS"] = {"replica": servers.standby}
    db.init_app(app)
    storage = SQLAlchemyStorage(db, read_from="replica")
    TaskVars(storage, everybody).init_app(app)
    with app.app_context():
        storage.create_tables()
        storage.add_scope("task")
        yield app, storage
        for engine in db.engines.values():
            engine.dispose()


def execute(url: str, statement: str) -> object:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text(statement))
    finally:
        engine.dispose()


def catch_up(servers: Replicated) -> None:
    """Wait until the standby shows all changes of the primary."""
    position = execute(servers.primary, "SELECT pg_current_wal_lsn()")
    while not execute(servers.standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'"):
        time.sleep(0.05)


def test_changes_never_depend_on_the_replica(servers: Replicated, served: tuple[Flask, SQLAlchemyStorage]) -> None:
    app, storage = served
    client = app.test_client()
    storage.set("task", "v", Bytes(OLD))
    catch_up(servers)
    execute(servers.standby, "SELECT pg_wal_replay_pause()")
    storage.set("task", "v", Bytes(NEW))
    storage.add_scope("new")
    old = client.get(f"{TASK}/v/data")
    assert old.data == OLD
    assert client.get("/task/new/variables/v/data").status_code == 404
    written = {"type": "Integer", "value": 1}
    assert client.put("/task/new/variables/v", json=written).status_code == 204
    stale = {"If-Match": old.headers["ETag"]}
    assert client.put(f"{TASK}/v", json=written, headers=stale).status_code == 412
    execute(servers.standby, "SELECT pg_wal_replay_resume()")
    catch_up(servers)
    assert client.get(f"{TASK}/v/data").data == NEW
    assert client.get("/task/new/variables/v").json == {"type": "Integer", "value": 1, "valueInfo": {}}


def test_promotion(
    servers: Replicated, served: tuple[Flask, SQLAlchemyStorage], figures: Callable[[str], Figures]
) -> None:
    """The primary dies while clients write, and the standby takes over."""
    app, _ = served
    counted = figures("promotion of a standby")
    written, promoted = [0] * CLIENTS, threading.Event()

    def write(number: int) -> None:
        client, refused = app.test_client(), 0
        for turn in range(1, 10_000):
            is_after = promoted.is_set()
            answer = client.put(f"{TASK}/v{number}", json={"type": "Integer", "value": turn})
            assert answer.status_code in (204, 503)
            counted.count(requests=1, acknowledged=answer.status_code == 204)
            written[number] = turn if answer.status_code == 204 else written[number]
            refused += is_after and answer.status_code == 503
            if is_after and answer.status_code == 204:
                break
        counted.note("503 after the promotion", refused)
        assert refused <= 1

    def fail() -> None:
        time.sleep(1)
        servers.kill_primary()
        servers.promote()
        promoted.set()
        counted.count(rounds=1, faults=1)

    together(fail, *(partial(write, number) for number in range(CLIENTS)))
    found = app.test_client().get(TASK).get_json()
    lost = sum(found[f"v{number}"]["value"] < last for number, last in enumerate(written))
    counted.count(lost=lost)
    assert not lost
