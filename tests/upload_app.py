"""The host app that servers run in upload tests: `tests.upload_app:app`, over the database of `TASKVARS_TEST_URL`."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import TaskVars
from flask_taskvars.storage.sqla import SQLAlchemyStorage

LIMIT = int(os.environ.get("TASKVARS_TEST_LIMIT", 20_000_000))
"""Bytes in a form."""


def make_app(url: str) -> Flask:
    """The extension over a database that has its tables already."""
    app, db = Flask("uploads"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["TASKVARS_MAX_CONTENT_LENGTH"] = LIMIT
    db.init_app(app)
    TaskVars(SQLAlchemyStorage(db), authorize=lambda action, task_id, name: True).init_app(app)
    return app


if url := os.environ.get("TASKVARS_TEST_URL"):
    app = make_app(url)
