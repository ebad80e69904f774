"""Findings of a check or a move: contents that are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Row, Table, select

from ..sql.database import Database

_BATCH = 100
"""Variables in one statement."""

Kind: TypeAlias = Literal["missing", "altered", "left over", "unmarked"]
"""`missing`: some or all bytes of a variable are missing. `altered`: they differ from those that were stored.
`left over`: neither a variable nor the journal refers to the bytes. `unmarked`: a store lacks its database's name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong content or store.

    :param store: the content store's name in the variables' rows; None for the database itself.
    :param scope, name: the variable with these bytes; None for leftover bytes.
    """

    kind: Kind
    store: str | None
    content_id: str
    scope: str | None = None
    name: str | None = None

    @classmethod
    def about(cls, kind: Kind, row: Row[Any]) -> Finding:
        """Make a finding about a variable."""
        return cls(kind, row.store, row.content_id, row.scope_id, row.name)


def rows_with_content(database: Database, variable: Table, *where: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Read the rows of variables with contents, in batches, without a connection between two batches."""
    last, batch = "", select(variable).where(*where).order_by(variable.c.content_id).limit(_BATCH)
    while True:
        rows = database.named(batch.where(variable.c.content_id > last), {})
        yield from rows
        if len(rows) < _BATCH:
            return
        last = rows[-1].content_id


def still_has(database: Database, variable: Table, row: Row[Any]) -> bool:
    """Whether a variable still has the same content. If not, a sweep may have deleted the old one: nothing is wrong."""
    here = (variable.c.scope_id == row.scope_id, variable.c.name == row.name)
    found = database.named(select(variable.c.content_id).where(*here), {})
    return [one.content_id for one in found] == [row.content_id]
