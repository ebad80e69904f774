"""The interface of a storage: three methods."""

from __future__ import annotations

import hashlib
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TypeAlias

from ..errors import InvalidRequest
from ..values import BLOCK, Content, Source, TypedValue, Variable, blocks, typed_value

Guard: TypeAlias = Callable[[Mapping[str, Variable]], None]
"""Looks at variables as they are in the moment of a change; what it raises undoes the change."""

MAX_KEY = 255
"""Characters in an id or a variable's name, as in the engines."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class SpooledContent(Content):
    """A source that was read into a temporary file."""

    modified = None

    def __init__(self, source: Source, file: IO[bytes]) -> None:
        self._file, self.size, digest = file, 0, hashlib.sha256()
        for block in blocks(source):
            digest.update(block)
            self.size += file.write(block)
        self.sha256, self.etag = digest.digest(), digest.hexdigest()

    def open_at(self, offset: int) -> Iterator[bytes]:
        self._file.seek(offset)
        while block := self._file.read(BLOCK):
            yield block


class StorageAdapter(ABC):
    """Where variables live. Subclass it, write three methods, and every route works on your storage.

    A task sees its own variables and those of the scopes around it; of two with the same name, the nearer one,
    whatever its type. `local=True` narrows a method to the task's own variables. All methods raise
    :class:`~flask_taskvars.errors.StorageUnavailable` when the storage can't be reached.
    """

    read_only = False
    """Whether nothing can be written: then PUT, POST and DELETE are a 405, whose `Allow` does not list them."""

    @abstractmethod
    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        """Find the variable of this name that is nearest to the task.

        :raises TaskNotFound: no task has this id.
        :raises VariableNotFound: no such variable is visible.
        """

    @abstractmethod
    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        """Find every visible variable, by name.

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

        A name that is visible changes where it lives; a new one is created in the outermost scope, or with `local`
        in the task itself. Deleting an absent name is no error.

        :param guard: called with those of the named variables that are there, while no other writer can change them.
        :raises TaskNotFound: no task has this id.
        :raises InvalidRequest: a name or value can't be stored.
        """

    @contextmanager
    def staging(self, source: Source) -> Iterator[Content]:
        """Read a source to its end before it is known what becomes of it; what is not stored is forgotten again.

        A storage that can keep the bytes where they will stay does so; this one puts them into a temporary file.
        """
        with tempfile.SpooledTemporaryFile(max_size=4 * BLOCK) as file:
            yield SpooledContent(source, file)

    def set(self, scope: str, name: str, value: object) -> None:
        """Set one variable in exactly this scope.

        :param scope: the id of a task, or of a scope around tasks where the storage has such.
        :param value: a Bytes, File or Value; or a plain str, int, float, bool, None, datetime or bytes.
        :raises TaskNotFound: no scope has this id.
        :raises TypeError: no type of the contract fits the value.
        """
        self.update(scope, put={name: typed_value(value)}, local=True)


def storable(key: str) -> bool:
    """Whether every database can hold the text as a key. What can't be stored can't be found either."""
    return len(key) <= MAX_KEY and not _UNSTORABLE.search(key)


def check_key(key: str) -> None:
    """Refuse an id or a name that some database could not hold.

    :raises InvalidRequest: it can't be stored.
    """
    if not storable(key):
        raise InvalidRequest(f"Ids and names have at most {MAX_KEY} characters, and neither NUL nor lone surrogates.")
