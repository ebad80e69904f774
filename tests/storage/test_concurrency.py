"""Many threads on one storage: they see only whole values, and leave a consistent state."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes, Value
from flask_taskvars.errors import ContentVanished, TaskNotFound, VariableNotFound
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.storage_contract import content_of
from tests.support.storage_examples import pattern
from tests.support.storage_tools import SERVERS, count, parts, patient

T = TypeVar("T")
ROUNDS = 15
WORKERS = 4


@pytest.fixture(params=SERVERS)
def desk(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A claim with two tasks, on each database."""
    with make_desk(patient(database_url(request.param))) as made:
        made.storage.add_scope("claim", task=False)
        for task in ("task-1", "task-2"):
            made.storage.add_scope(task, parent="claim")
        yield made


def at_once(desk: Desk, *works: Callable[[], Any]) -> list[Any]:
    """Run each in its own thread. All start together."""
    barrier = threading.Barrier(len(works), timeout=30)

    def run(work: Callable[[], Any]) -> Any:
        with desk.app.app_context():
            barrier.wait()
            return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(run, work) for work in works]]


def digest_of(storage: Any, task: str, name: str) -> tuple[bytes, bytes]:
    """Return the hash that a content claims, and the hash of the bytes that were read."""
    content = content_of(storage.get(task, name))
    assert content.sha256 is not None
    digest = hashlib.sha256()
    for block in content.open_at(0):
        digest.update(block)
    return content.sha256, digest.digest()


@pytest.mark.parametrize("size", [1000, 5 * BLOCK])
def test_readers_see_the_whole_of_one_version(desk: Desk, size: int) -> None:
    storage, db = parts(desk)
    versions = [pattern(size), bytes(size)]
    storage.set("claim", "v", versions[0])
    written = threading.Event()

    def write() -> None:
        for number in range(ROUNDS):
            storage.update("task-1", put={"v": Bytes(versions[number % 2])})
        written.set()

    def look() -> set[bytes]:
        seen = set()
        while not written.is_set():
            with suppress(ContentVanished):
                claimed, found = digest_of(storage, "task-2", "v")
                assert claimed == found
                seen.add(found)
        return seen

    _, *seen = at_once(desk, write, look, look)
    assert set().union(*seen) <= {hashlib.sha256(version).digest() for version in versions}
    storage.sweep(older_than=0)
    assert count(db, "taskvars_chunk") == (5 if size > BLOCK else 0)
    claimed, found = digest_of(storage, "task-1", "v")
    assert claimed == found


def test_parallel_writers_of_one_name_leave_one_whole_value(desk: Desk) -> None:
    storage, db = parts(desk)

    def write(number: int) -> None:
        for _ in range(ROUNDS):
            storage.update(f"task-{number % 2 + 1}", put={"v": Bytes(pattern(2 * BLOCK + 1 + number))})

    at_once(desk, *[partial(write, number) for number in range(WORKERS)])
    assert {found.scope for found in storage.get_all("task-1").values()} == {"claim"}
    assert count(db, "taskvars_variable") == 1
    storage.sweep(older_than=0)
    assert count(db, "taskvars_chunk") == 3
    claimed, found = digest_of(storage, "task-2", "v")
    assert claimed == found


def test_no_two_versions_share_a_date(desk: Desk) -> None:
    storage, _ = parts(desk)

    def write(number: int) -> None:
        for turn in range(ROUNDS):
            storage.update("task-1", put={"v": Bytes(f"{number} {turn}".encode())}, guard=note)

    moments: list[Any] = []

    def note(found: Any) -> None:
        if "v" in found:
            moments.append(content_of(found["v"]).modified)

    at_once(desk, *[partial(write, number) for number in range(WORKERS)])
    assert len(moments) == len(set(moments)) == WORKERS * ROUNDS - 1
    assert moments == sorted(moments)


def test_a_guard_sees_the_value_that_is_replaced(desk: Desk) -> None:
    storage, _ = parts(desk)
    storage.set("claim", "v", 0)
    storage.set("task-1", "own", 0)

    class Lost(Exception):
        """Another thread was faster."""

    def increment(task: str, name: str, local: bool) -> int:
        done = 0
        while done < ROUNDS:
            before = storage.get(task, name).value

            def unchanged(found: Any, before: object = before) -> None:
                if found[name].value != before:
                    raise Lost

            assert isinstance(before, Value)
            assert isinstance(before.value, int)
            with suppress(Lost):
                after = Value("Integer", before.value + 1)
                storage.update(task, put={name: after}, local=local, guard=unchanged)
                done += 1
        return done

    at_once(
        desk,
        lambda: increment("task-1", "v", False),
        lambda: increment("task-2", "v", False),
        lambda: increment("task-1", "own", False),
        lambda: increment("task-1", "own", True),
    )
    assert storage.get("task-1", "v").value == Value("Integer", 2 * ROUNDS)
    assert storage.get("task-1", "own").value == Value("Integer", 2 * ROUNDS)


def test_writers_at_all_levels(desk: Desk) -> None:
    storage, _ = parts(desk)

    def outer() -> None:
        for number in range(ROUNDS):
            storage.update("task-1", put={"v": Value("Integer", number), f"o{number}": Value("Null")})

    def inner() -> None:
        for number in range(ROUNDS):
            storage.update("task-1", put={"v": Value("Integer", number), f"i{number}": Value("Null")}, local=True)

    def remove() -> None:
        for _ in range(2 * ROUNDS):
            storage.update("task-1", delete=["v", "absent"])

    at_once(desk, outer, inner, remove, outer)
    names = {name for name in storage.get_all("task-1") if name != "v"}
    assert names == {f"{level}{number}" for level in "oi" for number in range(ROUNDS)}
    assert {storage.get("task-1", name).scope for name in names if name.startswith("i")} == {"task-1"}


def test_writers_of_unrelated_tasks_never_deadlock(desk: Desk) -> None:
    storage, _ = parts(desk)
    for number in range(WORKERS):
        storage.add_scope(f"lone-{number}")

    def write(number: int) -> None:
        for turn in range(2 * ROUNDS):
            storage.update(f"lone-{number}", put={f"{turn}": Value("Null")})
            storage.update(f"lone-{number}", delete=[f"{turn}", f"{turn + 1}"])

    at_once(desk, *[partial(write, number) for number in range(WORKERS)])
    assert [storage.get_all(f"lone-{number}") for number in range(WORKERS)] == [{}] * WORKERS


def test_removing_a_scope_leaves_no_orphans(desk: Desk) -> None:
    storage, db = parts(desk)

    def work(task: str) -> None:
        for number in range(2 * ROUNDS):
            with suppress(TaskNotFound, ValueError):
                storage.add_scope(f"{task}-{number}", parent="process")
                storage.set(f"{task}-{number}", "v", number)
                storage.set("process", task, number)
                storage.update(f"{task}-{number}", put={f"{number}": Value("Null")})

    def remove() -> None:
        for _ in range(ROUNDS):
            storage.remove_scope("process")
            storage.add_scope("process")

    at_once(desk, remove, lambda: work("a"), lambda: work("b"))
    storage.remove_scope("process")
    scope, variable = (db.metadata.tables[f"taskvars_{name}"] for name in ("scope", "variable"))
    with db.engine.connect() as connection:
        scopes = set(connection.scalars(sa.select(scope.c.id)))
        holders = set(connection.scalars(sa.select(variable.c.scope_id)))
    assert scopes == {"claim", "task-1", "task-2"}
    assert holders <= scopes


def meanwhile(desk: Desk, work: Callable[[], T]) -> T:
    """Run work in a thread, check that it waits for this thread's session, commit, and return the work's result."""
    _, db = parts(desk)

    def run() -> T:
        with desk.app.app_context():
            return work()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        wait([running], timeout=0.5)
        assert not running.done()
        db.session.commit()
        return running.result(60)


def test_removing_a_scope_also_removes_parallel_additions(desk: Desk) -> None:
    storage, db = parts(desk)
    joined = storage.join(db.session)
    joined.add_scope("stage", parent="task-1")
    joined.add_scope("task-3", parent="stage")
    joined.set("task-3", "v", 1)
    joined.set("claim", "v", 1)
    meanwhile(desk, lambda: storage.remove_scope("claim"))
    assert count(db, "taskvars_scope") == count(db, "taskvars_variable") == 0


def test_only_one_of_two_parallel_additions_of_a_scope_succeeds(desk: Desk) -> None:
    storage, db = parts(desk)
    storage.join(db.session).add_scope("new")
    with pytest.raises(ValueError, match="exists already"):
        meanwhile(desk, lambda: storage.add_scope("new"))


def test_a_sweep_keeps_the_bytes_of_an_uncommitted_change(desk: Desk) -> None:
    storage, db = parts(desk)
    with storage.staging(io.BytesIO(pattern(3 * BLOCK))) as source:
        storage.join(db.session).set("task-1", "v", Bytes(source))
        assert meanwhile(desk, lambda: storage.sweep(older_than=0)) == 0
    claimed, found = digest_of(storage, "task-1", "v")
    assert claimed == found


def test_tries_again_when_the_database_undoes_a_transaction(postgresql_url: str) -> None:
    isolated = {"isolation_level": "REPEATABLE READ"}
    with make_desk(postgresql_url, SQLALCHEMY_ENGINE_OPTIONS=isolated) as desk:
        storage, db = parts(desk)
        storage.add_scope("task")
        storage.join(db.session).set("task", "v", 1)
        meanwhile(desk, lambda: storage.set("task", "v", pattern(2 * BLOCK)))
        claimed, found = digest_of(storage, "task", "v")
        assert claimed == found
        assert count(db, "taskvars_chunk") == 2


def test_deleting_while_reading_and_writing(desk: Desk) -> None:
    storage, db = parts(desk)

    def write() -> None:
        for _ in range(ROUNDS):
            storage.update("task-1", put={"v": Bytes(pattern(3 * BLOCK))})

    def remove() -> None:
        for _ in range(ROUNDS):
            storage.update("task-2", delete=["v"])
            storage.sweep(older_than=5)

    def look() -> None:
        for _ in range(ROUNDS):
            with suppress(VariableNotFound, ContentVanished):
                claimed, found = digest_of(storage, "task-1", "v")
                assert claimed == found

    at_once(desk, write, remove, look)
    storage.update("task-1", delete=["v"])
    storage.sweep(older_than=0)
    assert count(db, "taskvars_variable") == count(db, "taskvars_chunk") == 0
