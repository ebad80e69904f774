"""The real engines, each started once for a test run, on databases of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_taskvars import TaskVars
from flask_taskvars.settings import PROFILES
from flask_taskvars.storage.camunda import CamundaStorage
from tests.conftest import missing
from tests.databases import Missing
from tests.engine.rest import Rest
from tests.engine.server import running_engine

ENGINES = os.environ.get("TASKVARS_TEST_ENGINES", "camunda").split(",")


@pytest.fixture(scope="session", autouse=True)
def quick_start() -> Iterator[None]:
    """Let Java start in half the time: what its best compiler gains comes too late for a test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engines that are tested: those in `TASKVARS_TEST_ENGINES`."""
    return str(request.param)


@pytest.fixture(scope="session")
def engine_url(engine_name: str, postgresql_url: str) -> str:
    """The SQLAlchemy URL of the engine's database."""
    server = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {engine_name}"))
    server.dispose()
    return sa.make_url(postgresql_url).set(database=engine_name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def rest(engine_name: str, engine_url: str) -> Iterator[Rest]:
    """An engine with the models of our world deployed."""
    try:
        with running_engine(engine_name, engine_url) as base:
            started = Rest(base)
            started.deploy()
            yield started
    except Missing as absence:
        missing(str(absence))


@pytest.fixture(scope="session")
def beside(engine_url: str, rest: Rest) -> Iterator[Flask]:
    """An app on the engine's database that writes through the engine; each profile is mounted under its name."""
    app, engine = Flask("beside"), sa.create_engine(engine_url)
    for profile in PROFILES:
        storage = CamundaStorage(engine, rest_url=rest.base)
        TaskVars(storage, name=profile, profile=profile, url_prefix=f"/{profile}").init_app(app)
    yield app
    engine.dispose()
