"""The worklist: each task with some facts and its number of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_login import current_user

from flask_taskvars import Value

from .access import USERS
from .extensions import db, storage
from .models import Task
from .words import DATE

COLUMNS = ("title", "claim", "insured", "due", "files", "who")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Work:
    """One line of the worklist.

    :param due: the variable `due` of the task, or that of the claim.
    :param files: how many files the task sees.
    """

    id: str
    title: str
    claim: str
    insured: str
    due: datetime | None
    files: int
    who: str

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < datetime.now(UTC)


def worklist(order: str) -> list[Work]:
    """Return the tasks that the user may see.

    :param order: the column to sort by; a minus in front reverses the order. By default, the next due task comes first.
    """
    wanted = db.select(Task).order_by(Task.title, Task.id)
    if not current_user.reads_all:
        wanted = wanted.where(Task.assignee == current_user.id)
    work = list(_work(db.session.scalars(wanted).all()))
    column = order.removeprefix("-")
    return sorted(work, key=lambda one: _key(one, column), reverse=order.startswith("-"))


def _key(work: Work, column: str) -> tuple[object, ...]:
    value = getattr(work, column) if column in COLUMNS else None
    return (value.casefold() if isinstance(value, str) else value if value is not None else work.due or NEVER,)


def _work(tasks: Iterable[Task]) -> Iterable[Work]:
    counted = _files()
    for task in tasks:
        insured, due = _fact(task.claim_id, "insured"), _fact(task.id, "due") or _fact(task.claim_id, "due")
        who = USERS[task.assignee].name
        files = counted.get(task.id, 0)
        yield Work(task.id, task.title, task.claim.title, str(insured or ""), _moment(due), files, who)


def _fact(scope: str, name: str) -> object:
    found = storage.held(scope, name)
    return found.value.value if found and isinstance(found.value, Value) else None


def _moment(text: object) -> datetime | None:
    """Parse a Date in the contract's format."""
    return datetime.strptime(text, DATE) if isinstance(text, str) else None


def _files() -> dict[str, int]:
    """Count the files that each task sees, with one statement on the table of variables."""
    variable = storage.metadata.tables["taskvars_variable"].c
    here = variable.scope_id.in_([Task.id, Task.claim_id]) & variable.type.in_(["File", "Bytes"])
    counted = db.select(Task.id, db.func.count(variable.name.distinct())).join(variable.name.table, here)
    return {row[0]: row[1] for row in db.session.execute(counted.group_by(Task.id))}
