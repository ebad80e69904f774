"""Ask a driver's connection whether it is in a transaction, and whether it leads to a pooler."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, PoolProxiedConnection, func, select

_IDLE = 0
_SEEN = "taskvars_pooler_seen"


def is_idle(pooled: PoolProxiedConnection) -> bool:
    """Whether a connection of psycopg or psycopg2 is outside of a transaction. Only then can it change autocommit."""
    connection: Any = pooled.driver_connection
    return bool(connection.info.transaction_status == _IDLE)


def avoid_prepared(pooled: PoolProxiedConnection) -> None:
    """Switch psycopg's prepared statements off if the connection leads to a pooler. Check once for each connection.

    Psycopg prepares a frequent statement under a name, such as `_pg3_0`, and then sends only the name. A pooler in
    transaction mode may pass the name to another connection of the server, which does not know it or has another
    client's statement under it. Without prepared statements everything works, a little more slowly; this also concerns
    the host's own statements on this connection.
    """
    if _SEEN in pooled.info:
        return
    connection: Any = pooled.driver_connection
    if connection.prepare_threshold is not None and _is_behind_pooler(connection, is_idle(pooled)):
        connection.prepare_threshold = None
    pooled.info[_SEEN] = True


def leads_to_pooler(connection: Connection) -> bool:
    """Whether a connection to PostgreSQL leads to a pooler. Only psycopg and psycopg2 can tell; others return False."""
    driver: Any = connection.connection.driver_connection
    return hasattr(driver, "info") and _is_invented(driver, connection.scalar(select(func.pg_backend_pid())))


def _is_behind_pooler(connection: Any, idle: bool) -> bool:
    """Ask, and leave no transaction behind."""
    before = connection.autocommit
    if idle:
        connection.autocommit = True
    try:
        [process] = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    finally:
        if idle and not connection.closed:
            connection.autocommit = before
    return _is_invented(connection, process)


def _is_invented(connection: Any, process: int | None) -> bool:
    """Recognize a pooler by the process id from the log-in: a pooler invents one, PostgreSQL sends its own."""
    return bool(process != connection.info.backend_pid)
