"""The host app that real servers run in tests: `tests.served_app:app`, over the database of `TASKVARS_TEST_URL`."""

from __future__ import annotations

import gc
import os
from types import GeneratorType

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import QueuePool

from flask_taskvars import TaskVars
from flask_taskvars.responses import Body
from flask_taskvars.storage.sqla import SQLAlchemyStorage


def make_app(url: str) -> Flask:
    """The extension over a database that has its tables already, and a look behind it."""
    app, db = Flask("served"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    TaskVars(SQLAlchemyStorage(db), authorize=lambda action, task_id, name: True).init_app(app)

    @app.get("/held")
    def held() -> dict[str, int]:
        """What downloads hold right now: connections out of the pool, and bodies that nobody closed."""
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        gc.collect()
        return {"connections": pool.checkedout(), "bodies": sum(map(_is_open_body, gc.get_objects()))}

    return app


def _is_open_body(thing: object) -> bool:
    return isinstance(thing, Body) and isinstance(thing._blocks, GeneratorType) and thing._blocks.gi_frame is not None


app = make_app(os.environ["TASKVARS_TEST_URL"])
