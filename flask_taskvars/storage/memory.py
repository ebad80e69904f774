"""Variables in a dictionary, for tests and demos."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..errors import TaskNotFound, VariableNotFound
from ..values import BLOCK, Bytes, Content, File, Source, TypedValue, Value, Variable, blocks, typed_value
from .base import Guard, StorageAdapter, check_key


class MemoryContent(Content):
    """Bytes in memory."""

    def __init__(self, data: bytes, modified: datetime) -> None:
        self._data, self.modified = data, modified
        self.size, self.sha256 = len(data), hashlib.sha256(data).digest()
        self.etag = self.sha256.hex()

    def open_at(self, offset: int) -> Iterator[bytes]:
        for start in range(offset, self.size, BLOCK):
            yield self._data[start : start + BLOCK]


@dataclass(slots=True)
class _Scope:
    parent: str | None
    is_task: bool
    variables: dict[str, TypedValue] = field(default_factory=dict, repr=False)


class MemoryStorage(StorageAdapter):
    """A storage that ends with the process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {}
        self._lock = threading.RLock()

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        """Add a scope.

        :param parent: the id of the scope around it, which must exist.
        :param task: False for a scope that only holds variables, such as a process; no URL leads to it.
        :raises ValueError: the id is taken.
        :raises TaskNotFound: the parent doesn't exist.
        :raises InvalidRequest: the id is longer than 255 characters, or has NUL or lone surrogates.
        """
        check_key(scope)
        with self._lock:
            if scope in self._scopes:
                raise ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")
            if parent is not None:
                self._chain(parent)
            self._scopes[scope] = _Scope(parent, task)

    def remove_scope(self, scope: str) -> None:
        """Remove a scope with its variables and all scopes below it; an absent one is no error."""
        with self._lock:
            below = [child for child, held in self._scopes.items() if held.parent == scope]
            for child in below:
                self.remove_scope(child)
            self._scopes.pop(scope, None)

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        with self._lock:
            for scope in self._visible(task_id, local):
                if name in self._scopes[scope].variables:
                    return Variable(name, scope, self._scopes[scope].variables[name])
        raise VariableNotFound(name)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        with self._lock:
            return {
                name: Variable(name, scope, value)
                for scope in reversed(self._visible(task_id, local))
                for name, value in self._scopes[scope].variables.items()
            }

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
        guard: Guard | None = None,
    ) -> None:
        with self._lock:
            self._visible(task_id, local)
        loaded = {name: _load(name, value) for name, value in (put or {}).items()}
        with self._lock:
            visible = self._visible(task_id, local)
            if guard:
                found = self.get_all(task_id, local=local)
                guard({name: found[name] for name in {*loaded, *delete} if name in found})
            self._write(visible, loaded, delete)

    def set(self, scope: str, name: str, value: object) -> None:
        with self._lock:
            self._chain(scope)
        loaded = _load(name, typed_value(value))
        with self._lock:
            self._write(self._chain(scope)[:1], {name: loaded}, ())

    def _write(self, visible: list[str], put: Mapping[str, TypedValue], delete: Collection[str]) -> None:
        for name, value in put.items():
            target = (self._holders(visible, name) or visible[-1:])[0]
            variables = self._scopes[target].variables
            variables[name] = _later(value, variables.get(name))
        for name in delete:
            for holder in self._holders(visible, name)[:1]:
                del self._scopes[holder].variables[name]

    def _holders(self, visible: list[str], name: str) -> list[str]:
        return [scope for scope in visible if name in self._scopes[scope].variables]

    def _visible(self, task_id: str, local: bool) -> list[str]:
        chain = self._chain(task_id)
        if not self._scopes[task_id].is_task:
            raise TaskNotFound(task_id)
        return chain[:1] if local else chain

    def _chain(self, scope: str) -> list[str]:
        """The scope and all around it, nearest first."""
        if scope not in self._scopes:
            raise TaskNotFound(scope)
        chain = [scope]
        while (parent := self._scopes[chain[-1]].parent) is not None:
            chain.append(parent)
        return chain


def _load(name: str, value: TypedValue) -> TypedValue:
    """Take a copy of what is given, which is the caller's to change."""
    check_key(name)
    if isinstance(value, Value):
        return Value(value.type, *json.loads(json.dumps([value.value, dict(value.info)])))
    return value if value.content is None else replace(value, content=_read(value.content))


def _read(source: Source) -> MemoryContent:
    return MemoryContent(b"".join(blocks(source)), datetime.now(UTC).replace(microsecond=0))


def _later(value: TypedValue, old: TypedValue | None) -> TypedValue:
    """Give what replaces another content a later date, so that no two ever share a Last-Modified."""
    if isinstance(value, (Bytes, File)) and isinstance(old, (Bytes, File)):
        new, before = value.content, old.content
        if isinstance(new, Content) and isinstance(before, Content) and new.modified and before.modified:
            new.modified = max(new.modified, before.modified + timedelta(seconds=1))
    return value
