"""The host app `tests.support.served_app:app`, which real servers run on the database of `TASKVARS_TEST_URL`.

The environment variable `TASKVARS_TEST_CONTENTS` gives its setting `TASKVARS_CONTENTS`, and `TASKVARS_TEST_POOL` the
size of its connection pool.
"""

from __future__ import annotations

import gc
import os
from types import GeneratorType

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import QueuePool

from flask_taskvars import TaskVars
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.storage.sqla.contents import StoredContent


def make_app(url: str) -> Flask:
    """Make an app on a database that already has its tables. Its page /held shows what downloads hold."""
    app, db = Flask("served"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["TASKVARS_CONTENTS"] = os.environ.get("TASKVARS_TEST_CONTENTS", "")
    if size := os.environ.get("TASKVARS_TEST_POOL"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": int(size), "max_overflow": 0}
    db.init_app(app)
    TaskVars(SQLAlchemyStorage(db), authorize=lambda action, task_id, name: True).init_app(app)

    @app.get("/held")
    def held() -> dict[str, int]:
        """Count what downloads hold now: connections from the pool, and reads that have neither ended nor closed."""
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        return {"connections": pool.checkedout(), "reads": sum(map(_is_open_read, gc.get_objects()))}

    return app


def _is_open_read(thing: object) -> bool:
    read = StoredContent.open_at.__code__
    return isinstance(thing, GeneratorType) and thing.gi_code is read and thing.gi_frame is not None


app = make_app(os.environ["TASKVARS_TEST_URL"])
