"""The engine of a storage: each app's from Flask-SQLAlchemy or Flask-SQLAlchemy-Lite, or one that the host passes."""

from __future__ import annotations

import gc
import sqlite3
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy as SQLAlchemyLite
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_taskvars import TaskVars, everybody
from flask_taskvars.errors import ConfigError, TaskNotFound
from flask_taskvars.storage.sqla import ChunkMixin, ScopeMixin, SQLAlchemyStorage, VariableMixin
from flask_taskvars.values import BLOCK, Variable
from tests.storage.test_models import TABLES, check_that_it_works, running
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern
from tests.support.storage_tools import SERVERS


@pytest.fixture(params=SERVERS)
def engine(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[sa.Engine]:
    engine = sa.create_engine(str(database_url(request.param)))
    yield engine
    engine.dispose()


@contextmanager
def lite(db: SQLAlchemyLite, folder: Path, *names: str) -> Iterator[Flask]:
    """Make an app with databases of these names."""
    app = Flask("host")
    app.config["SQLALCHEMY_ENGINES"] = {name: f"sqlite:///{folder / name}.db" for name in names}
    db.init_app(app)
    with app.app_context():
        yield app
        for engine in db.engines.values():
            engine.dispose()


def test_an_engine(engine: sa.Engine) -> None:
    storage = SQLAlchemyStorage(engine)
    assert set(storage.metadata.tables) == TABLES
    storage.metadata.drop_all(engine)
    storage.create_tables()
    check_that_it_works(storage)
    SQLAlchemyStorage(engine).create_tables()  # another metadata, with tables of the same names
    with Session(engine) as session:
        storage.join(session).add_scope("task")
        storage.join(session).set("task", "v", pattern(BLOCK + 1))
        assert read(storage.join(session).get("task", "v")) == pattern(BLOCK + 1)
        session.rollback()
    storage.add_scope("task")
    assert dict(storage.get_all("task")) == {}
    assert storage.sweep(0) == 0
    storage.metadata.drop_all(engine)


def test_an_engine_and_metadata_of_the_hosts(tmp_path: Path) -> None:
    class Base(DeclarativeBase):
        pass

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    storage = SQLAlchemyStorage(engine, metadata=Base.metadata)
    Base.metadata.create_all(engine)
    check_that_it_works(storage)
    assert set(Base.metadata.tables) == TABLES
    engine.dispose()


def test_given_models_tell_the_metadata(tmp_path: Path) -> None:
    class Base(DeclarativeBase):
        pass

    class Item(VariableMixin, Base):
        __tablename__ = "desk_item"

    engine = sa.create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    storage = SQLAlchemyStorage(engine, variable=Item)
    assert set(Base.metadata.tables) == {"desk_item", *TABLES} - {"taskvars_variable"}
    storage.create_tables()
    check_that_it_works(storage)
    engine.dispose()


def test_flask_sqlalchemy_lite(tmp_path: Path) -> None:
    db = SQLAlchemyLite()
    storage = SQLAlchemyStorage(db)
    with lite(db, tmp_path, "default", "files"):
        storage.create_tables()
        check_that_it_works(storage)
        storage.join(db.session).add_scope("task")
        db.session.commit()
        assert dict(storage.get_all("task")) == {}
        assert not sa.inspect(db.get_engine("files")).get_table_names()


def test_flask_sqlalchemy_lite_with_another_database(tmp_path: Path) -> None:
    db, metadata = SQLAlchemyLite(), sa.MetaData(info={"bind_key": "files"})
    storage = SQLAlchemyStorage(db, metadata=metadata)
    with lite(db, tmp_path, "default", "files"):
        storage.create_tables()
        check_that_it_works(storage)
        assert set(sa.inspect(db.get_engine("files")).get_table_names()) == TABLES
        assert not sa.inspect(db.engine).get_table_names()


def test_ready_made_tables_in_another_database_of_flask_sqlalchemy(tmp_path: Path) -> None:
    db = SQLAlchemy()
    metadata = db.metadatas["files"] = sa.MetaData(info={"bind_key": "files"})
    storage = SQLAlchemyStorage(db, metadata=metadata)
    with running(db, "sqlite://", files=f"sqlite:///{tmp_path / 'files.db'}"):
        db.create_all()
        check_that_it_works(storage)
        assert set(sa.inspect(db.engines["files"]).get_table_names()) == TABLES


@pytest.mark.parametrize("db", [None, Flask("host"), sessionmaker(), sa.MetaData()], ids=lambda db: type(db).__name__)
def test_an_object_without_an_engine_is_refused(db: object) -> None:
    with pytest.raises(TypeError, match="or an Engine"):
        SQLAlchemyStorage(db)  # type: ignore[arg-type]


@pytest.mark.parametrize("metadata", [None, sa.MetaData()], ids=["models", "metadata"])
def test_tables_of_two_metadata_are_refused(metadata: sa.MetaData | None) -> None:
    class Base(DeclarativeBase):
        pass

    class Other(DeclarativeBase):
        pass

    class Place(ScopeMixin, Base):
        pass

    class Piece(ChunkMixin, Other):
        pass

    with pytest.raises(ValueError, match="one database"):
        SQLAlchemyStorage(sa.create_engine("sqlite://"), metadata=metadata, scope=Place, chunk=Piece)


def test_a_storage_keeps_no_engine_of_a_deleted_app(tmp_path: Path) -> None:
    """A storage often exists at module level, while a test suite makes an app for each test."""
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)

    def serve() -> weakref.ref[sa.Engine]:
        with running(db, f"sqlite:///{tmp_path / 'host.db'}"):
            db.create_all()
            check_that_it_works(storage)
            return weakref.ref(db.engine)

    engine = serve()
    gc.collect()
    assert engine() is None


def test_deleted_apps_hold_no_file(tmp_path: Path) -> None:
    """A storage and an extension at module level keep no app, no engine and no connection."""
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    taskvars = TaskVars(storage, everybody)
    file = tmp_path / "host.db"

    def serve() -> None:
        app = Flask("host")
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{file}"
        db.init_app(app)
        taskvars.init_app(app)
        with app.app_context():
            db.create_all()
            check_that_it_works(storage)
            assert app.test_client().get("/task/task/variables").status_code == 404

    def descriptors() -> int:
        return sum(one.exists() and one.readlink() == file for one in Path("/proc/self/fd").iterdir())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the apps don't dispose of their engines
        for _ in range(20):
            serve()
        gc.collect()
    assert descriptors() == 0


def test_an_engine_keeps_nothing_of_a_deleted_storage(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'host.db'}")

    def serve() -> weakref.ref[SQLAlchemyStorage]:
        storage = SQLAlchemyStorage(engine)
        storage.create_tables()
        check_that_it_works(storage)
        assert compiled()
        return weakref.ref(storage)

    def compiled() -> int:
        return len(vars(engine)["_taskvars_transactions"]._direct._compiled)

    storage = serve()
    gc.collect()
    assert storage() is None
    assert not compiled()
    engine.dispose()


def test_only_look_ups_use_the_replica(tmp_path: Path) -> None:
    """The replica is a copy that misses the later changes."""
    db = SQLAlchemy()
    chosen: list[str | None] = ["replica"]
    seen: dict[str, Variable] = {}
    storages = [SQLAlchemyStorage(db, read_from="replica"), SQLAlchemyStorage(db, read_from=lambda: chosen[0])]
    main, replica = f"sqlite:///{tmp_path / 'main.db'}", f"sqlite:///{tmp_path / 'replica.db'}"
    with running(db, main, replica=replica):
        storages[0].create_tables()
        storages[0].add_scope("task")
        storages[0].set("task", "v", b"old")
        copies = [closing(sqlite3.connect(tmp_path / name)) for name in ("main.db", "replica.db")]
        with copies[0] as here, copies[1] as there:
            here.backup(there)
        storages[0].set("task", "v", pattern(BLOCK))
        storages[0].add_scope("new")
        storages.append(SQLAlchemyStorage(db.engine, read_from=db.engines["replica"]))
        for storage in storages:
            assert read(storage.get("task", "v")) == read(storage.get_all("task")["v"]) == b"old"
            storage.check_task("new")
            with pytest.raises(TaskNotFound):
                storage.get("new", "v")
            assert read(storage.join(db.session).get("task", "v")) == pattern(BLOCK)
            seen.clear()
            storage.update("task", delete=["v", "w"], guard=seen.update)
            assert read(seen["v"]) == pattern(BLOCK)
            storage.set("task", "v", pattern(BLOCK))
        chosen[0] = None
        assert read(storages[1].get("task", "v")) == pattern(BLOCK)
        chosen[0] = "absent"
        with pytest.raises(ConfigError, match="SQLALCHEMY_BINDS"):
            storages[1].get("task", "v")
        db.session.remove()


@pytest.mark.parametrize("read_from", ["replica", 7])
def test_an_impossible_replica_is_refused(read_from: Any) -> None:
    with pytest.raises(TypeError, match="read_from"):
        SQLAlchemyStorage(sa.create_engine("sqlite://"), read_from=read_from)
