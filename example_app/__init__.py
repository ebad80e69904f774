"""A claims desk: a small host app with pages and models of its own that serves the files of its tasks."""

from __future__ import annotations

from flask import Flask, render_template
from werkzeug.exceptions import NotFound

from .extensions import db, taskvars
from .pages import pages


def create_app(**config: object) -> Flask:
    """Make the app.

    :param config: keys of `app.config`; they win over variables of the environment named `FLASK_<KEY>`.
    """
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///desk.db"  # in the folder `instance` of the checkout
    app.config["RECORDING_SIZE"] = 100_000_000
    app.config.from_prefixed_env()
    app.config.update(config)

    db.init_app(app)
    taskvars.init_app(app)
    app.register_blueprint(pages)
    app.register_error_handler(NotFound, _not_found)
    return app


def _not_found(error: NotFound) -> tuple[str, int]:
    return render_template("not_found.html"), 404
