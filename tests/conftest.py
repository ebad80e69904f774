"""Fixtures: a small host app (a desk) on each storage, and the database servers behind them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

from flask_taskvars.contents import DirectoryContents
from tests.support import databases, stores
from tests.support.desk import Desk, make_desk

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")  # made-up values are the same in each run; `make explore` makes up others
# hypothesis also tries the literals in all loaded modules of ours: each change there would make up other values.
setattr(HypothesisProvider, "_local_constants", Constants())  # noqa: B010 - mypy takes a property for a method

KINDS = ("memory", "sqlite", "postgresql", "mariadb")
DIRECTORY = "directory"
"""SQLite, with long values as files in a directory: a kind for tests of what happens to long values."""


def missing(reason: str) -> None:
    """Skip what this machine can't run; where CI runs, nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must run everything")
    pytest.skip(reason)


def server(start: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    """What a context manager gives for an empty folder, or a skip where its programs are missing."""
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
    yield from server(databases.postgresql)


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The SQLAlchemy URL of a MariaDB of this run."""
    yield from server(databases.mariadb)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 of this run, with an empty bucket."""
    yield from server(stores.s3)


@pytest.fixture(scope="session")
def azure_endpoint() -> Iterator[str]:
    """The URL of an Azure emulator of this run, with an empty container."""
    yield from server(stores.azure)


@pytest.fixture(scope="session", params=["s3", "azure"])
def object_store(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Every kind of object store in turn, with its endpoint; the environment has the keys."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stores.ENVIRONMENTS[request.param].items():
            patch.setenv(name, value)
        yield request.param, request.getfixturevalue(f"{request.param}_endpoint")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str | None]:
    """From a kind of storage to its SQLAlchemy URL; None for memory."""

    return lambda kind: database_url_of(request, kind, tmp_path)


def database_url_of(request: pytest.FixtureRequest, kind: str, folder: Path) -> str | None:
    """The SQLAlchemy URL of a kind of storage, with a file in the folder; None for memory."""
    match kind:
        case "memory":
            return None
        case "sqlite" | "directory":
            return f"sqlite:///{folder / 'taskvars.db'}"
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of storage in turn."""
    return str(request.param)


@pytest.fixture
def empty_desk(
    database_url: Callable[[str], str | None], tmp_path: Path
) -> Callable[[str], AbstractContextManager[Desk]]:
    """From a kind of storage to a host app with an empty one."""

    def make(kind: str) -> AbstractContextManager[Desk]:
        contents = DirectoryContents(tmp_path / "contents") if kind == DIRECTORY else None
        return make_desk(database_url(kind), contents)

    return make


@pytest.fixture
def desk(kind: str, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A host app with an empty storage of each kind."""
    with empty_desk(kind) as made:
        yield made


@pytest.fixture
def sqlite_desk(database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A host app with an empty SQLite database in a file."""
    with make_desk(database_url("sqlite")) as made:
        yield made
