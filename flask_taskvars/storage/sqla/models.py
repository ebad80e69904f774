"""The tables, as mixins for the host's own models and as ready-made ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import DDL, BigInteger, ColumnElement, Dialect, LargeBinary, Row, String, Table, Text, case, event
from sqlalchemy.dialects.mysql import LONGTEXT, VARBINARY
from sqlalchemy.orm import Mapped, mapped_column, registry
from sqlalchemy.types import TypeDecorator, TypeEngine

from ...values import BLOCK
from ..base import MAX_KEY

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

INLINE = 64 * 1024
"""Bytes up to which a content lies in its variable's row; a longer one lies in chunk rows."""


class Key(TypeDecorator[str]):
    """Text that is compared as it is. On MySQL and MariaDB bytes, because their collations fold case and pad spaces."""

    impl = String(MAX_KEY)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(VARBINARY(4 * MAX_KEY))
        return dialect.type_descriptor(String(MAX_KEY))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | bytes | None:
        if value is None or dialect.name not in ("mysql", "mariadb"):
            return value
        return value.encode()

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> str | None:
        return value.decode() if isinstance(value, bytes) else value


LongText = Text().with_variant(LONGTEXT, "mysql", "mariadb")


class ScopeMixin:
    """A scope: a task, or something around tasks that holds variables."""

    __tablename__ = "taskvars_scope"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(Key, index=True)
    is_task: Mapped[bool]


class VariableMixin:
    """A variable. JSON is stored as ASCII text, which keeps every character on every database."""

    __tablename__ = "taskvars_variable"

    scope_id: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Key, primary_key=True)
    type: Mapped[str] = mapped_column(Key)
    value: Mapped[str | None] = mapped_column(LongText)
    info: Mapped[str] = mapped_column(LongText)
    content_id: Mapped[str | None] = mapped_column(String(32), index=True)
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    modified: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[bytes | None] = mapped_column(LargeBinary(INLINE))


class ChunkMixin:
    """A piece of a content: all but the last are of one size, and none ever changes."""

    __tablename__ = "taskvars_chunk"

    content_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary(BLOCK))


class StoredVariable(NamedTuple):
    """A variable's row."""

    scope_id: str
    name: str
    type: str
    value: str
    info: str
    content_id: str | None
    size: int
    sha256: str
    modified: int
    data: bytes | None


VariableFound: TypeAlias = StoredVariable | Row[*tuple[Any, ...]]


def ready_made(db: SQLAlchemy, mixin: type[ScopeMixin | VariableMixin | ChunkMixin]) -> Table:
    """The host's table of the mixin's name, made on first use, so that two storages share one set of tables.

    The table is the host's, for `db.create_all()` and migrations; the class is not, and takes no name from its models.
    """
    for table in db.metadata.tables.values():
        if table.name == mixin.__tablename__:
            return table
    base = registry(metadata=db.metadata).generate_base()
    return table_of(type(mixin.__name__, (mixin, base), {"__module__": __name__}))


def table_of(model: type) -> Table:
    """The table of a model."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    if "data" in table.c:
        keep_uncompressed(table)
    return table


def keep_uncompressed(table: Table) -> None:
    """Make PostgreSQL store `data` as it is: it slices and reads that at once, and mostly gains nothing by packing."""
    statement = DDL("ALTER TABLE %(fullname)s ALTER COLUMN data SET STORAGE EXTERNAL")  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", statement.execute_if(dialect="postgresql"))


def listed(variable: Table) -> list[ColumnElement[Any]]:
    """The columns for a list, which shows the value of Bytes, but only the name of a File."""
    data = case((variable.c.type == "Bytes", variable.c.data)).label("data")
    return [*(column for column in variable.c if column.name != "data"), data]
