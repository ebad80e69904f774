"""Two nodes of a Galera cluster write at the same time. No acknowledged write is lost, and nothing is left over."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from flask_taskvars import Bytes, Value
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import TaskNotFound
from flask_taskvars.storage import Variable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.conftest import missing
from tests.support.databases import Missing
from tests.support.faults import Figures, rounds
from tests.support.galera import galera

pytestmark = pytest.mark.faults
Figure = Callable[[str], Figures]


class Nodes(NamedTuple):
    """The same database on two machines."""

    here: Engine
    there: Engine


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Two nodes, set up as docs/operating.md says: each sees the acknowledged writes of the other."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with galera(Path(folder)) as urls:
                options = {"connect_args": {"init_command": "SET SESSION wsrep_sync_wait = 3"}}
                nodes = Nodes(*(sa.create_engine(url, **options) for url in urls))
                SQLAlchemyStorage(nodes.here).create_tables()
                yield nodes
                nodes.here.dispose()
                nodes.there.dispose()
        except Missing as absence:
            missing(str(absence))


def at_once(*works: Callable[[], object]) -> list[BaseException | None]:
    """Start all at the same moment, each in its own thread. Return the error of each, if any."""
    barrier = threading.Barrier(len(works), timeout=30)

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.exception(60) for future in [pool.submit(run, work) for work in works]]


class Stale(Exception):
    """Another writer was faster."""


def number(storage: SQLAlchemyStorage) -> int:
    value = storage.get("guarded", "v").value
    assert isinstance(value, Value)
    assert isinstance(value.value, int)
    return value.value


def increment(storage: SQLAlchemyStorage, counted: Figures) -> None:
    """Add one, unless another writer has changed the value since it was read."""
    before = number(storage)

    def guard(found: Mapping[str, Variable]) -> None:
        if found["v"].value != Value("Integer", before):
            raise Stale

    try:
        storage.update("guarded", put={"v": Value("Integer", before + 1)}, guard=guard)
        counted.count(acknowledged=1)
    except Stale:
        counted.note("refused as stale")


@pytest.mark.lasts(short=1, share=0.05)
@pytest.mark.parametrize("own", [True, False], ids=["own scopes", "scopes of the host"])
def test_guarded_writes(own: bool, nodes: Nodes, figures: Figure, seconds: float) -> None:
    owner = SQLAlchemyStorage(nodes.here)
    owner.remove_scope("guarded")
    owner.add_scope("guarded")
    owner.set("guarded", "v", 0)
    storages = [SQLAlchemyStorage(node, scopes=None if own else lambda task: [task]) for node in nodes]
    counted = figures(f"Galera, guarded writes, {'own scopes' if own else 'scopes of the host'}")
    for _ in rounds(seconds):
        assert at_once(*(partial(increment, storage, counted) for storage in storages)) == [None, None]
        counted.count(rounds=1, requests=2)
    counted.count(lost=counted.acknowledged - number(storages[1]))
    assert not counted.lost
    assert counted.acknowledged >= counted.rounds


@pytest.mark.lasts(short=0.5, share=0.02)
def test_a_guard_that_checks_two_variables(nodes: Nodes, seconds: float) -> None:
    """Each writer changes only one of the two variables, so that their changes share only the row of the lock."""
    storages = [SQLAlchemyStorage(node, scopes=lambda task: [task]) for node in nodes]

    def swap(storage: SQLAlchemyStorage, name: str) -> None:
        def guard(found: Mapping[str, Variable]) -> None:
            if any(variable.value != Value("Integer", 0) for variable in found.values()):
                raise Stale

        storage.update(
            "pair", put={"a": Value("Integer", 0), "b": Value("Integer", 0), name: Value("Integer", 1)}, guard=guard
        )

    for _ in rounds(seconds):
        storages[0].update("pair", put={"a": Value("Integer", 0), "b": Value("Integer", 0)})
        ends = at_once(*(partial(swap, storage, name) for storage, name in zip(storages, "ab", strict=True)))
        assert sorted(str(type(end).__name__) for end in ends) == ["NoneType", "Stale"]


def test_many_writers_of_one_variable(nodes: Nodes) -> None:
    storages = [SQLAlchemyStorage(node) for node in nodes]
    storages[0].add_scope("busy")

    def write(storage: SQLAlchemyStorage, number: int) -> None:
        for turn in range(10):
            storage.set("busy", "v", Bytes(f"{number} {turn}".encode()))

    assert at_once(*(partial(write, storages[number % 2], number) for number in range(4))) == [None] * 4


@pytest.mark.lasts(short=2, share=0.05)
def test_scopes_removed_while_the_other_node_writes(nodes: Nodes, figures: Figure, seconds: float) -> None:
    here, there = SQLAlchemyStorage(nodes.here), SQLAlchemyStorage(nodes.there)
    works: list[Callable[[str], object]] = [
        lambda task: there.update(task, put={"new": Bytes(bytes(10))}),
        lambda task: there.update(task, put={"new": Bytes(bytes(BLOCK))}, local=True),
        lambda task: there.add_scope(f"{task}-below", parent=task),
    ]
    counted = figures("Galera, scopes removed on one node")
    for turn in rounds(seconds):
        claim, task = f"claim-{turn}", f"task-{turn}"
        here.add_scope(claim, task=False)
        here.add_scope(task, parent=claim)
        work = partial(works[turn % len(works)], task)
        removed, written = at_once(partial(here.remove_scope, claim), work)
        assert removed is None
        assert written is None or isinstance(written, TaskNotFound)
        counted.count(rounds=1, requests=4, acknowledged=3 + (written is None))
    counted.note("orphans", len(orphans_of(nodes.here)))
    assert not counted.more["orphans"]


def orphans_of(engine: Engine) -> list[str]:
    """Return the variables of deleted scopes, and the scopes whose parent was deleted."""
    gone = "NOT IN (SELECT id FROM taskvars_scope)"
    variables = f"SELECT name FROM taskvars_variable WHERE scope_id <> 'pair' AND scope_id {gone}"
    with engine.connect() as connection:
        return [
            *connection.scalars(sa.text(f"{variables} UNION ALL SELECT id FROM taskvars_scope WHERE parent_id {gone}"))
        ]


def test_sweeps_at_once(nodes: Nodes) -> None:
    here, there = SQLAlchemyStorage(nodes.here), SQLAlchemyStorage(nodes.there)
    here.add_scope("swept")
    for turn in range(40):
        here.set("swept", f"{turn}", Bytes(bytes(BLOCK + turn)))
    here.remove_scope("swept")
    assert at_once(lambda: here.sweep(older_than=0), lambda: there.sweep(older_than=0)) == [None, None]
    with nodes.there.connect() as connection:
        for table in ("chunk", "journal"):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM taskvars_{table}")) == 0


def test_both_nodes_are_the_first_to_use_a_content_store(tmp_path: Path, nodes: Nodes) -> None:
    def use(node: Engine) -> None:
        storage, task = SQLAlchemyStorage(node, contents=DirectoryContents(tmp_path)), str(node.url.port)
        storage.add_scope(task)
        storage.set(task, "v", Bytes(bytes(BLOCK)))

    assert at_once(*(partial(use, node) for node in nodes)) == [None, None]
