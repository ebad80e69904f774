"""A small host app for tests: the extension on one storage, mounted as a user would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import TaskVars, everybody
from flask_taskvars.contents import ContentStore
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage

_db = SQLAlchemy()
"""One for all desks, as in the module of a host: to build the tables' models takes longer than most tests."""


@dataclass
class Desk:
    """An app, its storage and, if the storage is not in memory, its database."""

    app: Flask
    storage: MemoryStorage | SQLAlchemyStorage
    taskvars: TaskVars
    db: SQLAlchemy | None = None
    contents: ContentStore | None = None

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


@contextmanager
def make_desk(url: str | None, contents: ContentStore | None = None, /, **config: object) -> Iterator[Desk]:
    """Make an app on the database at `url` (None: in memory) with empty tables, and enter its app context.

    :param contents: the store for long values; None for the database.
    :param config: keys of `app.config`.
    """
    app = Flask("desk")
    app.testing = True
    app.config.update(config)
    if url is None:
        memory = MemoryStorage()
        taskvars = TaskVars(memory, everybody)
        taskvars.init_app(app)
        with app.app_context():
            yield Desk(app, memory, taskvars)
        return
    storage = SQLAlchemyStorage(_db, contents=contents)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    _db.init_app(app)
    taskvars = TaskVars(storage, everybody)
    taskvars.init_app(app)
    with app.app_context():
        _db.drop_all()
        _db.create_all()
        try:
            yield Desk(app, storage, taskvars, _db, contents)
        finally:
            _db.session.remove()
            _db.engine.dispose()
