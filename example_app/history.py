"""Record who changed each variable last, from the signals of flask-taskvars."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from flask import Flask, request
from flask_login import current_user

from flask_taskvars import Bytes, File
from flask_taskvars.errors import VariableNotFound
from flask_taskvars.signals import variable_written
from flask_taskvars.values import Content, Variable

from .extensions import db, storage
from .models import Change


def keep_history(app: Flask) -> None:
    """Record each change that comes through the desk's own mount."""
    variable_written.connect(note, app)


def note(app: Flask, task_id: str, name: str, size: int | None) -> None:
    """Record who wrote a variable just now. The live engine keeps its own history."""
    if request.blueprint != "taskvars":
        return
    with suppress(VariableNotFound):  # another user may have deleted it since
        remember(storage.get(task_id, name), current_user.id)
        db.session.commit()


def remember(variable: Variable, user: str) -> None:
    """Record in the desk's session that a user wrote a variable's present content."""
    now = datetime.now(UTC).replace(tzinfo=None)
    change = Change(scope=variable.scope, name=variable.name, user=user, etag=etag_of(variable), at=now)
    db.session.merge(change)


def etag_of(variable: Variable) -> str | None:
    """Return the tag of a variable's content; None for a value that is not binary."""
    value = variable.value
    content = value.content if isinstance(value, (Bytes, File)) else None
    return content.etag if isinstance(content, Content) else None


def changes_of(*scopes: str) -> dict[tuple[str, str], Change]:
    """Return the last changes in some scopes, by scope and name."""
    found = db.session.scalars(db.select(Change).where(Change.scope.in_(scopes)))
    return {(change.scope, change.name): change for change in found}
