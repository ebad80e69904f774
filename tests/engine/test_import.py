"""`flask taskvars import-engine`: from each engine's database into a database and a directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from flask_taskvars import Bytes, File, TaskVars, Value, everybody
from flask_taskvars.contents import ContentStore, DirectoryContents
from flask_taskvars.contents.objects import ObjectContents
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage import ScopedStorage, StorageAdapter
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sql.limits import INLINE
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK, Content, TypedValue
from tests.app.test_cli import failed, run
from tests.conftest import server
from tests.engine.hosts import Live, can_store
from tests.engine.rest import EngineWorld
from tests.support import stores

pytestmark = [pytest.mark.engine, pytest.mark.tools]

NO_TASKS = {"process", "assessment", "called", "case", "stage"}
LONG = Random(1).randbytes(5 * BLOCK + 1)
VALUES: list[TypedValue] = [
    Value("String", "ä日"),
    Value("Null"),
    Value("Double", 1.0),
    Value("Json", '["' + "ä" * INLINE + '"]'),
    Value("Json", '["' + "日" * (INLINE // 4) + '"]'),
    Bytes(None),
    Bytes(b""),
    File(LONG, filename="a.bin", mimetype="a/b", encoding="UTF-8"),
    File(b"\0" * (5 * BLOCK), filename="b.bin"),
]


class BreakingContents(DirectoryContents):
    """A directory that fails after it has stored one content."""

    written = 0

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        if self.written:
            raise StorageUnavailable
        super().write(content_id, blocks)
        self.written += 1


@pytest.fixture
def world(live: Live, engine_name: str) -> EngineWorld:
    """A process, a case and tasks. A task and each scope around it have a value of each kind."""
    made = live.rest.make_world()
    for number, value in enumerate(value for value in VALUES if can_store(engine_name, value)):
        live.storage.set(made.id("check"), f"v{number}", value)
    for scope in made.ids:
        live.rest.set(made, scope, {"here": {"type": "String", "value": scope}})
    return made


def host(storage: ScopedStorage) -> Flask:
    app = Flask("host")
    TaskVars(storage, everybody).init_app(app)
    return app


def target(folder: Path, contents: ContentStore | None = None) -> SQLAlchemyStorage:
    storage = SQLAlchemyStorage(sa.create_engine(f"sqlite:///{folder}/target.db"), contents=contents)
    storage.create_tables()
    return storage


def take(live: Live, storage: ScopedStorage, *options: str) -> Result:
    return run(host(storage), "import-engine", "--from", live.engine.url.render_as_string(False), *options)


def tasks(world: EngineWorld) -> list[str]:
    return [world.id(name) for name in world.ids if name not in NO_TASKS]


def chosen(world: EngineWorld) -> list[str]:
    """Return the options that choose every task of a world."""
    return [option for task in tasks(world) for option in ("--task", task)]


def seen(storage: StorageAdapter, world: EngineWorld) -> dict[tuple[str, str], object]:
    """Return all values that the tasks of a world see, including their bytes."""
    return {
        (task, name): (variable.scope, shown(variable.value))
        for task in tasks(world)
        for name, variable in storage.get_all(task).items()
    }


def shown(value: TypedValue) -> object:
    if isinstance(value, Value):
        return value.type, value.value, dict(value.info)
    data = b"".join(value.content.open_at(0)) if isinstance(value.content, Content) else None
    return (value.filename, value.mimetype, value.encoding, data) if isinstance(value, File) else data


def table(storage: SQLAlchemyStorage, engine: sa.Engine) -> list[object]:
    """Return all rows of all tables."""
    with engine.connect() as connection:
        return [sorted(map(repr, connection.execute(sa.select(one)))) for one in storage.metadata.sorted_tables]


@pytest.fixture(params=["database", "directory", "s3", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ScopedStorage:
    """An empty storage, of each kind in turn."""
    match request.param:
        case "memory":
            return MemoryStorage()
        case "directory":
            return target(tmp_path, DirectoryContents(tmp_path))
        case "s3":
            return target(tmp_path, ObjectContents(request.getfixturevalue("s3_url")))
    return target(tmp_path)


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    yield from server(stores.s3)


@pytest.fixture
def s3_url(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in stores.KEYS.items():
        monkeypatch.setenv(name, value)
    return f"s3://contents/{uuid4().hex}?endpoint={s3_endpoint}"


def test_all_tasks_see_the_same_variables_after_an_import(
    live: Live, world: EngineWorld, storage: ScopedStorage
) -> None:
    first = take(live, storage, *chosen(world))
    assert first.exit_code == 0, first.output
    assert seen(storage, world) == seen(live.storage, world)
    assert re.search(r"\b0 left out", first.output)
    again = take(live, storage, *chosen(world))
    assert re.search(r" 0 variables taken, [1-9]\d* there already", again.output), again.output


def test_a_second_run_changes_nothing_and_a_change_is_taken(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    storage = target(tmp_path, DirectoryContents(tmp_path))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/target.db")
    assert take(live, storage, *chosen(world)).exit_code == 0
    before = table(storage, engine)
    assert take(live, storage, *chosen(world)).exit_code == 0
    assert table(storage, engine) == before
    changed = LONG[:-1] + b"\0"
    for name, value in (("v0", Value("String", "new")), ("v7", File(changed, filename="a.bin", mimetype="a/b"))):
        live.storage.set(world.id("check"), name, value)
    assert ", 2 variables taken, " in take(live, storage, *chosen(world)).output
    assert seen(storage, world) == seen(live.storage, world)


def test_a_dry_run_counts_and_changes_nothing(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    storage = target(tmp_path)
    counted = take(live, storage, *chosen(world), "--dry-run").output
    assert list(storage.scopes()) == []
    taken = take(live, storage, *chosen(world)).output
    assert counted.split(" variables")[0] == taken.split(" variables")[0]


def test_an_import_that_broke_off_continues(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    """The disk fails in the middle of the run."""
    broken = take(live, target(tmp_path, BreakingContents(tmp_path)), *chosen(world))
    assert "Traceback" not in failed(broken)
    storage = target(tmp_path, DirectoryContents(tmp_path))
    rest = take(live, storage, *chosen(world))
    assert re.search(r" [1-9]\d* variables? taken, [1-9]\d* there already", rest.output), rest.output
    assert seen(storage, world) == seen(live.storage, world)


def test_a_task_is_imported_with_the_scopes_around_it(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    storage = target(tmp_path)
    assert take(live, storage, "--task", world.id("subcheck"), "--task", world.id("child")).exit_code == 0
    names = ("subcheck", "check", "assessment", "process", "child", "alone")
    there = {scope.id: scope for scope in storage.scopes()}
    assert {world.id(name) for name in names} <= there.keys()
    assert world.id("review") not in there
    assert there[world.id("check")].is_task
    assert not there[world.id("process")].is_task


def test_a_process_definition_is_chosen(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    storage = target(tmp_path)
    assert take(live, storage, "--process-definition", "claim").exit_code == 0
    there = {scope.id for scope in storage.scopes()}
    assert {world.id(name) for name in ("process", "assessment", "check", "subcheck", "review")} <= there
    assert not {world.id(name) for name in ("called", "inside", "case", "hear", "alone")} & there


def test_the_whole_engine(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    """It includes the leftovers of other tests. Variables outside of any scope are listed."""
    live.storage.set(live.rest.create_task(), "lost", 1)
    with live.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ACT_RU_VARIABLE SET VAR_SCOPE_ = 'gone' WHERE NAME_ = 'lost'"))
    storage = target(tmp_path)
    told = failed(take(live, storage))
    assert "gone\tlost\tits scope is missing" in told
    with live.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ACT_RU_VARIABLE WHERE NAME_ = 'lost'"))
        kinds = (("TASK", True), ("EXECUTION", False), ("CASE_EXECUTION", False))
        ids = {
            (one, kind) for name, kind in kinds for one in connection.scalars(sa.text(f"SELECT ID_ FROM ACT_RU_{name}"))
        }
        variables = connection.scalar(sa.text("SELECT count(*) FROM ACT_RU_VARIABLE"))
    assert {(scope.id, scope.is_task) for scope in storage.scopes()} == ids
    assert seen(storage, world) == seen(live.storage, world)
    assert f" {variables:,} variables taken, 0 there already" in told


def lose_bytes(live: Live, task: str) -> None:
    """Delete the byte array of the variable `bytes`."""
    live.storage.set(task, "bytes", Bytes(b"data"))
    postgresql = live.engine.dialect.name == "postgresql"
    key = "session_replication_role" if postgresql else "foreign_key_checks"
    with live.engine.begin() as connection:
        connection.execute(sa.text(f"SET {key} = {'replica' if postgresql else 0}"))
        found = sa.text("SELECT BYTEARRAY_ID_ FROM ACT_RU_VARIABLE WHERE TASK_ID_ = :task AND NAME_ = 'bytes'")
        array = connection.scalar(found, {"task": task})
        connection.execute(sa.text("DELETE FROM ACT_GE_BYTEARRAY WHERE ID_ = :array"), {"array": array})
        connection.execute(sa.text(f"SET {key} = {'origin' if postgresql else 1}"))


def test_variables_that_are_left_out_are_listed(live: Live, world: EngineWorld, tmp_path: Path) -> None:
    storage, alone, child = target(tmp_path), world.id("alone"), world.id("child")
    live.storage.set(alone, "date", Value("Date", "2026-11-23T10:11:12.345+0000"))
    with live.engine.begin() as connection:
        change = sa.text("UPDATE ACT_RU_VARIABLE SET LONG_ = :far WHERE TASK_ID_ = :task AND NAME_ = 'date'")
        connection.execute(change, {"far": 10**17, "task": alone})
    lose_bytes(live, alone)
    storage.add_scope(child)  # without the scope around it
    told = failed(take(live, storage, "--task", child, "--task", "no\ttask"))
    assert f"{alone}\tdate\tits date is outside" in told
    assert f"{child}\t\tthe storage uses this id already" in told
    assert "no\\ttask\t\tthe engine has no such task" in told
    assert f"{alone}\tbytes\tits bytes are missing" in told
    assert "4 left out" in told
    assert storage.held(child, "here") is None
    assert storage.get(alone, "here").value == Value("String", "alone")
    with live.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ACT_RU_VARIABLE WHERE TASK_ID_ = :task"), {"task": alone})


class Meanwhile(MemoryStorage):
    """A storage that completes a task in the engine as soon as the task was added."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        super().add_scope(scope, parent, task=task)
        if task:
            self._live.rest.call("POST", f"/task/{scope}/complete", {})


def test_a_task_that_ends_meanwhile_is_listed(live: Live) -> None:
    task = live.rest.create_task()
    live.storage.set(task, "v", 1)
    told = failed(take(live, Meanwhile(live), "--task", task))
    assert f"{task}\t\tit ended during the import" in told
    assert "1 left out" in told


@pytest.mark.parametrize("prefix", ["X_", "none."])
def test_a_wrong_prefix_is_explained(live: Live, prefix: str) -> None:
    assert "Check --from and --table-prefix" in failed(take(live, MemoryStorage(), "--table-prefix", prefix))
