"""For tests of the journal: values long enough to get a row there, and functions to look at the journal."""

from __future__ import annotations

import sqlalchemy as sa

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.storage.sqla.findings import Finding
from flask_taskvars.storage.sqla.stores import GivenContents
from flask_taskvars.values import BLOCK
from tests.support.storage_examples import pattern

LARGE, OTHER = pattern(3 * BLOCK), bytes(2 * BLOCK)


def opened(engine: sa.Engine, contents: GivenContents) -> SQLAlchemyStorage:
    return SQLAlchemyStorage(engine, contents=contents)


def journal(storage: SQLAlchemyStorage, engine: sa.Engine) -> list[str]:
    """Return the states of all rows of the journal."""
    table = storage.metadata.tables["taskvars_journal"]
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(table.c.state).where(table.c.id >= 0).order_by(table.c.id)))


def findings(storage: SQLAlchemyStorage, *, deep: bool = True, repair: bool = False) -> list[Finding]:
    checker = storage.checker()
    return [*checker.stores(-3600, repair), *checker.variables(deep, lambda size: None)]
