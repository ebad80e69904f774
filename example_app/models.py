"""The desk's own tables. Each claim and each task is a scope of variables as well, under the same id."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .extensions import db


class Claim(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes this class at run time
    """What somebody wants to have paid."""

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    tasks: Mapped[list[Task]] = relationship(back_populates="claim", order_by="Task.title")


class Task(db.Model):  # type: ignore[name-defined, misc]
    """One step on the way to a decision, and whose it is."""

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    assignee: Mapped[str]
    claim_id: Mapped[str] = mapped_column(ForeignKey(Claim.id))
    claim: Mapped[Claim] = relationship(back_populates="tasks")
