"""The users of the desk, their login, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import compare_digest

from flask import Request, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user

from flask_taskvars import Forbidden

from .extensions import db, login, taskvars
from .models import Task


@dataclass(frozen=True)
class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """A person who works at the desk."""

    id: str
    name: str
    password: str  # the login page shows it; a real desk keeps hashes
    reads_all: bool = False
    """Whether this is an auditor, who may read everything and change nothing."""

    def may(self, action: str, task: Task) -> bool:
        """Tell whether the user may read, write or delete the variables of a task."""
        return task.assignee == self.id or (action == "read" and self.reads_all)


ADA, BEN, CLEO = (
    User("ada", "Ada Keller", "ada"),
    User("ben", "Ben Moreau", "ben"),
    User("cleo", "Cleo Vogt", "cleo", True),
)
USERS = {user.id: user for user in (ADA, BEN, CLEO)}


def with_password(user_id: str | None, password: str | None) -> User | None:
    """Return the user with this name and password."""
    user = USERS.get(user_id or "")
    return user if user and compare_digest(user.password.encode(), (password or "").encode()) else None


@login.user_loader  # type: ignore[untyped-decorator]
def from_session(user_id: str) -> User | None:
    """Return the user who has logged in with a browser."""
    return USERS.get(user_id)


@login.request_loader  # type: ignore[untyped-decorator]
def from_authorization(request: Request) -> User | None:
    """Return the user whose name and password a program sends: `curl -u ada:ada …`."""
    given = request.authorization
    return with_password(given.username, given.password) if given and given.type == "basic" else None


def require_login() -> ResponseReturnValue | None:
    """Show only the login page before the login: nobody else learns which tasks exist. Runs before every request."""
    if current_user.is_authenticated or request.endpoint in (None, "static", "desk.log_in", "words.for_scripts"):
        return None
    if request.blueprint not in ("desk", "engine"):
        abort(401)  # the mount answers in JSON, for programs and scripts
    if request.method == "GET" and request.headers.get("Sec-Fetch-Dest", "document") == "document":  # no script
        session["wanted"] = request.full_path.rstrip("?")  # a query parameter could lead to another site
    return redirect(url_for("desk.log_in"))


@taskvars.authorize
def may(action: str, task_id: str, name: str | None) -> bool:
    """Let users do everything in their own tasks. Other tasks are closed to them; auditors may read them."""
    task = db.session.get(Task, task_id)
    if task is None or not current_user.may(action, task):
        raise Forbidden(current_user.id)
    return True
