"""The desk's own pages."""

from __future__ import annotations

from flask import Blueprint, render_template

from .extensions import db, storage
from .models import Claim, Task

pages = Blueprint("desk", __name__)


@pages.get("/")
def claims() -> str:
    """All claims with their tasks."""
    found = db.session.scalars(db.select(Claim).order_by(Claim.id))
    return render_template("claims.html", claims=found)


@pages.get("/tasks/<task_id>")
def task(task_id: str) -> str:
    """One task with all variables that it sees: its own, and those of its claim."""
    found = db.get_or_404(Task, task_id)
    return render_template("task.html", task=found, variables=storage.get_all(task_id))
