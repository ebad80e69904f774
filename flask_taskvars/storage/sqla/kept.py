"""The part of a SQLAlchemyStorage for its operation: the host's session, the tables, sweep, move and check."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Self

from sqlalchemy import MetaData

from ..base import ScopedStorage
from ..sql.database import Database
from .checking import Checker
from .contents import Contents
from .databases import Databases, HostSessionOf
from .diagnosis import Examined, diagnose
from .journal import Journal
from .markers import Markers
from .moving import Mover
from .stores import Stores
from .tables import Tables
from .uploads import Uploads
from .writing import Writer

DAY = 24 * 3600.0


class KeptStorage(ScopedStorage):
    """A storage in a database, with the methods behind `init-db`, `sweep`, `move`, `check` and `doctor`."""

    _databases: Databases
    _tables: Tables
    _journal: Journal
    _writer: Writer
    _stores: Stores
    _markers: Markers
    _contents: Contents
    _uploads: Uploads

    @property
    def metadata(self) -> MetaData:
        """The metadata of the tables, for `create_all` and migrations."""
        return self._tables.metadata

    def join(self, session: HostSessionOf) -> Self:
        """Return this storage inside the host's session: its changes commit and roll back with the host's own.

        With a content store outside of the database, each method raises a ConfigError if the session's
        `schema_translate_map` leads to another schema than the storage's.

        :raises TypeError: it is not a session.
        """
        joined = copy.copy(self)
        joined._databases = self._databases.joined(session)
        return joined

    @property
    def _database(self) -> Database:
        return self._databases.current

    def create_tables(self) -> None:
        """Create missing tables."""
        with self._database.write() as connection:
            self.metadata.create_all(connection, self._tables.all)

    def sweep(self, older_than: float = DAY) -> int:
        """Delete bytes that were replaced or removed, or whose upload failed, and resumable uploads that expired.

        The journal lists the bytes, so a sweep lists no store and scans no table of variables. A running download of
        such bytes breaks off, and an upload that takes longer than `older_than` is refused at its end.

        :param older_than: seconds since the bytes were replaced or removed, or since their upload began. Choose more
            than the longest upload takes, and more than the age of the oldest backup that you would restore.
        :return: the number of deleted contents.
        :raises RuntimeError: the storage is joined to a session that is in a transaction: commit it or roll it back.
        """
        database = self._databases.unchanged
        self._uploads.sweep(database, older_than)
        return self._journal.sweep(database, older_than, self._contents.deletable(database))

    def mover(self, to: str) -> Mover:
        """Make an object that moves contents into one of the stores.

        :param to: the store's name in `contents`.
        :raises ConfigError: there is no store with this name.
        :raises StorageUnavailable: the store belongs to another database, or can't be reached.
        """
        database, name = self._databases.own, self._stores.row_name(to)
        if name is not None:
            self._markers.ensure(database, name, self._stores.open(database, name))
        return Mover(self._tables.variable, self._contents, self._writer, database, name)

    def diagnose(self) -> Iterator[Examined]:
        """Examine the database, its tables, its clock and each content store.

        If a pooler is in front of PostgreSQL, it is examined too; on MariaDB and MySQL, so is the limit
        `max_allowed_packet`. To test a content store, a few bytes are written to it and deleted.
        """
        return diagnose(self._databases.own, self._tables, self._stores, self._markers)

    def checker(self) -> Checker:
        """Make an object that compares the variables with the content stores."""
        database = self._databases.own
        return Checker(self._tables.variable, self._tables.journal, self._contents, self._markers, database)
