"""An app that uses its storage before the server forks: `gunicorn --preload tests.support.preloaded_app:app`.

Before the fork, an object store may be created and checked, but not used. So with S3 the value is short: it lies in the
database.
"""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.storage_contract import read
from tests.support.storage_examples import DATA

CONTENTS = os.environ["TASKVARS_TEST_CONTENTS"]
BEFORE = b"short" if CONTENTS.startswith("s3:") else DATA

app = Flask("preloaded")
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["TASKVARS_TEST_URL"]
app.config["TASKVARS_CONTENTS"] = CONTENTS
db = SQLAlchemy(app)
storage = SQLAlchemyStorage(db)
TaskVars(storage, everybody).init_app(app)

with app.app_context():
    db.create_all()
    storage.add_scope("task")
    storage.set("task", "before", Bytes(BEFORE))
    assert read(storage.get("task", "before")) == BEFORE
    db.engine.dispose()  # no driver's connection may be used by two processes
