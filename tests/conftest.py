"""Fixtures: a small host app (a desk) on each storage, and the database servers behind them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests import databases
from tests.desk import Desk, make_desk

KINDS = ("memory", "sqlite", "postgresql", "mariadb")


def missing(reason: str) -> None:
    """Skip what this machine can't run; where CI runs, nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must run everything")
    pytest.skip(reason)


def _server(start: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        try:
            url = stack.enter_context(start(folder))
        except databases.Missing as absence:
            missing(str(absence))
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL of this run."""
    yield from _server(databases.postgresql)


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The SQLAlchemy URL of a MariaDB of this run."""
    yield from _server(databases.mariadb)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str | None]:
    """From a kind of storage to its SQLAlchemy URL; None for memory."""

    def url(kind: str) -> str | None:
        match kind:
            case "memory":
                return None
            case "sqlite":
                return f"sqlite:///{tmp_path / 'taskvars.db'}"
        return str(request.getfixturevalue(f"{kind}_url"))

    return url


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of storage in turn."""
    return str(request.param)


@pytest.fixture
def desk(kind: str, database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A host app with an empty storage of each kind."""
    with make_desk(database_url(kind)) as made:
        yield made


@pytest.fixture
def sqlite_desk(database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A host app with an empty SQLite database in a file."""
    with make_desk(database_url("sqlite")) as made:
        yield made
