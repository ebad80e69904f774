"""The tables: ready-made ones in the host's metadata, or the host's own models with our mixins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, configure_mappers, mapped_column, relationship

from flask_taskvars import TaskVars, everybody
from flask_taskvars.errors import TaskNotFound
from flask_taskvars.storage.sqla import ChunkMixin, ScopeMixin, SQLAlchemyStorage, VariableMixin
from flask_taskvars.values import BLOCK
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern
from tests.support.storage_tools import SERVERS, count

TABLES = {"taskvars_scope", "taskvars_variable", "taskvars_chunk", "taskvars_journal", "taskvars_upload"}
LARGE = pattern(2 * BLOCK + 1)


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> str:
    return str(database_url(request.param))


@contextmanager
def running(db: SQLAlchemy, url: str, **binds: str) -> Iterator[Flask]:
    """Run an app on an empty database."""
    app = Flask("host")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_BINDS=binds)
    db.init_app(app)
    with app.app_context():
        db.drop_all()
        try:
            yield app
        finally:
            db.session.remove()
            db.drop_all()
            for engine in db.engines.values():
                engine.dispose()


def check_that_it_works(storage: SQLAlchemyStorage) -> None:
    storage.add_scope("claim", task=False)
    storage.add_scope("task", parent="claim")
    storage.set("claim", "v", LARGE)
    assert read(storage.get("task", "v")) == LARGE
    storage.update("task", put={}, delete=["v"])
    storage.remove_scope("claim")
    assert storage.sweep(older_than=0) == 1


def test_create_all_makes_the_tables(url: str) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    with running(db, url):
        db.create_all()
        assert set(sa.inspect(db.engine).get_table_names()) >= TABLES
        check_that_it_works(storage)


def test_create_tables_makes_only_the_storages_own_tables(url: str) -> None:
    db = SQLAlchemy()
    sa.Table("desk_other", db.metadata, sa.Column("id", sa.Integer, primary_key=True))
    storage = SQLAlchemyStorage(db)
    with running(db, url):
        storage.create_tables()
        storage.create_tables()
        assert set(sa.inspect(db.engine).get_table_names()) >= TABLES
        assert not sa.inspect(db.engine).has_table("desk_other")
        check_that_it_works(storage)


def test_postgresql_stores_data_uncompressed(postgresql_url: str) -> None:
    db = SQLAlchemy()
    chunk = type("DeskChunk", (ChunkMixin, db.Model), {"__tablename__": "desk_chunk"})
    SQLAlchemyStorage(db)
    SQLAlchemyStorage(db, chunk=chunk)
    with running(db, postgresql_url):
        db.create_all()
        columns = sa.text(
            "SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'data' AND attstorage = 'e'"
            " AND attrelid::regclass::text IN ('taskvars_variable', 'taskvars_chunk', 'desk_chunk')"
        )
        with db.engine.connect() as connection:
            assert set(connection.scalars(columns)) == {"taskvars_variable", "taskvars_chunk", "desk_chunk"}


def test_mariadb_columns_are_large_and_compare_exactly(mariadb_url: str) -> None:
    db = SQLAlchemy()
    SQLAlchemyStorage(db)
    with running(db, mariadb_url):
        db.create_all()
        query = sa.text(
            "SELECT concat(table_name, '.', column_name), data_type, character_maximum_length"
            " FROM information_schema.columns WHERE table_schema = database() AND table_name LIKE 'taskvars%'"
        )
        with db.engine.connect() as connection:
            columns = {name: (kind, size) for name, kind, size in connection.execute(query)}
    for column in ("scope.id", "scope.parent_id", "variable.scope_id", "variable.name", "variable.type"):
        assert columns[f"taskvars_{column}"] == ("varbinary", 4 * 255)
    for column in ("chunk.data", "variable.data"):
        assert columns[f"taskvars_{column}"] == ("mediumblob", 2**24 - 1)
    for column in ("variable.value", "variable.info"):
        assert columns[f"taskvars_{column}"] == ("longtext", 2**32 - 1)


def test_models_of_the_host_with_other_names_in_another_database(url: str) -> None:
    db = SQLAlchemy()

    class Place(ScopeMixin, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "desk_place"
        __bind_key__ = "files"
        title: Mapped[str | None] = mapped_column(sa.String(50))

    class Item(VariableMixin, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "desk_item"
        __bind_key__ = "files"

    class Piece(ChunkMixin, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "desk_piece"
        __bind_key__ = "files"

    storage = SQLAlchemyStorage(db, scope=Place, variable=Item, chunk=Piece)
    with running(db, "sqlite://", files=url):
        db.create_all()
        assert not db.metadata.tables
        check_that_it_works(storage)
        # The scopes are rows of the host. The storage sees them without a flush.
        db.session.add(Place(id="task-1", is_task=True, title="The first"))
        storage.join(db.session).set("task-1", "v", LARGE)
        with pytest.raises(TaskNotFound):
            SQLAlchemyStorage(db, scope=Place, variable=Item, chunk=Piece).get("task-2", "v")
        db.session.commit()
        assert read(storage.get("task-1", "v")) == LARGE
        assert count(db, "desk_piece", "files") == 3


def test_tables_in_two_databases_are_refused() -> None:
    db = SQLAlchemy()
    elsewhere = type("Elsewhere", (ChunkMixin, db.Model), {"__tablename__": "elsewhere", "__bind_key__": "files"})
    with pytest.raises(ValueError, match="one database"):
        SQLAlchemyStorage(db, chunk=elsewhere)


def test_two_storages_share_one_database(url: str) -> None:
    db = SQLAlchemy()
    one, other = SQLAlchemyStorage(db), SQLAlchemyStorage(db)
    with running(db, url):
        db.create_all()
        one.add_scope("task")
        one.set("task", "v", LARGE)
        assert read(other.get("task", "v")) == LARGE


def test_two_storages_share_one_schema(postgresql_url: str) -> None:
    db = SQLAlchemy(metadata=sa.MetaData(schema="desk"))
    storage = SQLAlchemyStorage(db)
    SQLAlchemyStorage(db)
    with running(db, postgresql_url):
        with db.engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS desk"))
        db.create_all()
        assert set(sa.inspect(db.engine).get_table_names("desk")) == TABLES
        check_that_it_works(storage)


def test_one_storage_serves_two_apps(tmp_path_factory: pytest.TempPathFactory) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    taskvars = TaskVars(storage, everybody)
    folder = tmp_path_factory.mktemp("apps")
    for name in ("one", "two"):
        app = Flask(name)
        app.testing = True
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / name}.db"
        db.init_app(app)
        taskvars.init_app(app)
        with app.app_context():
            db.create_all()
            storage.add_scope("task")
            storage.set("task", "v", name)
            assert app.test_client().get("/task/task/variables/v").json == {
                "type": "String",
                "value": name,
                "valueInfo": {},
            }
            db.engine.dispose()


def test_ready_made_tables_do_not_use_the_hosts_names() -> None:
    db = SQLAlchemy()
    SQLAlchemyStorage(db)

    class Scope(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        variables: Mapped[list[Variable]] = relationship("Variable")

    class Variable(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        scope_id: Mapped[int] = mapped_column(sa.ForeignKey("scope.id"))

    configure_mappers()
    assert set(db.metadata.tables) == {"scope", "variable", *TABLES}
