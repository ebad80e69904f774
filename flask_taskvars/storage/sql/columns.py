"""Column types for all supported databases."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import DDL, Dialect, LargeBinary, String, Table, Text, event
from sqlalchemy.dialects.mysql import LONGTEXT, MEDIUMBLOB, VARBINARY

from ..base import MAX_KEY


class Utf8(VARBINARY):
    """Text, stored as its bytes in UTF-8.

    Alembic writes a type as its module and its `repr`. We give SQLAlchemy's own, `sa.VARBINARY(length=1020)`, so that
    migrations import nothing from us and run with every later version.
    """

    __module__ = VARBINARY.__module__

    def __repr__(self) -> str:
        return f"VARBINARY(length={self.length})"

    # For SQLAlchemy these are bytes.
    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], bytes | None]:  # type: ignore[override]
        return lambda text: None if text is None else text.encode()

    def result_processor(  # type: ignore[override]
        self, dialect: Dialect, coltype: object
    ) -> Callable[[bytes | None], str | None]:
        return lambda value: None if value is None else value.decode()


class Key(String):
    """Text that is compared exactly. On MySQL and MariaDB it is bytes: their collations ignore case and spaces."""

    def __new__(cls, length: int = MAX_KEY) -> String:  # type: ignore[misc]  # migrations of 0.1.0 call it so
        return String(length).with_variant(Utf8(4 * length), "mysql", "mariadb")


LongText = Text().with_variant(LONGTEXT, "mysql", "mariadb")


def blob(size: int) -> LargeBinary:
    """Bytes up to a size. On MySQL and MariaDB, which have several types, we use the one for up to 16 MiB."""
    return LargeBinary(size).with_variant(MEDIUMBLOB(), "mysql", "mariadb")


_KEEP = DDL("ALTER TABLE %(fullname)s ALTER COLUMN data SET STORAGE EXTERNAL")  # type: ignore[no-untyped-call]
_KEEP = _KEEP.execute_if(dialect="postgresql")


def keep_uncompressed(table: Table) -> None:
    """Make PostgreSQL store `data` uncompressed, to read slices quickly. Most files are compressed already."""
    event.listen(table, "after_create", _KEEP)  # SQLAlchemy keeps the same listener only once
