"""The desk's own pages."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from .access import USERS, with_password
from .extensions import db, storage
from .listing import listed
from .models import Task

pages = Blueprint("desk", __name__)


@pages.route("/login", methods=["GET", "POST"])
def log_in() -> ResponseReturnValue:
    """Ask for a name and a password."""
    if request.method == "GET":
        return render_template("login.html", users=USERS.values())
    user = with_password(request.form.get("user"), request.form.get("password"))
    if user is None:
        return render_template("login.html", users=USERS.values(), refused=True), 401
    login_user(user)
    return redirect(url_for("desk.tasks"))


@pages.post("/logout")
def log_out() -> ResponseReturnValue:
    """Forget who is there."""
    logout_user()
    return redirect(url_for("desk.log_in"))


@pages.get("/")
def tasks() -> str:
    """The user's own tasks, claim by claim."""
    own = db.select(Task).where(Task.assignee == current_user.id).order_by(Task.claim_id, Task.title)
    return render_template("tasks.html", tasks=db.session.scalars(own).all())


@pages.get("/tasks/<task_id>")
def task(task_id: str) -> str:
    """One task with all variables that it sees: its own, and those of its claim."""
    found = db.get_or_404(Task, task_id)
    if found.assignee != current_user.id:
        abort(403)
    variables = listed(storage.get_all(task_id), task_id, outer=storage.get_all(found.claim_id))
    around = {"around": "claim", "outside": found.claim_id, "subtitle": found.claim.title}
    return render_template("task.html", task=found, variables=variables, mount="taskvars", **around)
