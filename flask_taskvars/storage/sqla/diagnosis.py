"""Examine what the storage depends on: the database, its tables, its clock, and the content stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, extract, func, inspect, select

from ...contents.base import ContentStore
from ...errors import ConfigError, StorageUnavailable
from ..sql.database import Database
from .markers import Markers
from .stores import Stores
from .tables import Tables

MAX_DRIFT = 2.0
"""Seconds that the clocks of the app and its database may differ."""


class Examined(NamedTuple):
    """One examined thing.

    :param subject: what was examined, such as `tables` or `store files`.
    :param problem: what is wrong and what to do; empty if all is well.
    """

    subject: str
    problem: str = ""


def diagnose(database: Database, tables: Tables, stores: Stores, markers: Markers) -> Iterator[Examined]:
    """Examine the database, its tables, its clock and each content store, and yield a result for each."""
    try:
        with database.read() as connection:
            problems = {"tables": _missing(connection, tables), "clock": _drift(connection)}
    except StorageUnavailable as error:
        yield Examined("database", f"It can't be reached: {type(error.__cause__ or error).__name__}.")
        return
    yield Examined("database")
    yield from (Examined(subject, problem) for subject, problem in problems.items())
    for name, store in stores.external().items():
        yield Examined(f"store {name}", _unusable(database, name, store, markers))


def _unusable(database: Database, name: str, store: ContentStore, markers: Markers) -> str:
    try:
        store.check()
        markers.check(database, name, store)
    except ConfigError as error:
        return str(error)
    except StorageUnavailable as error:
        return f"It can't be reached: {type(error.__cause__ or error).__name__}."
    return ""


def _missing(connection: Connection, tables: Tables) -> str:
    inspector, missing = inspect(connection), list[str]()
    for table in tables.all:
        if not inspector.has_table(table.name, table.schema):
            missing.append(table.name)
        else:
            there = {column["name"] for column in inspector.get_columns(table.name, table.schema)}
            missing += _columns(table, there)
    return f"Missing: {', '.join(missing)}. Run your migrations, or `flask taskvars init-db`." if missing else ""


def _columns(table: Table, there: set[str]) -> list[str]:
    return [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]


def _drift(connection: Connection) -> str:
    """Compare the clocks of the app and the database. SQLite uses the app's clock."""
    match connection.dialect.name:
        case "postgresql":
            clock: ColumnElement[Any] = extract("epoch", func.clock_timestamp())
        case "mysql" | "mariadb":
            clock = func.unix_timestamp(func.now(6))
        case _:
            return ""
    drift = float(connection.execute(select(clock)).scalar_one()) - time.time()
    if abs(drift) <= MAX_DRIFT:
        return ""
    return f"The database's clock differs from the app's by {drift:+.0f} s: synchronize both by NTP."
