"""The real engines, each started once in a test run, on its own database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_taskvars.storage.camunda import CamundaStorage
from tests.conftest import missing
from tests.engine.hosts import Live, app_beside, make_database
from tests.engine.rest import Rest
from tests.engine.server import running_engine
from tests.support.databases import Missing

ENGINES = os.environ.get("TASKVARS_TEST_ENGINES", "camunda").split(",")


@pytest.fixture(scope="session", autouse=True)
def quick_start() -> Iterator[None]:
    """Let Java start in half the time, without its best compiler, which would not pay off in a test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine of `TASKVARS_TEST_ENGINES` in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def engine_url(engine_name: str, postgresql_url: str) -> str:
    """The SQLAlchemy URL of the engine's database."""
    return make_database(postgresql_url, engine_name)


@pytest.fixture(scope="session")
def rest(engine_name: str, engine_url: str) -> Iterator[Rest]:
    """An engine to which the models of our world are deployed."""
    try:
        with running_engine(engine_name, engine_url) as base:
            started = Rest(base)
            started.deploy()
            yield started
    except Missing as absence:
        missing(str(absence))


@pytest.fixture(scope="session")
def beside(engine_url: str, rest: Rest) -> Iterator[Flask]:
    """An app on the engine's database that writes through the engine. Each profile is mounted under its name."""
    with app_beside(engine_url, rest) as app:
        yield app


@pytest.fixture(scope="session", params=["postgresql", "mariadb"])
def live(request: pytest.FixtureRequest, engine_name: str, engine_url: str, rest: Rest) -> Iterator[Live]:
    """An engine on each database in turn."""
    with ExitStack() as stack:
        url = engine_url
        if request.param == "mariadb":
            url = request.getfixturevalue("mariadb_url")
            try:
                rest = Rest(stack.enter_context(running_engine(engine_name, url)))
            except Missing as absence:
                missing(str(absence))
            rest.deploy()
        engine = sa.create_engine(url)
        yield Live(rest, engine, CamundaStorage(engine, rest_url=rest.base))
        engine.dispose()
