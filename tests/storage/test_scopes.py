"""Scopes in the host's own tables: a function of the host replaces our table of scopes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, TaskVars, Value, everybody
from flask_taskvars.errors import TaskNotFound, VariableNotFound
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.storage_contract import read
from tests.support.storage_tools import SERVERS, count, patient

CLAIMS = {"1": ["task:1", "claim:a"], "2": ["task:2", "claim:a"], "3": ["task:3"]}


class Host:
    """An app whose own table has the scopes of each task."""

    def __init__(self, url: str) -> None:
        self.db = db = SQLAlchemy(engine_options={"pool_size": 1, "max_overflow": 1, "pool_timeout": 30})
        self.rule = sa.Table(
            "task", db.metadata, sa.Column("id", sa.String(9), primary_key=True), sa.Column("scopes", sa.JSON)
        )
        self.storage = SQLAlchemyStorage(db, scopes=self.scopes)
        self.app = Flask("host")
        self.app.config["SQLALCHEMY_DATABASE_URI"] = url
        db.init_app(self.app)
        TaskVars(self.storage, everybody).init_app(self.app)
        self.checked_out: list[int] = []

    def scopes(self, task_id: str) -> list[str] | None:
        assert isinstance(self.db.engine.pool, sa.QueuePool)
        self.checked_out.append(self.db.engine.pool.checkedout())
        found: list[str] | None = self.db.session.scalar(sa.select(self.rule.c.scopes).where(self.rule.c.id == task_id))
        self.db.session.rollback()
        return found


@pytest.fixture(params=SERVERS)
def host(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Host]:
    """A host on each database."""
    made = Host(patient(database_url(request.param)))
    with made.app.app_context():
        made.db.drop_all()
        made.db.create_all()
        with made.db.engine.begin() as connection:
            rows = [{"id": task, "scopes": scopes} for task, scopes in CLAIMS.items()]
            connection.execute(sa.insert(made.rule), rows)
        yield made
        made.db.session.remove()
        made.db.engine.dispose()


def test_look_ups_follow_the_hosts_scopes(host: Host) -> None:
    storage = host.storage
    storage.set("claim:a", "v", "claim")
    storage.set("task:1", "v", "task")
    assert storage.get("1", "v").value == Value("String", "task")
    assert storage.get("2", "v").value == Value("String", "claim")
    assert storage.get("1", "v", local=True).scope == "task:1"
    assert {name: found.scope for name, found in storage.get_all("1").items()} == {"v": "task:1"}
    assert storage.get_all("2", local=True) == storage.get_all("3") == {}
    for call in (storage.get, lambda task, name: storage.update(task, delete=[name])):
        with pytest.raises(TaskNotFound):
            call("4", "v")
    with pytest.raises(VariableNotFound):
        storage.get("3", "v")
    assert host.app.test_client().get("/task/1/variables/v").status_code == 200
    assert host.app.test_client().get("/task/4/variables/v").status_code == 404


def test_writes_follow_the_hosts_scopes(host: Host) -> None:
    storage = host.storage
    storage.update("1", put={"new": Bytes(b"new")})
    storage.update("1", put={"own": Bytes(b"own")}, local=True)
    storage.update("2", put={"new": Bytes(b"newer")})
    assert storage.get("1", "new").scope == "claim:a"
    assert read(storage.get("1", "new")) == b"newer"
    assert storage.get("1", "own").scope == "task:1"
    assert set(storage.get_all("2")) == {"new"}
    storage.update("2", put={"new": Value("Null")}, delete=["new", "own"])
    assert set(storage.get_all("1")) == {"own"}


def test_holds_no_connection_while_it_asks_the_host(host: Host) -> None:
    host.storage.update("1", put={"v": Bytes(b"v")}, guard=lambda found: None)
    host.storage.get("1", "v")
    host.storage.get_all("1")
    with pytest.raises(VariableNotFound):
        host.storage.get("1", "\0")
    assert host.checked_out == [0] * 4


def test_refuses_to_change_the_hosts_scopes(host: Host) -> None:
    for change in (host.storage.add_scope, host.storage.remove_scope):
        with pytest.raises(TypeError, match="The host keeps the scopes"):
            change("task:4")
    assert "taskvars_scope" not in host.db.metadata.tables
    host.storage.create_tables()
    assert host.storage.sweep(older_than=0) == 0


def test_creates_one_variable_when_two_set_it_at_once(host: Host) -> None:
    barrier = threading.Barrier(2, timeout=30)

    def write(task: str) -> None:
        with host.app.app_context():
            for number in range(5):
                barrier.wait()
                host.storage.update(task, put={f"v{number}": Value("String", task)})

    writers = [threading.Thread(target=write, args=(task,)) for task in ("1", "2")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {found.scope for found in host.storage.get_all("1").values()} == {"claim:a"}
    assert count(host.db, "taskvars_variable") == 5
