"""The host app `tests.support.upload_app:app` for tests of uploads, on the database of `TASKVARS_TEST_URL`."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import TaskVars, everybody
from flask_taskvars.mount import Authorize
from flask_taskvars.storage.sqla import SQLAlchemyStorage

LIMIT = int(os.environ.get("TASKVARS_TEST_LIMIT", 20_000_000))
"""The most bytes of a form."""


def make_app(url: str, authorize: Authorize = everybody) -> Flask:
    """Make an app on a database that already has its tables."""
    app, db = Flask("uploads"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["TASKVARS_MAX_CONTENT_LENGTH"] = LIMIT
    app.config["TASKVARS_CONTENTS"] = os.environ.get("TASKVARS_TEST_CONTENTS", "")
    db.init_app(app)
    TaskVars(SQLAlchemyStorage(db), authorize).init_app(app)
    return app


if url := os.environ.get("TASKVARS_TEST_URL"):
    app = make_app(url)
