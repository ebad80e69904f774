"""The tables of an early development version of 0.1.0, as its `create_all` made them, with some rows."""

from __future__ import annotations

import sqlalchemy as sa

TABLES = """
CREATE TABLE taskvars_variable (
    scope_id {key} NOT NULL,
    name {key} NOT NULL,
    type {key} NOT NULL,
    value {text},
    info {text} NOT NULL,
    content_id VARCHAR(32),
    size BIGINT,
    sha256 VARCHAR(64),
    modified BIGINT,
    data {inline},
    PRIMARY KEY (scope_id, name)
);
CREATE INDEX ix_taskvars_variable_content_id ON taskvars_variable (content_id);
CREATE TABLE taskvars_chunk (
    content_id VARCHAR(32) NOT NULL,
    number INTEGER NOT NULL,
    data {block} NOT NULL,
    PRIMARY KEY (content_id, number)
);
CREATE TABLE taskvars_scope (
    id {key} NOT NULL,
    parent_id {key},
    is_task BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_taskvars_scope_parent_id ON taskvars_scope (parent_id)
"""
TYPES = {
    "sqlite": {"key": "VARCHAR(255)", "text": "TEXT", "inline": "BLOB", "block": "BLOB"},
    "postgresql": {"key": "VARCHAR(255)", "text": "TEXT", "inline": "BYTEA", "block": "BYTEA"},
    "mysql": {"key": "VARBINARY(1020)", "text": "LONGTEXT", "inline": "BLOB(65536)", "block": "BLOB(262144)"},
}


ROWS: dict[str, list[dict[str, object]]] = {
    "taskvars_scope": [
        {"id": "claim-17", "parent_id": None, "is_task": False},
        {"id": "tâsk ", "parent_id": "claim-17", "is_task": True},
    ],
    "taskvars_variable": [
        {"scope_id": "tâsk ", "name": "amount", "type": "Integer", "value": "42", "info": "{}"},
        {
            "scope_id": "claim-17",
            "name": "policy",
            "type": "File",
            "info": r'{"filename": "p\u00f6licy.pdf", "mimeType": "application/pdf", "encoding": "UTF-8"}',
            "content_id": "18eb54efb66fb53c58eb1456ac9b9d24",
            "size": 8,
            "sha256": "86edbaa24831badfa0a8b04bb410141e2ee4182b6d0014493fe262a7a331c20b",
            "modified": 1795622264,
            "data": b"%PDF-1.7",
        },
        {
            "scope_id": "tâsk ",
            "name": "recording",
            "type": "Bytes",
            "info": "{}",
            "content_id": "18eb54efb687fa920bcd3f6e7f84d6fd",
            "size": 262145,
            "sha256": "2f6ae8002525e46a271fb164f38c94fc7d1d9de2f2536c99a46aa639e2bdfcfb",
            "modified": 1795622264,
        },
    ],
    "taskvars_chunk": [
        {"content_id": "18eb54efb687fa920bcd3f6e7f84d6fd", "number": 0, "data": bytes([0x89]) * 262144},
        {"content_id": "18eb54efb687fa920bcd3f6e7f84d6fd", "number": 1, "data": bytes([0x89])},
    ],
}
_KEYS = {"id", "parent_id", "scope_id", "name", "type"}


def make(engine: sa.Engine) -> None:
    """Create the tables and their rows."""
    with engine.begin() as connection:
        for statement in TABLES.format(**TYPES[engine.dialect.name]).split(";"):
            connection.execute(sa.text(statement))
        for name, rows in ROWS.items():
            for row in rows:
                table = sa.table(name, *map(sa.column, row))
                connection.execute(sa.insert(table).values({key: _stored(engine, key, row[key]) for key in row}))


def _stored(engine: sa.Engine, key: str, value: object) -> object:
    """Return a value as the table stores it: on MariaDB, keys are bytes."""
    return value.encode() if engine.name == "mysql" and key in _KEYS and isinstance(value, str) else value
