"""The host app `tests.support.offload_app:app`: a proxy or an object store sends its long contents.

The environment variables `TASKVARS_TEST_CONTENTS` and `TASKVARS_TEST_OFFLOAD` choose the store and the way.
"""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import TaskVars, everybody
from flask_taskvars.mount import Authorize
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.served_world import TASK, VARIABLES


def make_app(
    url: str, contents: str, offload: str, authorize: Authorize = everybody
) -> tuple[Flask, SQLAlchemy, SQLAlchemyStorage]:
    """Make an app on a database and a content store, both given by their URLs."""
    app, db = Flask("offloading"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["TASKVARS_CONTENTS"] = contents
    app.config["TASKVARS_OFFLOAD"] = offload
    db.init_app(app)
    storage = SQLAlchemyStorage(db)
    TaskVars(storage, authorize).init_app(app)
    return app, db, storage


def fill(url: str, contents: str) -> None:
    """Store the variables of `served_world`."""
    app, db, storage = make_app(url, contents, "")
    with app.app_context():
        db.create_all()
        storage.add_scope(TASK)
        storage.update(TASK, put=VARIABLES, local=True)
        db.engine.dispose()


if url := os.environ.get("TASKVARS_TEST_URL"):
    app, *_ = make_app(url, os.environ["TASKVARS_TEST_CONTENTS"], os.environ["TASKVARS_TEST_OFFLOAD"])
