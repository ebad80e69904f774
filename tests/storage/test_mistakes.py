"""A programmer's mistakes with a storage: each is an error at once that names its cause and its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from flask_taskvars import TaskVars, Value, everybody
from flask_taskvars.errors import ConfigError, TaskNotFound
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage


class Base(DeclarativeBase):
    """The host's models."""


class Person(Base):
    """The host's own model."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def storage(engine: sa.Engine) -> SQLAlchemyStorage:
    made = SQLAlchemyStorage(engine)
    made.create_tables()
    made.add_scope("t")
    return made


def test_the_hosts_own_rows_are_not_taken_for_a_scope(engine: sa.Engine, storage: SQLAlchemyStorage) -> None:
    with Session(engine) as session:
        session.add_all([Person(name="Ada"), Person(name="Ada")])
        with pytest.raises(IntegrityError, match=r"person\.name"):
            storage.join(session).add_scope("x")
        session.rollback()
        with pytest.raises(ValueError, match="The scope t exists already"):
            storage.join(session).add_scope("t")


def test_a_scopes_function_must_return_ids(engine: sa.Engine) -> None:
    answers: dict[str, Any] = {"int": 99, "text": "claim", "ints": [1, 2], "none": ["t", None], "known": ("t",)}
    storage = SQLAlchemyStorage(engine, scopes=answers.get)
    storage.create_tables()
    storage.set("t", "v", 1)
    assert storage.get("known", "v").value == Value("Integer", 1)
    told = {
        "int": "returned 99, an int: return",
        "text": "returned 'claim', a str: return",
        "ints": r"returned \[1, 2\], with an int: return",
        "none": r"returned \['t', None\], with a NoneType: return",
    }
    for task, message in told.items():
        for call in (storage.get, storage.get_all, storage.update):
            with pytest.raises(TypeError, match=f"{message} a list of the ids as strings, nearest first"):
                call(*(task, "v")[: 2 if call == storage.get else 1])
    with pytest.raises(TaskNotFound):
        storage.get("unknown", "v")


CALLS: list[Callable[[Any], object]] = [
    lambda storage: storage.add_scope(7),
    lambda storage: storage.add_scope("x", parent=7),
    lambda storage: storage.remove_scope(7),
    lambda storage: storage.find_scope(7),
    lambda storage: storage.held(7, "a"),
    lambda storage: storage.held("t", 7),
    lambda storage: storage.get(7, "a"),
    lambda storage: storage.get("t", 7),
    lambda storage: storage.get_all(7),
    lambda storage: storage.set(7, "a", 1),
    lambda storage: storage.set("t", 7, 1),
    lambda storage: storage.update(7, delete=["a"]),
    lambda storage: storage.update("t", put={7: Value("Integer", 1)}),
    lambda storage: storage.update("t", delete=[7]),
    lambda storage: storage.check_task(7),
]


@pytest.mark.parametrize("kind", ["memory", "sqlalchemy"])
def test_ids_and_names_must_be_strings(kind: str, storage: SQLAlchemyStorage) -> None:
    used = storage if kind == "sqlalchemy" else MemoryStorage()
    if isinstance(used, MemoryStorage):
        used.add_scope("t")
    for call in CALLS:
        with pytest.raises(TypeError, match=r"7 is an int: ids and names are strings, for example str\(task.id\)"):
            call(used)
    assert [scope.id for scope in used.scopes()] == ["t"]


def test_join_needs_a_session(engine: sa.Engine, storage: SQLAlchemyStorage) -> None:
    wrong: list[Any] = [None, engine, Session]
    for one in wrong:
        with pytest.raises(TypeError, match="is not a session: give a session, such as"):
            storage.join(one)
    sessions = scoped_session(sessionmaker(engine))
    for session in (sessions, sessions()):
        assert storage.join(session).get_all("t") == {}
    sessions.remove()


MADE: list[tuple[dict[str, Any], str]] = [
    ({"metadata": Base}, r"metadata=.*give a MetaData, such as Base\.metadata"),
    ({"scopes": ["x"]}, r"\['x'\] can't be called: scopes takes a function \(task_id\)"),
    ({"scopes": lambda: None}, r"has other parameters .*: scopes takes a function \(task_id\)"),
]


@pytest.mark.parametrize(("arguments", "told"), MADE)
def test_impossible_arguments_of_a_storage(engine: sa.Engine, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        SQLAlchemyStorage(engine, **arguments)


AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
TOLD = 'isolation_level="AUTOCOMMIT".* commits each statement by itself.*: remove it'
ENGINES: list[Callable[[str], sa.Engine]] = [
    lambda url: sa.create_engine(url, **AUTOCOMMIT),
    lambda url: sa.create_engine(url, isolation_level="autocommit"),
    lambda url: sa.create_engine(url, execution_options=AUTOCOMMIT),
    lambda url: sa.create_engine(url).execution_options(**AUTOCOMMIT),
]


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg://nowhere/", "mysql+pymysql://nowhere/"])
def test_an_engine_without_transactions(url: str, make: Callable[[str], sa.Engine]) -> None:
    engine = make(url)
    with pytest.raises(ConfigError, match=TOLD):  # and not that it can't connect
        SQLAlchemyStorage(engine)
    engine.dispose()


def test_an_extension_without_transactions(tmp_path: Path) -> None:
    app, db = Flask("host"), SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    app.config |= {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'db'}", "SQLALCHEMY_ENGINE_OPTIONS": AUTOCOMMIT}
    db.init_app(app)
    TaskVars(storage, everybody).init_app(app)
    uses: list[Callable[[], object]] = [
        lambda: storage.get("t", "v"),
        lambda: storage.set("t", "v", 1),
        lambda: storage.join(db.session).add_scope("t"),
        storage.create_tables,
    ]
    with app.app_context():
        db.create_all()
        for use in uses:
            with pytest.raises(ConfigError, match=TOLD):
                use()
        db.session.remove()
        db.engine.dispose()
    told = app.test_cli_runner().invoke(args=["taskvars", "doctor"])
    assert (told.exit_code, "commits each statement by itself" in told.output) == (1, True)


def test_a_session_without_transactions(engine: sa.Engine, storage: SQLAlchemyStorage) -> None:
    with Session(engine) as session:
        session.connection(execution_options=AUTOCOMMIT)
        joined = storage.join(session)
        with pytest.raises(ConfigError, match=TOLD):
            joined.set("t", "v", 1)
        assert joined.get_all("t") == {}


def test_a_replica_needs_no_transactions(engine: sa.Engine, storage: SQLAlchemyStorage) -> None:
    storage.set("t", "v", 1)
    replica = engine.execution_options(**AUTOCOMMIT)
    assert SQLAlchemyStorage(engine, read_from=replica).get("t", "v").value == Value("Integer", 1)


def test_autocommit_of_the_engine_can_be_overridden(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'db'}", **AUTOCOMMIT)
    storage = SQLAlchemyStorage(engine.execution_options(isolation_level="SERIALIZABLE"))
    storage.create_tables()
    storage.add_scope("t")
    assert storage.get_all("t") == {}
    engine.dispose()
