"""A task in a database. Its new contents go into a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_taskvars.contents import DirectoryContents
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.journaled import opened
from tests.support.storage_tools import SERVERS, patient


@pytest.fixture(params=SERVERS)
def engine(request: pytest.FixtureRequest, database_url: Callable[[str], str | None]) -> Iterator[sa.Engine]:
    """A database with empty tables."""
    engine = sa.create_engine(patient(database_url(request.param)))
    storage = SQLAlchemyStorage(engine)
    storage.metadata.drop_all(engine)
    storage.create_tables()
    storage.add_scope("task")
    yield engine
    engine.dispose()


@pytest.fixture
def files(tmp_path: Path) -> DirectoryContents:
    return DirectoryContents(tmp_path / "files")


@pytest.fixture
def storage(engine: sa.Engine, files: DirectoryContents) -> SQLAlchemyStorage:
    """A storage with one task. New contents go into a directory."""
    return opened(engine, {"files": files, "db": None})
