"""The desk's own pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from flask import Blueprint, Response, abort, redirect, render_template, request, session, stream_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from .access import USERS, with_password
from .browsers import refuse_other_sites
from .downloads import zipped
from .extensions import db, storage
from .history import changes_of, etag_of
from .listing import Listed, listed
from .models import Task
from .words import ago
from .worklist import worklist

pages = Blueprint("desk", __name__)
pages.before_request(refuse_other_sites)


@pages.route("/login", methods=["GET", "POST"])
def log_in() -> ResponseReturnValue:
    """Ask for a name and a password."""
    if request.method == "GET":
        return render_template("login.html", users=USERS.values())
    user = with_password(request.form.get("user"), request.form.get("password"))
    if user is None:
        return render_template("login.html", users=USERS.values(), refused=True), 401
    login_user(user)
    return redirect(session.pop("wanted", url_for("desk.tasks")))


@pages.post("/logout")
def log_out() -> ResponseReturnValue:
    """Log the user out."""
    logout_user()
    return redirect(url_for("desk.log_in"))


@pages.get("/")
def tasks() -> str:
    """Show the tasks that the user may see, as a worklist."""
    order = request.args.get("sort", "due")
    return render_template("tasks.html", work=worklist(order), order=order)


@pages.get("/tasks/<task_id>")
def task(task_id: str) -> Iterator[str]:
    """Show one task with its own variables and those of its claim. The page is streamed, so its head arrives early."""
    found = visible_task(task_id)
    around = {"around": "claim", "outside": found.claim_id, "subtitle": found.claim.title}
    access = {"mount": "taskvars", "read_only": not current_user.may("write", found)}
    return stream_template("task.html", task=found, variables=variables_of(found), **around, **access)


@pages.post("/tasks/<task_id>/files.zip")
def files(task_id: str) -> Response:
    """Send the files of a task that a form names, as one ZIP archive."""
    found = visible_task(task_id)
    return zipped(variables_of(found), found.title)


@pages.get("/tasks/<task_id>/changed")
def changed(task_id: str) -> ResponseReturnValue:
    """Tell who changed a variable last, and how long ago. The answer is empty if that is unknown."""
    visible_task(task_id)
    name = request.args.get("name", "")
    scope = storage.get(task_id, name).scope
    change = changes_of(scope).get((scope, name))
    return {"by": USERS[change.user].name, "ago": ago(change.at.replace(tzinfo=UTC))} if change else {}


def visible_task(task_id: str) -> Task:
    """Return a task if the user may see it."""
    found = db.get_or_404(Task, task_id)
    if not current_user.may("read", found):
        abort(403)
    return found


def variables_of(task: Task) -> list[Listed]:
    """Return the variables that a task sees, each with the user who wrote it."""
    visible = storage.get_all(task.id)
    changes = changes_of(task.id, task.claim_id)
    authors = {
        (variable.scope, name): change.user
        for name, variable in visible.items()
        if (change := changes.get((variable.scope, name))) and change.etag == etag_of(variable)
    }
    return listed(visible, task.id, storage.get_all(task.claim_id), authors)
