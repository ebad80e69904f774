"""Examine what the storage depends on: the database, its tables and limits, its clock, and the content stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, extract, func, inspect, select, text

from ...contents.base import ContentStore
from ...errors import ConfigError, StorageUnavailable
from ...values import BLOCK
from ..sql.database import Database
from ..sql.drivers import leads_to_pooler
from .chunks import BATCH
from .markers import Markers
from .stores import Stores
from .tables import Tables

MAX_DRIFT = 2.0
"""Seconds that the clocks of the app and its database may differ."""

PACKET = 2**20
"""Bytes that a statement to MariaDB or MySQL may have. A block has up to twice its length, because the drivers write it
as text; and PyMySQL sends several rows together, up to 1,024,000 bytes."""

_TOGETHER = {"mysqlconnector": BATCH * (2 * BLOCK + 1024)}
"""The drivers that send all rows together, whatever their length, and how many bytes these may have."""

_BY_STATEMENT = "statement pooling mode"
"""What PgBouncer says when it refuses a transaction."""


class Examined(NamedTuple):
    """One examined thing.

    :param subject: what was examined, such as `tables` or `store files`.
    :param problem: what is wrong and what to do; empty if all is well.
    """

    subject: str
    problem: str = ""


def diagnose(database: Database, tables: Tables, stores: Stores, markers: Markers) -> Iterator[Examined]:
    """Examine the database, its tables, its clock and each content store, and yield a result for each.

    If there is a pooler in front of PostgreSQL, yield a result for it too; on MariaDB and MySQL, one for the limit
    `max_allowed_packet`.
    """
    try:
        with database.read() as connection:
            problems = {"tables": _missing(connection, tables), "clock": _drift(connection)}
            problems |= _around(connection)
    except StorageUnavailable as error:
        yield _unreachable_database(error)
        return
    yield Examined("database")
    yield from (Examined(subject, problem) for subject, problem in problems.items())
    for name, store in stores.external().items():
        yield Examined(f"store {name}", _unusable(database, name, store, markers))


def _unreachable_database(error: StorageUnavailable) -> Examined:
    if _BY_STATEMENT in str(error.__cause__):
        return Examined("pooler", "It refuses transactions: set `pool_mode = transaction`.")
    return Examined("database", _unreachable(error))


def _unreachable(error: StorageUnavailable) -> str:
    return f"It can't be reached: {type(error.__cause__ or error).__name__}."


def _unusable(database: Database, name: str, store: ContentStore, markers: Markers) -> str:
    try:
        store.check()
        markers.check(database, name, store)
    except ConfigError as error:
        return str(error)
    except StorageUnavailable as error:
        return _unreachable(error)
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


def _around(connection: Connection) -> dict[str, str]:
    """Examine what only some databases have."""
    match connection.dialect.name:
        case "postgresql" if leads_to_pooler(connection):
            return {"pooler": ""}
        case "mysql" | "mariadb":
            return {"max_allowed_packet": _too_short(connection)}
    return {}


def _too_short(connection: Connection) -> str:
    limit: int = connection.execute(text("SELECT @@max_allowed_packet")).scalar_one()
    needed = _TOGETHER.get(connection.dialect.driver, PACKET)
    if limit >= needed:
        return ""
    return f"The server takes {limit} bytes at once, and values may need more: set it to {needed} at least."
