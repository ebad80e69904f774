"""The desk's own tables. Each claim and each task is a scope of variables as well, under the same id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
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


class Change(db.Model):  # type: ignore[name-defined, misc]
    """Who wrote a variable last, and when (UTC).

    :param etag: of the content that was written: another program may have written another one since.
    """

    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    user: Mapped[str]
    etag: Mapped[str | None]
    at: Mapped[datetime]
