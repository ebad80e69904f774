"""Fixtures: a small host app (a desk) on each storage, and the servers of databases and object stores."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from flask_taskvars.contents import DirectoryContents
from tests.support import databases, stores
from tests.support.desk import Desk, make_desk

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")  # generated values are the same in each run; `make explore` generates others
# hypothesis also tries the literals in our loaded modules: any change there would change the generated values.
setattr(HypothesisProvider, "_local_constants", Constants())  # noqa: B010 - mypy takes a property for a method

KINDS = ("memory", "sqlite", "postgresql", "mariadb")
DIRECTORY = "directory"
"""SQLite, with long values as files in a directory. Tests of long values use this kind."""


class ByServer(LoadFileScheduling):  # type: ignore[misc]
    """Gives all tests of a file to one process, and all files of `tests/engine` too, so that an engine starts once."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/engine" if nodeid.startswith("tests/engine/") else str(super()._split_scope(nodeid))


def pytest_collection_finish() -> None:
    """Let the garbage collector skip the collected tests: they are many, and stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # unknown with `-p no:xdist`
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServer | None:
    return ByServer(config, log) if config.getoption("dist") == "loadfile" else None


def missing(reason: str) -> None:
    """Skip a test that this machine can't run. In CI nothing may be missing: there the test fails."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must run everything")
    pytest.skip(reason)


def server(start: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    """Start a server in an empty folder and yield its URL; skip the test if the server's programs are missing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        try:
            url = stack.enter_context(start(folder))
        except databases.Missing as absence:
            missing(str(absence))
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL that was started for this run."""
    yield from server(databases.postgresql)


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The SQLAlchemy URL of a MariaDB that was started for this run."""
    yield from server(databases.mariadb)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 that was started for this run, with an empty bucket."""
    yield from server(stores.s3)


@pytest.fixture(scope="session")
def azure_endpoint() -> Iterator[str]:
    """The URL of an Azure emulator that was started for this run, with an empty container."""
    yield from server(stores.azure)


@pytest.fixture(scope="session", params=["s3", "azure"])
def object_store(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Each kind of object store in turn, with its endpoint. The environment variables have the keys."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stores.ENVIRONMENTS[request.param].items():
            patch.setenv(name, value)
        yield request.param, request.getfixturevalue(f"{request.param}_endpoint")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str | None]:
    """A function from a kind of storage to its SQLAlchemy URL; None for memory."""

    return lambda kind: database_url_of(request, kind, tmp_path)


def database_url_of(request: pytest.FixtureRequest, kind: str, folder: Path) -> str | None:
    """Return the SQLAlchemy URL of a kind of storage; None for memory. SQLite gets a file in the folder."""
    match kind:
        case "memory":
            return None
        case "sqlite" | "directory":
            return f"sqlite:///{folder / 'taskvars.db'}"
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of storage in turn."""
    return str(request.param)


@pytest.fixture
def empty_desk(
    database_url: Callable[[str], str | None], tmp_path: Path
) -> Callable[[str], AbstractContextManager[Desk]]:
    """A function from a kind of storage to a host app with an empty storage of that kind."""

    def make(kind: str) -> AbstractContextManager[Desk]:
        contents = DirectoryContents(tmp_path / "contents") if kind == DIRECTORY else None
        return make_desk(database_url(kind), contents)

    return make


@pytest.fixture
def desk(kind: str, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A host app with an empty storage, of each kind in turn."""
    with empty_desk(kind) as made:
        yield made


@pytest.fixture
def sqlite_desk(database_url: Callable[[str], str | None]) -> Iterator[Desk]:
    """A host app with an empty SQLite database in a file."""
    with make_desk(database_url("sqlite")) as made:
        yield made
