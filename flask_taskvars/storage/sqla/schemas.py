"""Refuse a joined session that has our tables in another schema than we have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from ...errors import ConfigError
from ..sql.database import OwnTransactions
from .tables import Tables

_OPTION = "schema_translate_map"


def is_translated(connection: Connection) -> bool:
    """Whether a connection may have our tables in another schema than their definition says."""
    return bool(connection.get_execution_options().get(_OPTION))


def check_schemas(connection: Connection, tables: Tables, own: OwnTransactions) -> None:
    """Compare where the session and our own transactions have the tables.

    :raises ConfigError: a table is in two schemas.
    """
    theirs = _schemas(tables, connection.get_execution_options())
    if theirs == _schemas(tables, own.options):
        return
    with own.read() as beside:  # a listener of the host's may translate each connection
        ours = _schemas(tables, beside.get_execution_options())
    for name, schema in theirs.items():
        if schema != ours[name]:
            raise ConfigError(
                f"The session has {name} in {_told(schema)}, and the storage has it in {_told(ours[name])}. A sweep "
                "would delete bytes in a content store that the session's variables need. Join a session that has the "
                f"same {_OPTION} as the storage; for a schema per tenant, make a storage for each, with content stores "
                f"of its own: SQLAlchemyStorage(engine.execution_options({_OPTION}=…), contents=…)."
            )


def _schemas(tables: Tables, options: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the schema of each table."""
    translated = options.get(_OPTION) or {}
    return {table.name: translated.get(table.schema, table.schema) for table in tables.all}


def _told(schema: str | None) -> str:
    return f"the schema {schema!r}" if schema else "the default schema"
