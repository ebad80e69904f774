"""The default storage: scopes, variables and contents as rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, MetaData, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from ...errors import TaskNotFound, VariableNotFound
from ...given import check_function, kind_of
from ...values import Content, Source, TypedValue, Variable, plain, typed_value
from ..base import Found, Guard, Scope, check_key, storable
from ..sql.database import Database, transact
from ..sql.engines import EngineSource, metadata_of
from .chunks import ChunkStatements
from .contents import Contents, StagedContent
from .databases import Databases, ReadFrom
from .journal import Journal
from .markers import Markers
from .models import ChunkMixin, JournalMixin, ScopeMixin, UploadMixin, VariableFound, VariableMixin
from .old import OldText
from .resolution import HostResolution, HostScopes, Resolution, TableResolution, held_variable, scope_columns
from .rows import found_variable, row_of
from .stores import GivenContents, NamedStores, Stores
from .tables import Tables
from .uploading import UploadingStorage
from .uploads import Uploads
from .writing import MANY, Writer


class SQLAlchemyStorage(UploadingStorage):
    """Store variables in a database that SQLAlchemy reaches.

    Each method runs its own short transaction; with :meth:`join` it runs in the host's. Create the tables with
    `db.create_all()`, a migration, or `flask taskvars init-db`.

    :param db: the host's Flask-SQLAlchemy or Flask-SQLAlchemy-Lite object, or an engine. Make the storage once, beside
        the extension; it works in each of the extension's apps.
    :param contents: where to store values longer than 64 KiB: a content store, or several by name; new values go to the
        first. None is the database. A variable's row has the name of its store, so keep a name as long as rows use it.
        The stores of the app's `TASKVARS_CONTENTS` come first.
    :param read_from: a replica that :meth:`get` and :meth:`get_all` read, so that their results may be old: a bind key
        of the extension, an engine, or a function that returns one of these for each look-up, or None for `db`.
        Everything that a change depends on is read from `db`.
    :param metadata: the metadata to which the ready-made tables are added, for the host's migrations. By default, that
        of Flask-SQLAlchemy or of the given models, or a new one: :attr:`metadata`.
    :param scopes: the host's function in place of the scope table. It takes a task's id and returns the ids of the
        scopes that the task sees, nearest first, or None if there is no such task.
    :param scope, variable, chunk, journal, upload: the host's models, built on :class:`ScopeMixin`,
        :class:`VariableMixin`, :class:`ChunkMixin`, :class:`JournalMixin` and :class:`UploadMixin`. By default,
        ready-made models named `taskvars_…`.
    :raises TypeError: `db` is neither an extension nor an engine, `contents` has something that is not a store,
        `scopes` is not a function of a task's id, or `metadata` or `read_from` is not one of its types.
    :raises ConfigError: `db` is an engine with the isolation level AUTOCOMMIT. An extension's engine with this level is
        refused at the first use.
    :raises ValueError: the tables are in two databases, or a store's name does not fit its column.
    """

    def __init__(
        self,
        db: EngineSource,
        *,
        contents: GivenContents = None,
        read_from: ReadFrom | None = None,
        metadata: MetaData | None = None,
        scopes: HostScopes | None = None,
        scope: type[ScopeMixin] | None = None,
        variable: type[VariableMixin] | None = None,
        chunk: type[ChunkMixin] | None = None,
        journal: type[JournalMixin] | None = None,
        upload: type[UploadMixin] | None = None,
    ) -> None:
        if metadata is not None and not isinstance(metadata, MetaData):
            raise TypeError(f"metadata={metadata!r} is {kind_of(metadata)}: give a MetaData, such as Base.metadata.")
        if scopes is not None:
            check_function(scopes, "scopes", ("task_id",), "list[str] | None")
        metadata = metadata_of(db) if metadata is None else metadata
        self._tables = tables = Tables.choose(
            metadata,
            own_scopes=scopes is None,
            scope=scope,
            variable=variable,
            chunk=chunk,
            journal=journal,
            upload=upload,
        )
        self._resolution: Resolution = (
            TableResolution(self._own_scope, tables.variable)
            if scopes is None
            else HostResolution(scopes, tables.variable)
        )
        self._journal = Journal(tables.journal, tables.variable)
        self._writer = Writer(tables.scope, tables.variable, self._journal)
        self._stores = Stores(contents, ChunkStatements(tables.chunk))
        self.offloadable = bool(self._stores.external())  # the extension adds the stores of TASKVARS_CONTENTS
        self._markers = Markers(tables.journal)
        self._contents = Contents(tables.variable, self._journal, self._stores, self._markers)
        self._uploads = Uploads(tables.upload, self._contents)
        self._databases = Databases(db, tables, self._stores, read_from)

    def mounted(self, contents: Callable[[], NamedStores] | None) -> None:
        if contents is not None:
            self._stores.of_app = contents
        self._stores.check()

    @property
    def _own_scope(self) -> Table:
        if self._tables.scope is None:
            raise TypeError("The host keeps the scopes (`scopes=…`): add and remove them there.")
        return self._tables.scope

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        database, row = self._databases.reading, None
        if storable(name):
            row = self._resolution.one(database, _known(task_id), name, local=local)
        else:
            self._resolution.chain(database, _known(task_id), task=True)
        if row is None:
            raise VariableNotFound(name)
        return self._found(database, row)

    def check_task(self, task_id: str) -> None:
        # Not from a replica, because a change may follow.
        self._resolution.chain(self._database, _known(task_id), task=True)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        database = self._databases.reading
        rows = self._resolution.all(database, _known(task_id), local=local)
        return {row.name: self._found(database, row) for row in rows}

    def _found(self, database: Database, row: VariableFound) -> Variable:
        content: Content | None = self._contents.of(database, row) if row.content_id else None
        if content is None and row.value is None and row.type not in ("Bytes", "File"):
            content = OldText(database, self._tables.variable, row)
        return found_variable(row, content)

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
        guard: Guard | None = None,
    ) -> None:
        database = self._database
        chain = self._resolution.chain(database, _known(task_id), task=True)
        self._write(database, chain, put or {}, delete, local=local, guard=guard)

    def set(self, scope: str, name: str, value: object) -> None:
        database = self._database
        chain = self._resolution.chain(database, _known(scope), task=False)
        self._write(database, chain, {name: typed_value(value)}, (), local=True)

    @contextmanager
    def staging(self, source: Source) -> Iterator[Content]:
        content = self._contents.stage(self._database, self._databases.beside, source)
        try:
            yield content
        finally:
            content.discard()

    def _write(
        self,
        database: Database,
        chain: list[str],
        put: Mapping[str, TypedValue],
        delete: Collection[str],
        *,
        local: bool,
        guard: Guard | None = None,
    ) -> None:
        for name in put:
            check_key(name)
        near = chain[:1] if local else chain
        staged: list[StagedContent] = []
        made: list[StagedContent] = []
        try:
            rows = {name: self._row(database, value, staged, made) for name, value in put.items()}

            def apply(connection: Connection) -> None:
                found = self._writer.find(connection, chain, near, {*rows, *delete})
                if guard:
                    there = {name: self._found(database, row) for name, row in found.items()}
                    guard(Found(there, partial(self._writer.usage, connection, chain)))
                # Not before the guard: the host may commit its session although the guard has refused this change.
                for content in staged:
                    content.settle(connection)
                self._writer.apply(connection, near[-1], found, rows, delete)

            # If the host keeps the scopes, there is no row to lock, and two writers may create one name at once: the
            # later one then tries again, and updates it.
            transact(database, apply, IntegrityError)
        except BaseException:
            for content in made:  # whoever handed a content in may try again with it
                content.discard()
            raise
        for content in staged:
            content.use()

    def _row(
        self, database: Database, value: TypedValue, staged: list[StagedContent], made: list[StagedContent]
    ) -> dict[str, object]:
        """Return a value's row.

        :param staged: its content is added here.
        :param made: and here, unless it was staged before.
        """
        row, source = row_of(plain(value))
        if source is not None:
            content = self._contents.keep(database, self._databases.beside, source, staged)
            staged.append(content)
            made += [content] if content is not source else []
            row |= content.columns()
        return row

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        check_key(scope)
        table = self._own_scope
        taken = ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")

        def add(connection: Connection) -> None:
            if parent is not None and not self._writer.lock(connection, [_known(parent)]):
                raise TaskNotFound(parent)
            if connection.execute(select(table.c.id).where(table.c.id == scope)).first():
                raise taken
            try:
                connection.execute(insert(table).values(id=scope, parent_id=parent, is_task=task))
            except IntegrityError as error:  # a joined session has flushed the host's own rows before
                raise taken from error

        transact(self._database, add)

    def remove_scope(self, scope: str) -> None:
        table, variable = self._own_scope, self._tables.variable

        def remove(connection: Connection) -> None:
            waiting = [scope] if storable(scope) else []
            while waiting:
                # Go from the outermost scope inwards: a writer locks a scope's row before it adds to the scope.
                some, waiting = waiting[:MANY], waiting[MANY:]
                connection.execute(delete(table).where(table.c.id.in_(some)))
                self._journal.retire_scopes(connection, some)
                connection.execute(delete(variable).where(variable.c.scope_id.in_(some)))
                waiting += connection.scalars(select(table.c.id).where(table.c.parent_id.in_(some)).with_for_update())

        transact(self._database, remove)

    def scopes(self) -> Iterator[Scope]:
        table, database, rows = self._own_scope, self._database, None
        some = scope_columns(table).order_by(table.c.id).limit(MANY)
        while rows is None or len(rows) == MANY:
            rows = database.named(some.where(table.c.id > rows[-1].id) if rows else some, {})
            yield from (Scope(row.id, row.parent_id, row.is_task) for row in rows)

    def find_scope(self, scope: str) -> Scope | None:
        table = self._own_scope
        rows = self._database.named(scope_columns(table).where(table.c.id == scope), {}) if storable(scope) else ()
        return next((Scope(row.id, row.parent_id, row.is_task) for row in rows), None)

    def held(self, scope: str, name: str) -> Variable | None:
        database, where = self._database, {"scope": scope, "name": name}
        known = storable(scope) and storable(name)
        rows = database.named(held_variable(self._tables.variable), where) if known else ()
        return next((self._found(database, row) for row in rows), None)


def _known(scope: str) -> str:
    if not storable(scope):
        raise TaskNotFound(scope)
    return scope
