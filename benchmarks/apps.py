"""The compared apps. A server runs `benchmarks.apps:app`, and `BENCH_APP` chooses the app.

All answer the same URLs. `BENCH_URL` is the database, which already has its tables.
"""

from __future__ import annotations

import os
from contextlib import closing
from functools import cache
from io import BytesIO
from typing import Any

from flask import Flask, Response, abort, request, send_file
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import LargeBinary, QueuePool, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flask_taskvars import TaskVars
from flask_taskvars.storage.camunda import CamundaStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage

from .values import body, pieces, size_of

PATH = "/task/<task_id>/variables/<name>/data"


class Base(DeclarativeBase):
    """The base of the naive app's model."""


class Attachment(Base):
    """A file in one column, the usual way."""

    __tablename__ = "naive_attachment"

    task_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    filename: Mapped[str | None]
    mimetype: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)


def make_bare(url: str) -> Flask:
    """Make an app whose view looks nothing up: the bytes are in memory."""
    app = Flask("bare")
    kept = cache(body)

    @app.get(PATH)
    def data(task_id: str, name: str) -> Response:
        return send_file(BytesIO(kept(size_of(name))), mimetype="application/octet-stream")

    return app


def make_server_alone(url: str) -> Flask:
    """Make an app whose view sends blocks from memory, to measure how fast a server can send."""
    app = Flask("server_alone")

    @app.get(PATH)
    def data(task_id: str, name: str) -> Response:
        size = size_of(name)
        headers = {"Content-Length": f"{size}"}
        return Response(pieces(size), headers=headers, mimetype="application/octet-stream", direct_passthrough=True)

    return app


def make_naive(url: str) -> Flask:
    """Make an app with the usual view: a model with a `LargeBinary`, and `send_file`."""
    app, db = Flask("naive"), SQLAlchemy(model_class=Base)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)

    @app.get(PATH)
    def data(task_id: str, name: str) -> Response:
        found = db.get_or_404(Attachment, (task_id, name))
        return send_file(BytesIO(found.data), mimetype=found.mimetype, as_attachment=True, download_name=found.filename)

    @app.post(PATH)
    def upload(task_id: str, name: str) -> tuple[str, int]:
        sent = request.files["data"]
        columns = {"filename": sent.filename, "mimetype": sent.mimetype, "data": sent.read()}
        db.session.add(Attachment(task_id=task_id, name=name, **columns))
        db.session.commit()
        return "", 204

    return app


def make_by_hand(url: str) -> Flask:
    """Make the naive app with a view that checks nothing: the driver reads one row, and `send_file` answers."""
    app, engine = make_naive(url), create_engine(url, isolation_level="AUTOCOMMIT")  # one row needs no transaction
    mark, options = ("?", {}) if engine.dialect.name == "sqlite" else ("%s", {"binary": True})
    query = f"SELECT filename, mimetype, data FROM naive_attachment WHERE task_id = {mark} AND name = {mark}"

    def data(task_id: str, name: str) -> Response:
        with closing(engine.raw_connection()) as pooled:
            connection: Any = pooled.driver_connection
            found = connection.execute(query, (task_id, name), **options).fetchone()
        filename, mimetype, content = found or abort(404)
        return send_file(BytesIO(content), mimetype=mimetype, as_attachment=True, download_name=filename)

    app.view_functions["data"] = data
    return app


def make_ours(url: str) -> Flask:
    """Make an app with the extension, and a page about its connection pool."""
    app, db = Flask("ours"), SQLAlchemy()
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    if size := os.environ.get("BENCH_POOL"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": int(size), "max_overflow": 0}
    app.config["TASKVARS_CONTENTS"] = os.environ.get("BENCH_CONTENTS", "")
    app.config["TASKVARS_OFFLOAD"] = os.environ.get("BENCH_OFFLOAD", "")
    db.init_app(app)
    TaskVars(SQLAlchemyStorage(db), authorize=lambda action, task_id, name: True).init_app(app)

    @app.get("/pool")
    def pool() -> dict[str, int]:
        """Return the number of connections that are in use now."""
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        return {"out": pool.checkedout()}

    return app


def make_beside(url: str) -> Flask:
    """Make an app with the extension on the database of a live engine."""
    app = Flask("beside")
    storage = CamundaStorage(create_engine(url))
    TaskVars(storage, authorize=lambda action, task_id, name: True).init_app(app)
    return app


APPS = {
    "bare": make_bare,
    "server alone": make_server_alone,
    "naive": make_naive,
    "by hand": make_by_hand,
    "ours": make_ours,
    "beside": make_beside,
}

if name := os.environ.get("BENCH_APP"):
    app = APPS[name](os.environ.get("BENCH_URL", ""))
