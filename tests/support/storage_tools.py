"""Look at the database behind a storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.contract.golden.world import Storage
from tests.support.desk import Desk

SERVERS = ("sqlite", "postgresql", "mariadb")


def parts(desk: Desk) -> tuple[SQLAlchemyStorage, SQLAlchemy]:
    """Return the storage and the database of a desk that has a database."""
    assert isinstance(desk.storage, SQLAlchemyStorage)
    assert desk.db is not None
    return desk.storage, desk.db


@contextmanager
def one_transaction(desk: Desk) -> Iterator[Storage]:
    """Yield the desk's storage, with all writes in one transaction."""
    if isinstance(desk.storage, SQLAlchemyStorage) and desk.db:
        yield desk.storage.join(desk.db.session)
        desk.db.session.commit()
    else:
        yield desk.storage


def patient(url: str | None) -> str:
    """Return a URL that lets SQLite wait longer for other writers. Its five seconds are too few on a busy disk."""
    assert url is not None
    return f"{url}?timeout=60" if url.startswith("sqlite") else url


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Yield a list that collects the executed SQL statements."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def count(db: SQLAlchemy, table: str, bind_key: str | None = None) -> int:
    """Count the rows of a table."""
    with db.engines[bind_key].connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
