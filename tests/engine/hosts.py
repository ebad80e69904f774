"""For comparisons with an engine: a database, and our app on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask

from flask_taskvars import TaskVars, Value, everybody
from flask_taskvars.settings import PROFILES
from flask_taskvars.storage.camunda import CamundaStorage
from flask_taskvars.values import TypedValue
from tests.engine.rest import Rest


@dataclass
class Live:
    """An engine, its database, and a storage on it that writes through the engine."""

    rest: Rest
    engine: sa.Engine
    storage: CamundaStorage

    def app(self) -> Flask:
        app = Flask("beside")
        app.testing = True
        TaskVars(self.storage, everybody).init_app(app)
        return app


def can_store(engine_name: str, value: TypedValue) -> bool:
    """Tell whether an engine can store values of this type. Our Operaton has no Spin (see pom.xml)."""
    return engine_name == "camunda" or not isinstance(value, Value) or value.type not in ("Json", "Xml", "Object")


def make_database(server_url: str, name: str) -> str:
    """Create a database on a PostgreSQL. Return its SQLAlchemy URL."""
    server = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    server.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def app_beside(engine_url: str, rest: Rest) -> Iterator[Flask]:
    """Make an app on the engine's database that writes through the engine. Each profile is mounted under its name."""
    app, engine = Flask("beside"), sa.create_engine(engine_url)
    for profile in PROFILES:
        storage = CamundaStorage(engine, rest_url=rest.base)
        TaskVars(storage, everybody, name=profile, profile=profile, url_prefix=f"/{profile}").init_app(app)
    yield app
    engine.dispose()
