"""The content stores of a storage, by the names in its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ...contents.base import ContentStore
from ...contents.urls import ONLY
from ...errors import ConfigError, StorageUnavailable
from ..sql.database import Database
from .chunks import ChunkContents, ChunkStatements
from .models import MAX_STORE_NAME

GivenContents: TypeAlias = "ContentStore | Mapping[str, ContentStore | None] | None"
"""One store, or several by name: new contents go to the first. None is the database."""

NamedStores: TypeAlias = "Mapping[str, ContentStore | None]"


class UnknownStore(StorageUnavailable):
    """A row names a store that the storage doesn't know."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.__cause__ = LookupError(
            f"The bytes lie in the content store {name!r}: name it in SQLAlchemyStorage(db, contents={{…}}), or in "
            "TASKVARS_CONTENTS, which is read only inside an app context."
        )


def named(contents: GivenContents) -> NamedStores:
    """Give each store a name.

    :raises TypeError: something is neither a store nor None.
    :raises ValueError: a name is too long for its column, or empty.
    """
    if contents is None:
        return {}
    stores = dict(contents) if isinstance(contents, Mapping) else {ONLY: contents}
    for name, store in stores.items():
        if store is not None and not isinstance(store, ContentStore):
            raise TypeError(
                f"{store!r} is no content store: give a ContentStore, such as DirectoryContents(path), None for the "
                "database, or a dictionary of such."
            )
        if not isinstance(name, str) or not 0 < len(name) <= MAX_STORE_NAME:
            raise ValueError(f"{name!r} can't name a content store: give 1 to {MAX_STORE_NAME} characters.")
    return stores


class Stores:
    """The stores from the app's setting, then those that were given to the storage."""

    def __init__(self, contents: GivenContents, chunks: ChunkStatements) -> None:
        self._given, self._chunks = named(contents), chunks
        self.of_app: Callable[[], NamedStores] = dict

    @property
    def names(self) -> NamedStores:
        """All stores by name, the one for new contents first."""
        of_app = self.of_app()
        return {**of_app, **{name: store for name, store in self._given.items() if name not in of_app}}

    def new(self) -> str | None:
        """Return the name for rows of new contents: None for the database."""
        for name, store in self.names.items():
            return None if store is None else name
        return None

    def row_name(self, name: str) -> str | None:
        """Turn a store's name into the name in rows, which is None for the database.

        :raises ConfigError: there is no such store.
        """
        if name not in self.names:
            listed = ", ".join(self.names)
            there = f"there are {listed}." if listed else "there are none. Name it in TASKVARS_CONTENTS."
            raise ConfigError(f"There is no content store {name!r}: {there}")
        return None if self.names[name] is None else name

    def check(self) -> None:
        """Make sure that the stores given to the storage can be written to.

        :raises ConfigError: a store can't be written to.
        """
        for store in self._given.values():
            if store is not None:
                store.check()

    def external(self) -> dict[str, ContentStore]:
        """The stores outside of the database, by name."""
        return {name: store for name, store in self.names.items() if store is not None}

    def open(self, database: Database, name: str | None) -> ContentStore:
        """Return the store with this name in rows.

        :raises StorageUnavailable: there is no such store.
        """
        return self.opener(database, name)()

    def opener(self, database: Database, name: str | None) -> Callable[[], ContentStore]:
        """Return a function that opens the store later, when its app may no longer be the current one."""
        names = {} if name is None else self.names

        def open_it() -> ContentStore:
            store = ChunkContents(self._chunks, database) if name is None else names.get(name)
            if store is None:
                raise UnknownStore(str(name))
            return store

        return open_it
