"""The default storage: scopes, variables and contents as rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session

from ...errors import TaskNotFound, VariableNotFound
from ...values import Bytes, Content, File, Source, TypedValue, Value, Variable, typed_value
from ..base import Guard, StorageAdapter, check_key, storable
from .content import Contents, SQLAlchemyContent
from .database import Conflict, Database, HostSession, OwnTransactions, transact
from .models import ChunkMixin, ScopeMixin, VariableFound, VariableMixin, ready_made, table_of
from .resolution import HostResolution, HostScopes, Resolution, TableResolution
from .writing import MANY, Check, Writer

if TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

DAY = 24 * 3600.0


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
        self._variable = table_of(variable) if variable else ready_made(db, VariableMixin)
        self._chunk = table_of(chunk) if chunk else ready_made(db, ChunkMixin)
        self._scope: Table | None = None
        if scopes is None:
            self._scope = table_of(scope) if scope else ready_made(db, ScopeMixin)
        if any(table.metadata is not self._variable.metadata for table in self._tables):
            raise ValueError("The tables of scopes, variables and chunks must be in one database: same __bind_key__.")
        self._resolution: Resolution = (
            HostResolution(scopes, self._variable) if scopes else TableResolution(self._own_scope, self._variable)
        )
        self._writer = Writer(self._scope, self._variable)
        self._contents = Contents(self._variable, self._chunk)
        self._own: dict[Engine, OwnTransactions] = {}
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
        engine = self._db.engines[self._variable.metadata.info.get("bind_key")]
        if engine not in self._own:
            self._own[engine] = OwnTransactions(engine)
        return self._own[engine]

    @property
    def _own_scope(self) -> Table:
        if self._scope is None:
            raise TypeError("The scopes are the host's here (`scopes=…`): add and remove them there.")
        return self._scope

    @property
    def _tables(self) -> list[Table]:
        return [table for table in (self._scope, self._variable, self._chunk) if table is not None]

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        database, row = self._database, None
        if storable(name):
            row = self._resolution.one(database, _known(task_id), name, local=local)
        else:
            self._resolution.chain(database, _known(task_id), task=True)
        if row is None:
            raise VariableNotFound(name)
        return self._found(database, row)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        database = self._database
        rows = self._resolution.all(database, _known(task_id), local=local)
        return {row.name: self._found(database, row) for row in rows}

    def _found(self, database: Database, row: VariableFound) -> Variable:
        content = self._contents.of(database, row) if row.content_id else None
        value: TypedValue
        match row.type:
            case "Bytes":
                value = Bytes(content)
            case "File":
                info = json.loads(row.info)
                value = File(
                    content, filename=info["filename"], mimetype=info.get("mimeType"), encoding=info.get("encoding")
                )
            case _:
                value = Value(row.type, json.loads(row.value), json.loads(row.info))
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
        def check(found: Mapping[str, Row[*tuple[Any, ...]]]) -> None:
            if guard:
                guard({name: self._found(database, row) for name, row in found.items()})

        database = self._database
        chain = self._resolution.chain(database, _known(task_id), task=True)
        self._write(database, chain, put or {}, delete, local=local, check=check)

    def set(self, scope: str, name: str, value: object) -> None:
        database = self._database
        chain = self._resolution.chain(database, _known(scope), task=False)
        self._write(database, chain, {name: typed_value(value)}, (), local=True)

    @contextmanager
    def staging(self, source: Source) -> Iterator[Content]:
        content = self._contents.write(self._database, source)
        try:
            yield content
        finally:
            if content.staged:
                content.discard()

    def _write(
        self,
        database: Database,
        chain: list[str],
        put: Mapping[str, TypedValue],
        delete: Collection[str],
        *,
        local: bool,
        check: Check | None = None,
    ) -> None:
        for name in put:
            check_key(name)
        written: list[SQLAlchemyContent] = []
        try:
            rows = {name: self._row(database, value, written) for name, value in put.items()}

            def apply(connection: Connection) -> None:
                for content in written:
                    content.hold(connection)
                self._writer.apply(connection, chain, rows, delete, local=local, check=check)

            # Without rows of scopes to lock, two writers can create one name at once: the later one updates it.
            transact(database, apply, Conflict, IntegrityError)
        except BaseException:
            for content in written:
                content.discard()
            raise
        for content in written:
            content.staged = False

    def _row(self, database: Database, value: TypedValue, written: list[SQLAlchemyContent]) -> dict[str, object]:
        stored: dict[str, object] = dict.fromkeys(("content_id", "size", "sha256", "modified", "data"))
        if isinstance(value, Value):
            return stored | {"type": value.type, "value": json.dumps(value.value), "info": json.dumps(dict(value.info))}
        if value.content is not None:
            content = self._contents.keep(database, value.content)
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
        :raises InvalidRequest: the id is longer than 255 characters, or has NUL or lone surrogates.
        """
        check_key(scope)
        table = self._own_scope
        taken = ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")

        def add(connection: Connection) -> None:
            if parent is not None and not self._writer.lock(connection, [_known(parent)]):
                raise TaskNotFound(parent)
            if connection.execute(select(table.c.id).where(table.c.id == scope)).first():
                raise taken
            connection.execute(insert(table).values(id=scope, parent_id=parent, is_task=task))

        try:
            transact(self._database, add, Conflict)
        except IntegrityError as error:
            raise taken from error

    def remove_scope(self, scope: str) -> None:
        """Remove a scope with its variables and all scopes below it; an absent one is no error."""
        table, variable = self._own_scope, self._variable

        def remove(connection: Connection) -> None:
            waiting = [scope] if storable(scope) else []
            while waiting:
                # From the outermost inwards: whoever adds to a scope locks its row, and what they add is found below.
                some, waiting = waiting[:MANY], waiting[MANY:]
                connection.execute(delete(table).where(table.c.id.in_(some)))
                connection.execute(delete(variable).where(variable.c.scope_id.in_(some)))
                waiting += connection.scalars(select(table.c.id).where(table.c.parent_id.in_(some)).with_for_update())

        transact(self._database, remove, Conflict)

    def create_tables(self) -> None:
        """Make the tables that don't exist yet."""
        with self._database.write() as connection:
            self._variable.metadata.create_all(connection, self._tables)

    def sweep(self, older_than: float = DAY) -> int:
        """Delete the chunks of contents that no variable has any more: replaced, removed, or broken off.

        A download of replaced content that is still under way breaks off.

        :param older_than: seconds; younger contents are kept, for they may be uploads under way.
        :return: how many contents were deleted.
        """
        return self._contents.sweep(self._database, older_than)


def _known(scope: str) -> str:
    if not storable(scope):
        raise TaskNotFound(scope)
    return scope
