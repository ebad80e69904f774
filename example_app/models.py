"""The desk's own tables. Each claim and each task is also a scope of variables with the same id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .extensions import db


class Claim(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes this class at run time
    """An insured person's claim for money."""

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    tasks: Mapped[list[Task]] = relationship(back_populates="claim", order_by="Task.title")


class Task(db.Model):  # type: ignore[name-defined, misc]
    """One step on the way to a decision. It belongs to its assignee."""

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    assignee: Mapped[str]
    claim_id: Mapped[str] = mapped_column(ForeignKey(Claim.id))
    claim: Mapped[Claim] = relationship(back_populates="tasks")


class Change(db.Model):  # type: ignore[name-defined, misc]
    """A record of who wrote a variable last, and when (UTC).

    :param etag: the tag of the written content. A different tag now means that another program has changed it since.
    """

    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    user: Mapped[str]
    etag: Mapped[str | None]
    at: Mapped[datetime]
