"""The host app `tests.support.fuzz_app:app`: both profiles on the database of `TASKVARS_TEST_URL`."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, File, TaskVars
from flask_taskvars.settings import PROFILES
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.served_world import noise


def may(action: str, task_id: str, name: str | None) -> bool:
    """Hide one variable, and forbid changes of some others, so that a request can always read something."""
    return name != "secret" and (action == "read" or name not in ("locked", "file", "big", "long"))


def make_app(url: str) -> Flask:
    """Mount both profiles on one storage."""
    app, db = Flask("fuzzed"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    storage = SQLAlchemyStorage(db)
    for profile in PROFILES:
        TaskVars(storage, may, name=profile, profile=profile, url_prefix=f"/{profile}").init_app(app)
    return app


def fill(url: str) -> None:
    """Create the tables, a task in a process, and variables of every kind."""
    app, db = Flask("filled"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    storage = SQLAlchemyStorage(db)
    db.init_app(app)
    with app.app_context():
        db.create_all()
        storage.add_scope("process", task=False)
        storage.add_scope("task", parent="process")
        put = {"file": File(b"data", filename="a.txt"), "big": Bytes(noise(1_000_000)), "text": "text", "number": 1}
        for name, value in (put | {"secret": Bytes(b"top secret"), "locked": "kept", "long": "x" * 100_000}).items():
            storage.set("process" if name == "big" else "task", name, value)
        db.engine.dispose()


if url := os.environ.get("TASKVARS_TEST_URL"):
    app = make_app(url)
