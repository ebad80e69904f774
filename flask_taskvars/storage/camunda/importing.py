"""Import an engine's variables into the app's own storage; skip those that it has already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from ...errors import ContentVanished, InvalidRequest, TaskNotFound
from ...values import Bytes, Content, File, LongValue, TypedValue, Value, Variable
from ..base import Scope, ScopedStorage, check_key
from .adapter import CamundaStorage
from .walking import Walk


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scope or a variable that was not imported.

    :param reason: a sentence without its full stop.
    :param name: the name of the variable; None for a whole scope.
    """

    reason: str
    scope: str
    name: str | None = None


@dataclass(slots=True)
class Counts:
    """Numbers of what was imported; in a dry run, of what would be imported."""

    tasks: int = 0
    scopes: int = 0
    """Scopes that are not tasks."""
    taken: int = 0
    """Variables that were set."""
    unchanged: int = 0
    """Variables that the app's storage had already."""
    size: int = 0
    """Bytes in the contents of all these variables."""


class Import:
    """Imports the scopes and variables that a walk finds, with the same ids. Skips variables that are equal already.

    :param source: the engine's database.
    :param target: the app's own storage; None to count only.
    :param watch: called with 1 after each variable.
    """

    def __init__(
        self, source: CamundaStorage, walk: Walk, target: ScopedStorage | None, watch: Callable[[int], object]
    ) -> None:
        self._source, self._walk, self._target, self._watch = source, walk, target, watch
        self.counts = Counts()

    def run(self) -> Iterator[LeftOut]:
        """Import everything; yield what is left out, as soon as it is known.

        :raises StorageUnavailable: a database or a content store can't be reached. Run it again later.
        """
        for scopes in self._walk.scopes():
            for scope in scopes:
                yield from self._scope(scope)
        if self._walk.is_whole:
            for row in self._walk.lost():
                yield LeftOut("its scope is missing", row.scope, row.variable_name)

    def _scope(self, scope: Scope) -> Iterator[LeftOut]:
        problem = self._added(scope)
        if problem:
            yield LeftOut(problem, scope.id)
            return
        self.counts.tasks += scope.is_task
        self.counts.scopes += not scope.is_task
        for row in self._walk.variables(scope.id):
            reason = self._variable(row)
            self._watch(1)
            if reason:
                yield LeftOut(reason, row.scope, row.variable_name)
        if not self._walk.is_there(scope):
            yield LeftOut("it ended during the import, and may be here in part: remove-scope removes it", scope.id)

    def _added(self, scope: Scope) -> str | None:
        """Add a scope unless the target has it; return the reason if that is impossible."""
        try:
            check_key(scope.id)
            found = self._target and self._target.find_scope(scope.id)
            if found is None and self._target:
                self._target.add_scope(scope.id, scope.parent, task=scope.is_task)
        except InvalidRequest as error:
            return _reason(error)
        except TaskNotFound:
            return "the scope around it was left out or doesn't exist any more"
        if found and found != scope:
            return "the storage uses this id already for something else: remove-scope removes it"
        return None

    def _variable(self, row: Row[*tuple[Any, ...]]) -> str | None:
        """Import a variable; return the reason if it is left out."""
        try:
            check_key(row.variable_name)
            variable = self._source.variable(row)
        except InvalidRequest as error:
            return _reason(error)
        except ContentVanished:
            return "its bytes are missing"
        if row.variable_type == "date" and row.variable_long is not None and _plain(variable.value) is None:
            return "its date is outside of the years 1 to 9999"
        try:
            reason = self._take(variable)
        except ContentVanished:
            return "it changed during the import: run the import again"
        except TaskNotFound:
            return "its scope was removed during the import"
        self.counts.size += row.size or 0
        return reason

    def _take(self, variable: Variable) -> str | None:
        target, value = self._target, _measured(variable.value)
        if target is None:
            self.counts.taken += 1
            return None
        if _is_there(target, variable, value):
            self.counts.unchanged += 1
            return None
        target.set(variable.scope, variable.name, value)
        if not _is_there(target, variable, value):
            return "the stored value differs from the one that was read: run the import again"
        self.counts.taken += 1
        return None


class MeasuredContent(Content):
    """A content that computes its SHA-256 while it is read."""

    modified = None

    def __init__(self, content: Content) -> None:
        self._content, self.etag, self.sha256 = content, content.etag, None

    @property
    def size(self) -> int:  # type: ignore[override]  # it may have to ask the engine's database
        return self._content.size

    def open_at(self, offset: int) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for block in self._content.open_at(offset):
            digest.update(block)
            yield block
        self.sha256 = None if offset else digest.digest()

    def digest(self) -> bytes:
        """Return the SHA-256; read the content first if nobody has."""
        for _ in self.open_at(0) if self.sha256 is None else ():
            pass
        assert self.sha256 is not None
        return self.sha256


def _measured(value: TypedValue) -> TypedValue:
    match value:
        case LongValue():
            return LongValue(value.type, MeasuredContent(value.json), value.info)
        case Bytes(Content() as content) | File(Content() as content):
            return replace(value, content=MeasuredContent(content))
    return value


def _is_there(target: ScopedStorage, variable: Variable, value: TypedValue) -> bool:
    """Whether the target has the variable with this type, info and bytes."""
    held = target.held(variable.scope, variable.name)
    if held is None or _described(held.value) != _described(value):
        return False
    new, old = _content(value), _content(held.value)
    if isinstance(new, MeasuredContent) and old is not None:
        # To know the size of a JSON text we would have to read it, and so for its digest: compare that alone.
        alike = isinstance(value, LongValue) or new.size == old.size
        return alike and new.digest() == old.sha256
    return new is old if isinstance(value, (Bytes, File)) else _plain(value) == _plain(held.value)


def _described(value: TypedValue) -> tuple[object, ...]:
    match value:
        case Value():
            return value.type, dict(value.info)
        case File():
            return "File", value.filename, value.mimetype, value.encoding
    return ("Bytes",)


def _content(value: TypedValue) -> Content | None:
    if isinstance(value, Value):
        return value.json if isinstance(value, LongValue) else None
    return value.content if isinstance(value.content, Content) else None


def _plain(value: TypedValue) -> object:
    return value.value if isinstance(value, Value) else None


def _reason(error: InvalidRequest) -> str:
    return f"it can't be stored: {error}".rstrip(".")
