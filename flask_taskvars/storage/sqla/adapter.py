"""The default storage: scopes, variables and contents as rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table, delete, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from ...errors import InvalidRequest, TaskNotFound, VariableNotFound
from ...values import Bytes, File, Readable, Source, TypedValue, Value, Variable, typed_value
from ..base import Guard, StorageAdapter
from .content import Contents, SQLAlchemyContent, made_before
from .database import Database, HostSession, OwnTransactions
from .models import MAX_KEY, ChunkMixin, ScopeMixin, VariableMixin, ready_made, storable
from .resolution import HostResolution, HostScopes, Resolution, TableResolution
from .writing import Writer

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
        self._writer = Writer(self._scope, self._variable)
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
            if storable(name):
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
        content = self._contents.of(database, row) if row.content_id else None
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
        guard: Guard | None = None,
    ) -> None:
        def check(connection: Connection) -> None:
            if guard:
                names = [name for name in {*(put or {}), *delete} if storable(name)]
                found = {name: self._resolution.one(connection, task_id, name, local=local) for name in names}
                guard({name: self._found(database, row) for name, row in found.items() if row is not None})

        database = self._database
        with database.read() as connection:
            visible = self._resolution.visible(connection, _known(task_id), local=local, task=True)
        self._write(database, visible, put or {}, delete, check)

    def set(self, scope: str, name: str, value: object) -> None:
        database = self._database
        with database.read() as connection:
            visible = self._resolution.visible(connection, _known(scope), local=True, task=False)
        self._write(database, visible, {name: typed_value(value)}, (), lambda connection: None)

    @contextmanager
    def staging(self, stream: Readable) -> Iterator[Source]:
        content = self._contents.write(self._database, stream)
        try:
            yield content
        finally:
            if content.staged:
                content.discard()

    def _write(
        self,
        database: Database,
        visible: list[str],
        put: Mapping[str, TypedValue],
        delete: Collection[str],
        check: Callable[[Connection], None],
    ) -> None:
        for name in put:
            _check(name)
        written: list[SQLAlchemyContent] = []
        try:
            rows = {name: self._row(database, value, written) for name, value in put.items()}
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with database.write() as connection:
                        self._writer.apply(connection, visible, rows, delete, check)
                    break
                except IntegrityError:
                    # Without scope rows to lock, two writers can create one name at once: the later one updates it.
                    if attempt == _ATTEMPTS or self._session is not None:
                        raise
        except BaseException:
            for content in written if self._session is None else ():  # the host's rollback takes its chunks along
                content.discard()
            raise
        for content in written:
            content.staged = False

    def _row(self, database: Database, value: TypedValue, written: list[SQLAlchemyContent]) -> dict[str, object]:
        stored: dict[str, object] = dict.fromkeys(("content_id", "size", "sha256", "modified", "data"))
        if isinstance(value, Value):
            return stored | {"type": value.type, "value": json.dumps(value.value), "info": json.dumps(dict(value.info))}
        content = value.content
        if content is not None:
            if not (isinstance(content, SQLAlchemyContent) and content.staged):
                content = self._contents.write(database, content)
            written.append(content)
            stored |= content.columns()
        info = {}
        if isinstance(value, File):
            named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            info = {key: text for key, text in named.items() if text is not None}
        return stored | {"type": type(value).__name__, "value": None, "info": json.dumps(info)}

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        """Add a scope.

        :param parent: the id of the scope around it, which must exist.
        :param task: False for a scope that only holds variables, such as a process; no URL leads to it.
        :raises ValueError: the id is taken.
        :raises TaskNotFound: the parent doesn't exist.
        :raises InvalidRequest: the id is longer than 255 characters, or can't be stored.
        """
        _check(scope)
        taken = ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")
        try:
            with self._database.write() as connection:
                if parent is not None:
                    self._writer.lock(connection, parent)
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


def _known(scope: str) -> str:
    if not storable(scope):
        raise TaskNotFound(scope)
    return scope


def _check(key: str) -> None:
    if not storable(key):
        raise InvalidRequest(f"Ids and names have at most {MAX_KEY} characters, and neither NUL nor lone surrogates.")
