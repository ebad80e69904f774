"""The default storage: scopes, variables and contents as rows."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table, delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from ...errors import InvalidRequest, TaskNotFound, VariableNotFound
from ...values import Bytes, File, TypedValue, Value, Variable, typed_value
from ..base import StorageAdapter
from .content import Contents, SQLAlchemyContent, made_before
from .database import Database, HostSession, OwnTransactions
from .models import MAX_KEY, ChunkMixin, ScopeMixin, VariableMixin, ready_made
from .resolution import HostResolution, HostScopes, Resolution, TableResolution

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

_ATTEMPTS = 3
HOUR = 3600.0


class SQLAlchemyStorage(StorageAdapter):
    """Store variables through the host's Flask-SQLAlchemy.

    Each method is a short transaction of its own; :meth:`join` makes it part of the host's. Tables are made by the
    host's `db.create_all()`, its migrations, or `flask taskvars init-db`.

    :param db: the host's extension; a storage is made once, beside it, and works in each of its apps.
    :param scopes: the host's own rule in place of the scope table: from a task's id to the ids of the scopes it sees,
        nearest first, or None when there is no such task.
    :param scope, variable, chunk: models of the host's built on :class:`ScopeMixin`, :class:`VariableMixin` and
        :class:`ChunkMixin`; without them, ready-made ones named `taskvars_…`.
    """

    def __init__(
        self,
        db: SQLAlchemy,
        *,
        scopes: HostScopes | None = None,
        scope: type[ScopeMixin] | None = None,
        variable: type[VariableMixin] | None = None,
        chunk: type[ChunkMixin] | None = None,
    ) -> None:
        self._db = db
        self._variable = _table(variable) if variable else ready_made(db, VariableMixin)
        self._chunk = _table(chunk) if chunk else ready_made(db, ChunkMixin)
        self._scope: Table | None = None
        if scopes is None:
            self._scope = _table(scope) if scope else ready_made(db, ScopeMixin)
        self._resolution: Resolution = (
            HostResolution(scopes, self._variable) if scopes else TableResolution(self._own_scope, self._variable)
        )
        self._contents = Contents(self._variable, self._chunk)
        self._session: Session | scoped_session[Any] | None = None

    def join(self, session: Session | scoped_session[Any]) -> SQLAlchemyStorage:
        """This storage inside a session of the host's: what it writes commits and rolls back with all else there."""
        joined = copy.copy(self)
        joined._session = session
        return joined

    @property
    def _database(self) -> Database:
        if self._session is not None:
            return HostSession(self._session, self._variable)
        return OwnTransactions(self._db.engines[self._variable.metadata.info.get("bind_key")])

    @property
    def _own_scope(self) -> Table:
        if self._scope is None:
            raise TypeError("The scopes are the host's here (`scopes=…`): add and remove them there.")
        return self._scope

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        database = self._database
        with database.read() as connection:
            if _storable(name):
                row = self._resolution.one(connection, _known(task_id), name, local=local)
            else:
                self._resolution.visible(connection, _known(task_id), local=local, task=True)
                row = None
        if row is None:
            raise VariableNotFound(name)
        return self._found(database, row)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        database = self._database
        with database.read() as connection:
            rows = self._resolution.all(connection, _known(task_id), local=local)
        return {row.name: self._found(database, row) for row in rows}

    def _found(self, database: Database, row: Row[*tuple[Any, ...]]) -> Variable:
        info = json.loads(row.info)
        content = SQLAlchemyContent(self._contents, database, row) if row.content_id else None
        value: TypedValue
        match row.type:
            case "Bytes":
                value = Bytes(content)
            case "File":
                value = File(
                    content, filename=info["filename"], mimetype=info.get("mimeType"), encoding=info.get("encoding")
                )
            case _:
                value = Value(row.type, json.loads(row.value), info)
        return Variable(row.name, row.scope_id, value)

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
    ) -> None:
        self._update(task_id, put or {}, delete, local=local, task=True)

    def set(self, scope: str, name: str, value: object) -> None:
        self._update(scope, {name: typed_value(value)}, (), local=True, task=False)

    def _update(
        self, scope: str, put: Mapping[str, TypedValue], delete: Collection[str], *, local: bool, task: bool
    ) -> None:
        for name in put:
            _check(name)
        database = self._database
        with database.read() as connection:
            visible = self._resolution.visible(connection, _known(scope), local=local, task=task)
        rows: dict[str, dict[str, object]] = {}
        try:
            for name, value in put.items():
                rows[name] = self._row(database, value)
            self._write(database, visible, rows, delete)
        except BaseException:
            # Inside the host's session its rollback takes the chunks along.
            for row in rows.values() if self._session is None else ():
                if row["content_id"] and row["data"] is None:
                    self._contents.discard(database, str(row["content_id"]))
            raise

    def _row(self, database: Database, value: TypedValue) -> dict[str, object]:
        stored: dict[str, object] = dict.fromkeys(("content_id", "size", "sha256", "modified", "data"))
        if isinstance(value, Value):
            return stored | {"type": value.type, "value": json.dumps(value.value), "info": json.dumps(dict(value.info))}
        if value.content is not None:
            stored |= self._contents.write(database, value.content).columns() | {"modified": int(time.time())}
        info = {}
        if isinstance(value, File):
            named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            info = {key: text for key, text in named.items() if text is not None}
        return stored | {"type": type(value).__name__, "value": None, "info": json.dumps(info)}

    def _write(
        self, database: Database, visible: list[str], rows: Mapping[str, dict[str, object]], delete: Collection[str]
    ) -> None:
        attempts = _ATTEMPTS if self._session is None else 1
        for attempt in range(attempts):
            try:
                with database.write() as connection:
                    self._lock(connection, visible[-1])
                    self._apply(connection, visible, rows, delete)
                return
            except IntegrityError:
                # Without a scope row to lock, two writers can create one name at the same time: the later one updates.
                if attempt + 1 == attempts:
                    raise

    def _lock(self, connection: Connection, scope: str) -> None:
        """Let the writers of one tree of scopes take turns: whoever may create a variable writes its scope's row.

        A write and not `FOR UPDATE`, because SQLite has no other lock.
        """
        if self._scope is not None:
            touch = update(self._scope).where(self._scope.c.id == scope).values(parent_id=self._scope.c.parent_id)
            if not connection.execute(touch).rowcount:
                raise TaskNotFound(scope)

    def _apply(
        self,
        connection: Connection,
        visible: list[str],
        rows: Mapping[str, dict[str, object]],
        delete_names: Collection[str],
    ) -> None:
        """Set, then delete, each name where it is nearest."""
        table = self._variable
        names = [name for name in {*rows, *delete_names} if _storable(name)]
        query = select(table.c.scope_id, table.c.name, table.c.modified)
        query = query.where(table.c.scope_id.in_(visible), table.c.name.in_(names)).with_for_update()
        found = sorted(connection.execute(query), key=lambda row: visible.index(row.scope_id), reverse=True)
        nearest = {row.name: row for row in found}
        for name, row in rows.items():
            if name in delete_names:
                continue
            old = nearest.get(name)
            if old is None:
                connection.execute(insert(table).values(scope_id=visible[-1], name=name, **row))
                continue
            here = (table.c.scope_id == old.scope_id, table.c.name == name)
            connection.execute(update(table).where(*here).values(**_later(row, old.modified)))
        for old in (nearest[name] for name in delete_names if name in nearest):
            connection.execute(delete(table).where(table.c.scope_id == old.scope_id, table.c.name == old.name))

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        """Add a scope.

        :param parent: the id of the scope around it, which must exist.
        :param task: False for a scope that only holds variables, such as a process; no URL leads to it.
        :raises ValueError: the id is taken.
        :raises TaskNotFound: the parent doesn't exist.
        :raises InvalidRequest: the id is empty, longer than 255 characters, or can't be stored.
        """
        _check(scope)
        taken = ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")
        try:
            with self._database.write() as connection:
                if parent is not None:
                    self._lock(connection, parent)
                if connection.scalar(select(literal(1)).where(self._own_scope.c.id == scope)):
                    raise taken
                connection.execute(insert(self._own_scope).values(id=scope, parent_id=parent, is_task=task))
        except IntegrityError as error:
            raise taken from error

    def remove_scope(self, scope: str) -> None:
        """Remove a scope with its variables and all scopes below it; an absent one is no error."""
        table, variable = self._own_scope, self._variable
        below = select(table.c.id).where(table.c.id == scope).cte("below", recursive=True)
        below = below.union(select(table.c.id).join_from(below, table, table.c.parent_id == below.c.id))
        with self._database.write() as connection:
            ids = list(connection.scalars(select(below.c.id)))
            connection.execute(delete(table).where(table.c.id.in_(ids)))
            connection.execute(delete(variable).where(variable.c.scope_id.in_(ids)))

    def create_tables(self) -> None:
        """Make the tables that don't exist yet."""
        tables = [table for table in (self._scope, self._variable, self._chunk) if table is not None]
        with self._database.write() as connection:
            self._variable.metadata.create_all(connection, tables)

    def sweep(self, older_than: float = HOUR) -> int:
        """Delete the chunks of contents that no variable has any more: replaced, removed, or broken off.

        A download of replaced content that is still under way breaks off.

        :param older_than: seconds; younger contents are kept, for they may be uploads under way.
        :return: how many contents were deleted.
        """
        chunk, variable = self._chunk, self._variable
        used = select(literal(1)).where(variable.c.content_id == chunk.c.content_id).exists()
        query = select(chunk.c.content_id).where(chunk.c.number == 0, chunk.c.content_id < made_before(older_than))
        database = self._database
        with database.read() as connection:
            unused = list(connection.scalars(query.where(~used)))
        for content_id in unused:
            self._contents.discard(database, content_id)
        return len(unused)


def _table(model: type) -> Table:
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table


def _later(row: dict[str, object], old: int | None) -> dict[str, object]:
    """Give what replaces another content a later date, so that no two ever share a Last-Modified."""
    if old is None or not isinstance(modified := row["modified"], int):
        return row
    return row | {"modified": max(modified, old + 1)}


def _storable(key: str) -> bool:
    """Whether every database can hold the text as a key. What can't be stored can't be found either."""
    return 0 < len(key) <= MAX_KEY and "\0" not in key and not any("\ud800" <= char <= "\udfff" for char in key)


def _known(scope: str) -> str:
    if not _storable(scope):
        raise TaskNotFound(scope)
    return scope


def _check(key: str) -> None:
    if not _storable(key):
        raise InvalidRequest(f"Ids and names have 1 to {MAX_KEY} characters, and neither NUL nor lone surrogates.")
