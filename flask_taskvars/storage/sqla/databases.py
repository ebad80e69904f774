"""Choose where a method's statements run: in the host's session, in a transaction of our own, or on a replica."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session, scoped_session

from ...errors import ConfigError
from ..sql.database import Database, HostSession, OwnTransactions
from ..sql.engines import EngineSource, check_source, own_transactions, transactions
from .schemas import check_schemas, is_translated
from .stores import Stores
from .tables import Tables

HostSessionOf: TypeAlias = "Session | scoped_session[Any]"
Replica: TypeAlias = "str | Engine"
"""A bind key of the host's extension, or an engine."""
ReadFrom: TypeAlias = "Replica | Callable[[], Replica | None]"
"""A replica, or a function that chooses one for each look-up and returns None for the primary."""


class Databases:
    """The databases of a storage.

    :raises TypeError: `db` is neither an extension nor an engine; or `read_from` is neither a bind key, an engine nor a
        function, or is a bind key although `db` is an engine.
    :raises ConfigError: `db` is an engine that commits each statement by itself.
    """

    def __init__(self, db: EngineSource, tables: Tables, stores: Stores, read_from: ReadFrom | None) -> None:
        check_source(db)
        if not (read_from is None or isinstance(read_from, (str, Engine)) or callable(read_from)):
            raise TypeError(f"read_from={read_from!r}: give a bind key, an Engine, or a function that returns one.")
        if isinstance(read_from, str) and isinstance(db, Engine):
            raise TypeError(f"read_from={read_from!r} is a bind key, and an Engine has none: give an Engine here too.")
        self._db, self._tables, self._stores, self._read_from = db, tables, stores, read_from
        self._session: HostSessionOf | None = None

    def joined(self, session: HostSessionOf) -> Databases:
        """Return a copy that runs all statements in the host's session.

        :raises TypeError: it is not a session.
        """
        if not isinstance(session, (Session, scoped_session)):
            raise TypeError(f"{session!r} is not a session: give a session, such as db.session.")
        joined = copy.copy(self)
        joined._session = session
        return joined

    @property
    def own(self) -> OwnTransactions:
        """The primary, in transactions of our own."""
        return transactions(self._db, self._tables.metadata)

    @property
    def current(self) -> Database:
        """Where changes and their look-ups run: in the host's session if it is joined, otherwise on the primary."""
        if self._session is None:
            return self.own
        return HostSession(self._session, self._tables.variable, self._check_session)

    def _check_session(self, connection: Connection) -> None:
        """:raises ConfigError: a sweep would delete bytes in a content store that the session's variables need."""
        # Outside of an app an extension has no engine to compare with. Its own sessions never differ from it.
        if self._stores.external() and (isinstance(self._db, Engine) or is_translated(connection)):
            check_schemas(connection, self._tables, self.own)

    @property
    def unchanged(self) -> Database:
        """:attr:`current`, for a sweep: a rollback of the host's must not bring back a variable whose bytes are gone.

        :raises RuntimeError: the host's session is in a transaction, which may have changed variables.
        """
        session = self._session() if isinstance(self._session, scoped_session) else self._session
        if session is not None and session.in_transaction():
            raise RuntimeError("The session is in a transaction: commit it or roll it back before a sweep.")
        return self.current

    @property
    def reading(self) -> Database:
        """Where look-ups run on which no change depends. A replica may return old values.

        :raises ConfigError: the host's extension has no bind with this name.
        """
        if self._session is not None or self._read_from is None:
            return self.current
        chosen = self._read_from() if callable(self._read_from) else self._read_from
        if chosen is None:
            return self.own
        return own_transactions(_engine_of(self._db, chosen))

    def beside(self) -> Database:
        """Where to commit a journal row while the host's session is open: on the primary, beside that session.

        SQLite has a single lock for writing, and the session may hold it. So on SQLite the row belongs to the host's
        transaction.
        """
        return self.current if self.own.dialect == "sqlite" else self.own


def _engine_of(db: EngineSource, chosen: Replica) -> Engine:
    if isinstance(chosen, Engine):
        return chosen
    engines = {} if isinstance(db, Engine) else db.engines
    if chosen not in engines:
        raise ConfigError(f"read_from={chosen!r}: there is no such bind. Add it to SQLALCHEMY_BINDS.")
    return engines[chosen]
