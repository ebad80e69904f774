"""The tables, as mixins for the host's own models and as ready-made tables."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    case,
    func,
    literal_column,
    null,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, registry

from ...values import BLOCK
from ..sql.columns import Key, LongText, blob, keep_uncompressed
from ..sql.limits import INLINE

MAX_STORE_NAME = 64
"""Characters in the name of a content store."""


class ScopeMixin:
    """A scope: a task, or something around tasks that has variables."""

    __tablename__ = "taskvars_scope"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(Key, index=True)
    is_task: Mapped[bool]
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Each change of the scope's variables increments it: see :class:`.writing.Writer`."""


class VariableMixin:
    """A variable. Its JSON is ASCII, so that every database keeps every character; long JSON is a content."""

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
    data: Mapped[bytes | None] = mapped_column(blob(INLINE))
    store: Mapped[str | None] = mapped_column(Key(MAX_STORE_NAME))
    """The name of the content store with the bytes; NULL for the chunks of this database."""
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Like a scope's revision, if the host keeps the scopes."""


class ChunkMixin:
    """A piece of a content. All pieces but the last have the same size, and a piece never changes."""

    __tablename__ = "taskvars_chunk"

    content_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(blob(BLOCK))


class JournalMixin:
    """A content that no variable refers to, yet or any more. `flask taskvars sweep` deletes its bytes."""

    __tablename__ = "taskvars_journal"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    content_id: Mapped[str] = mapped_column(String(32), index=True)
    store: Mapped[str | None] = mapped_column(Key(MAX_STORE_NAME))
    state: Mapped[str] = mapped_column(String(8))
    created: Mapped[int] = mapped_column(BigInteger)
    """When the upload began or the variable was changed, in seconds since 1970."""


class UploadMixin:
    """A resumable upload. `flask taskvars sweep` deletes the row when the upload has expired."""

    __tablename__ = "taskvars_upload"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    task_id: Mapped[str] = mapped_column(Key)
    about: Mapped[str] = mapped_column(LongText)
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    turn: Mapped[int] = mapped_column(BigInteger)
    """The number of requests that appended so far. Only the request of the last turn may go on."""
    pieces: Mapped[str] = mapped_column(LongText)
    """The contents that have the bytes, as JSON."""
    created: Mapped[int] = mapped_column(BigInteger)


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
    store: str | None


VariableFound: TypeAlias = StoredVariable | Row[*tuple[Any, ...]]


def ready_made(
    metadata: MetaData, mixin: type[ScopeMixin | VariableMixin | ChunkMixin | JournalMixin | UploadMixin]
) -> Table:
    """The table of the mixin's name, made on first use, so that two storages share one set of tables.

    The table is the host's, for `create_all` and migrations; the class is not, and takes no name from its models.
    """
    for table in metadata.tables.values():
        if table.name == mixin.__tablename__:
            return table
    base = registry(metadata=metadata).generate_base()
    return table_of(type(mixin.__name__, (mixin, base), {"__module__": __name__}))


def table_of(model: type) -> Table:
    """Return the table of a model."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    if "data" in table.c:
        keep_uncompressed(table)
    return table


def found(variable: Table) -> list[ColumnElement[Any]]:
    """The columns of :class:`StoredVariable`. A long `value` of an early version is left out until needed."""
    value = variable.c.value
    columns = {field: variable.c[field] for field in StoredVariable._fields}
    # A literal: the look-up on the driver takes no values but the parameters.
    short = case((func.length(value) <= literal_column(str(INLINE), Integer), value), else_=null())
    return [*(columns | {"value": short.label("value")}).values()]


def listed(variable: Table) -> list[ColumnElement[Any]]:
    """Select the columns for a list: it shows the value of Bytes, but only the name of a File."""
    data = case((variable.c.type == "Bytes", variable.c.data)).label("data")
    return [*(column for column in found(variable) if column.name != "data"), data]
