"""A claims desk: a small host app with its own pages, models and users. It serves the files of its tasks."""

from __future__ import annotations

import secrets

from flask import Flask, render_template
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

from .access import USERS, require_login
from .browsers import add_headers
from .extensions import db, login, taskvars
from .history import keep_history
from .live import add_live_desk
from .pages import pages
from .words import add_words


def create_app(**config: object) -> Flask:
    """Make the app.

    :param config: keys of `app.config`; they win over variables of the environment named `FLASK_<KEY>`.
    """
    app = Flask(__name__)
    app.config["SECRET_KEY"] = secrets.token_hex()  # a restart ends all logins; a real app keeps its key
    app.config["SESSION_COOKIE_NAME"] = "claims-desk"  # apps on other ports of this host share its cookies
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]  # prevents DNS rebinding
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///claims.db"  # in the folder `instance` of the checkout
    app.config["RECORDING_SIZE"] = 100_000_000
    app.config["UNDO_SECONDS"] = 10  # how long a user can undo a deletion
    app.config.from_prefixed_env()
    app.config.update(config)

    db.init_app(app)
    login.init_app(app)
    taskvars.init_app(app)
    app.jinja_env.globals["names"] = {user.id: user.name for user in USERS.values()}
    keep_history(app)
    add_words(app)
    app.register_blueprint(pages)
    if app.config.get("ENGINE_DATABASE_URI"):
        add_live_desk(app)
    app.before_request(require_login)
    app.after_request(add_headers)
    for error in (Forbidden, NotFound):
        app.register_error_handler(error, show_error)
    return app


def show_error(error: HTTPException) -> tuple[str, int]:
    """Show an error as a page. The mounts of flask-taskvars answer their errors themselves."""
    return render_template("error.html", error=error), error.code or 500
