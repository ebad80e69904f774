"""Migrations by Alembic: they run unchanged, leave no difference to the models, and upgrade older tables."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.dialects import mysql, postgresql

from flask_taskvars import Bytes, File, Value
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.storage import version_0_1_0
from tests.storage.test_models import TABLES, check_that_it_works
from tests.support.demo import environment
from tests.support.pages import ROOT, blocks, section
from tests.support.storage_contract import read
from tests.support.storage_tools import SERVERS

ENVIRONMENT = """
from alembic import context

given = context.config.attributes
with given["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=given["metadata"], compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass
class Migrations:
    """A folder of migrations, and their database."""

    folder: Path
    engine: sa.Engine
    metadata: sa.MetaData

    def __post_init__(self) -> None:
        self.config = Config(attributes={"engine": self.engine, "metadata": self.metadata})
        self.config.set_main_option("path_separator", "os")
        self.config.set_main_option("script_location", str(self.folder))
        self.config.config_file_name = str(self.folder.parent / "alembic.ini")
        command.init(self.config, str(self.folder))
        (self.folder / "env.py").write_text(ENVIRONMENT)

    def upgrade(self) -> str:
        """Let Alembic write a migration, run it, and return its text."""
        script = command.revision(self.config, autogenerate=True)
        command.upgrade(self.config, "head")
        assert not isinstance(script, list)
        assert script is not None
        return Path(script.path).read_text()

    def check(self) -> None:
        """Fail if the tables differ from the models."""
        command.check(self.config)


@pytest.fixture(params=SERVERS)
def engine(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[sa.Engine]:
    """An empty database."""
    engine = sa.create_engine(str(database_url(request.param)))

    def empty() -> None:
        there = sa.MetaData()
        there.reflect(engine)
        there.drop_all(engine)

    empty()
    yield engine
    empty()
    engine.dispose()


@pytest.fixture
def storage(engine: sa.Engine) -> SQLAlchemyStorage:
    return SQLAlchemyStorage(engine)


@pytest.fixture
def migrations(engine: sa.Engine, storage: SQLAlchemyStorage, tmp_path: Path) -> Migrations:
    return Migrations(tmp_path / "migrations", engine, storage.metadata)


def test_a_migration_makes_the_tables(storage: SQLAlchemyStorage, migrations: Migrations) -> None:
    written = migrations.upgrade()
    assert set(re.findall(r"^(?:import|from) (\S+)", written, re.MULTILINE)) <= {
        "typing",
        "collections.abc",
        "alembic",
        "sqlalchemy",
        "sqlalchemy.dialects",
    }
    migrations.check()
    check_that_it_works(storage)
    command.downgrade(migrations.config, "base")
    assert sa.inspect(migrations.engine).get_table_names() == ["alembic_version"]


def test_no_migration_is_needed_after_create_all(storage: SQLAlchemyStorage, migrations: Migrations) -> None:
    storage.create_tables()
    migrations.check()


def test_tables_of_version_0_1_0_are_upgraded(storage: SQLAlchemyStorage, migrations: Migrations) -> None:
    """The tables have rows, so that each new column that is NOT NULL needs a server default."""
    version_0_1_0.make(migrations.engine)
    written = migrations.upgrade()
    assert "op.drop" not in written.partition("def upgrade")[2].partition("def downgrade")[0]
    migrations.check()

    found = storage.get_all("tâsk ")
    assert found["amount"].value == Value("Integer", 42)
    policy = found["policy"].value
    assert isinstance(policy, File)
    assert (policy.filename, policy.mimetype, policy.encoding) == ("pölicy.pdf", "application/pdf", "UTF-8")
    assert read(found["policy"]) == b"%PDF-1.7"
    assert read(storage.get("tâsk ", "recording")) == b"\x89" * (BLOCK + 1)
    assert storage.sweep(older_than=0) == 0
    storage.update("tâsk ", put={"policy": Bytes(b"\x89" * (BLOCK + 1))}, delete=["recording"])
    assert read(storage.get("tâsk ", "policy")) == b"\x89" * (BLOCK + 1)
    assert storage.sweep(older_than=0) == 1
    storage.remove_scope("claim-17")
    assert storage.sweep(older_than=0) == 1
    check_that_it_works(storage)


def test_a_migration_that_version_0_1_0_wrote_still_runs() -> None:
    """Alembic wrote the name of our class into it, and the pages said to add its import."""
    named: Any = import_module("flask_taskvars.storage.sqla.models")
    old = named.Key(length=255)
    assert str(old.compile(dialect=mysql.dialect())) == "VARBINARY(1020)"
    assert str(old.compile(dialect=postgresql.dialect())) == "VARCHAR(255)"  # type: ignore[no-untyped-call]


def test_flask_migrate_as_the_page_shows_it(tmp_path: Path) -> None:
    page = section(ROOT / "docs" / "migrations.md", "## Flask-Migrate")
    (tmp_path / "app.py").write_text(blocks(page, "python")[0])
    surroundings = environment(tmp_path, PYTHONWARNINGS="default")  # Flask-Migrate uses deprecated functions
    for line in blocks(page, "sh")[0].splitlines():
        command = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "No new upgrade operations detected." in done.stdout + done.stderr
    with closing(sqlite3.connect(tmp_path / "instance" / "tasks.db")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {*TABLES, "task", "alembic_version"}
