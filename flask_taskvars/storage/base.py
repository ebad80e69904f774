"""The interface of a storage: three methods."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Literal, TypeAlias

from ..contents.base import ContentStore
from ..errors import ConfigError, InvalidRequest, VariableNotFound
from ..given import kind_of
from ..values import BLOCK, Content, Source, TypedValue, Variable, blocks, typed_value

Guard: TypeAlias = Callable[[Mapping[str, Variable]], None]
"""Checks the stored variables right before they change. If it raises an exception, nothing changes."""

Action: TypeAlias = Literal["read", "write", "delete"]
"""What a caller wants to do with a variable."""

MAX_KEY = 255
"""Characters in an id or a variable's name, as in the engines."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Found(dict[str, Variable]):
    """The variables for a guard, from a storage that also counts bytes.

    :param usage: returns the bytes of all variables in the task's scopes, including those that a nearer variable hides.
        Call it in the guard, while no other writer can change them.
    """

    def __init__(self, variables: Mapping[str, Variable], usage: Callable[[], int]) -> None:
        super().__init__(variables)
        self.usage = usage


class SpooledContent(Content):
    """The bytes of a source, copied into a temporary file."""

    modified = None

    def __init__(self, source: Source, file: IO[bytes]) -> None:
        self._file, self._lock, self.size, digest = file, threading.Lock(), 0, hashlib.sha256()
        for block in blocks(source):
            digest.update(block)
            self.size += file.write(block)
        self.sha256, self.etag = digest.digest(), digest.hexdigest()

    def open_at(self, offset: int) -> Iterator[bytes]:
        while block := self._read(offset):
            yield block
            offset += len(block)

    def _read(self, offset: int) -> bytes:
        """Read a block under a lock, because readers share the file's position."""
        with self._lock:
            self._file.seek(offset)
            return self._file.read(BLOCK)


class StorageAdapter(ABC):
    """Where variables live. Subclass it and write three methods; then every route works on your storage.

    A task sees its own variables and those of the scopes around it. If two have the same name, it sees the nearer one,
    whatever its type. With `local=True` a method works only on the task's own variables. All methods raise
    :class:`~flask_taskvars.errors.StorageUnavailable` if the storage can't be reached.
    """

    read_only = False
    """Whether the storage is read-only: then POST, PUT, PATCH and DELETE are a 405, and `Allow` does not list them."""

    offloadable = True
    """Whether a content may have a `location`, so that another server can send it. If False, `TASKVARS_OFFLOAD` is
    refused at start-up."""

    @abstractmethod
    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        """Find the nearest variable with this name that the task sees.

        :raises TaskNotFound: no task has this id.
        :raises VariableNotFound: the task sees no such variable.
        """

    @abstractmethod
    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        """Find all variables that the task sees, by name.

        :raises TaskNotFound: no task has this id.
        """

    @abstractmethod
    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
        guard: Guard | None = None,
    ) -> None:
        """Set and delete variables, all or none.

        A variable that the task sees is changed in its own scope. A new variable is created in the outermost scope, or
        with `local` in the task itself. It is not an error to delete a variable that doesn't exist.

        :param guard: called with the named variables that exist, while no other writer can change them. A storage that
            counts bytes hands it a :class:`Found`, which :class:`~flask_taskvars.gates.TaskQuota` needs.
        :raises TaskNotFound: no task has this id.
        :raises InvalidRequest: a name or value can't be stored.
        """

    def mounted(self, contents: Callable[[], Mapping[str, ContentStore | None]] | None) -> None:
        """Prepare for a mount in an app.

        :param contents: returns the content stores of the current app's `TASKVARS_CONTENTS` by name, the store for new
            contents first; None if the setting is empty.
        :raises ConfigError: the storage can't use content stores.
        """
        if contents is not None:
            raise ConfigError(f"A {type(self).__name__} keeps its contents itself: remove TASKVARS_CONTENTS.")

    def check_task(self, task_id: str) -> None:
        """Make sure that a task exists.

        :raises TaskNotFound: no task has this id.
        """
        with suppress(VariableNotFound):
            self.get(task_id, "", local=True)

    @contextmanager
    def staging(self, source: Source) -> Iterator[Content]:
        """Read a source to its end, before the variable is set. If it is never set, the bytes are deleted.

        The default writes the bytes to a temporary file. Override it if your storage can write them to their final
        place.
        """
        with tempfile.SpooledTemporaryFile(max_size=4 * BLOCK) as file:
            yield SpooledContent(source, file)

    def set(self, scope: str, name: str, value: object) -> None:
        """Set one variable in exactly this scope.

        :param scope: the id of a task, or of a scope around tasks if the storage has scopes.
        :param value: a Bytes, File or Value, or a plain str, int, float, bool, None, datetime or bytes.
        :raises TaskNotFound: no scope has this id.
        :raises TypeError: no type of the contract fits the value.
        """
        self.update(scope, put={name: typed_value(value)}, local=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope from a storage."""

    id: str
    parent: str | None
    is_task: bool


class ScopedStorage(StorageAdapter):
    """A storage that keeps the scopes itself, and so can add and remove them."""

    @abstractmethod
    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        """Add a scope.

        :param parent: the id of the scope around it, which must exist.
        :param task: False for a scope that only holds variables, such as a process; it has no URL.
        :raises ValueError: a scope with this id exists already.
        :raises TaskNotFound: the parent doesn't exist.
        :raises InvalidRequest: the id is longer than 255 characters, or has NUL or lone surrogates.
        """

    @abstractmethod
    def remove_scope(self, scope: str) -> None:
        """Remove a scope with its variables and all scopes below it. It is not an error if the scope doesn't exist."""

    def scopes(self) -> Iterator[Scope]:
        """List all scopes, sorted by id.

        :raises NotImplementedError: the storage can't list its scopes, which is the default.
        """
        raise NotImplementedError(f"A {type(self).__name__} doesn't list its scopes.")

    def find_scope(self, scope: str) -> Scope | None:
        """Find one scope; return None if no scope has this id.

        :raises NotImplementedError: the storage can't list its scopes.
        """
        return next((one for one in self.scopes() if one.id == scope), None)

    def held(self, scope: str, name: str) -> Variable | None:
        """Find a variable in exactly this scope, which may be a task or not; return None if it has no such variable.

        :raises NotImplementedError: the storage can't look into a scope, which is the default.
        """
        raise NotImplementedError(f"A {type(self).__name__} doesn't tell what a scope holds.")


def storable(key: str) -> bool:
    """Whether every database can store the text as a key. If not, no look-up can find it.

    :raises TypeError: it is not a str.
    """
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is {kind_of(key)}: ids and names are strings, for example str(task.id).")
    return len(key) <= MAX_KEY and not _UNSTORABLE.search(key)


def check_key(key: str) -> None:
    """Refuse an id or a name that some database can't store.

    :raises InvalidRequest: the id or name can't be stored.
    :raises TypeError: it is not a str.
    """
    if not storable(key):
        raise InvalidRequest(f"Ids and names have at most {MAX_KEY} characters, and neither NUL nor lone surrogates.")
