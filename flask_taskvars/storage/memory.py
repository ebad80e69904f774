"""Variables in a dictionary, for tests and demos."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from ..errors import TaskNotFound, VariableNotFound
from ..values import (
    BLOCK,
    Bytes,
    Content,
    File,
    Source,
    TypedValue,
    Value,
    Variable,
    blocks,
    plain,
    size_of,
    typed_value,
)
from .base import Found, Guard, Scope, ScopedStorage, check_key, storable
from .memory_uploads import MemoryUploads


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


class MemoryStorage(MemoryUploads, ScopedStorage):
    """A storage whose data end with the process. Several threads may use it."""

    offloadable = False

    def __init__(self) -> None:
        super().__init__()
        self._scopes: dict[str, _Scope] = {}
        self._lock = threading.RLock()

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        check_key(scope)
        with self._lock:
            if scope in self._scopes:
                raise ValueError(f"The scope {scope} exists already; remove it first, or choose another id.")
            if parent is not None and not self._has(parent):
                raise TaskNotFound(parent)
            self._scopes[scope] = _Scope(parent, task)

    def remove_scope(self, scope: str) -> None:
        if not storable(scope):
            return
        with self._lock:
            children: dict[str | None, list[str]] = {}
            for child, held in self._scopes.items():
                children.setdefault(held.parent, []).append(child)
            waiting = [scope]
            while waiting:
                gone = waiting.pop()
                self._scopes.pop(gone, None)
                waiting += children.get(gone, ())

    def scopes(self) -> Iterator[Scope]:
        with self._lock:
            found = [Scope(scope, held.parent, held.is_task) for scope, held in self._scopes.items()]
        return iter(sorted(found, key=lambda scope: scope.id))

    def find_scope(self, scope: str) -> Scope | None:
        with self._lock:
            held = self._scopes[scope] if self._has(scope) else None
        return None if held is None else Scope(scope, held.parent, held.is_task)

    def held(self, scope: str, name: str) -> Variable | None:
        with self._lock:
            known = self._has(scope) and storable(name)
            value = self._scopes[scope].variables.get(name) if known else None
        return None if value is None else Variable(name, scope, value)

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        with self._lock:
            for scope in self._visible(task_id, local):
                if storable(name) and name in self._scopes[scope].variables:
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
                named = {name: found[name] for name in {*loaded, *delete} if name in found}
                guard(Found(named, partial(self._usage, task_id)))
            self._write(visible, loaded, delete)

    def set(self, scope: str, name: str, value: object) -> None:
        with self._lock:
            self._chain(scope)
        loaded = _load(name, typed_value(value))
        with self._lock:
            self._write(self._chain(scope)[:1], {name: loaded}, ())

    def _usage(self, task_id: str) -> int:
        return sum(size_of(value) for scope in self._chain(task_id) for value in self._scopes[scope].variables.values())

    def _write(self, visible: list[str], put: Mapping[str, TypedValue], delete: Collection[str]) -> None:
        for name, value in put.items():
            target = (self._holders(visible, name) or visible[-1:])[0]
            variables = self._scopes[target].variables
            variables[name] = _later(value, variables.get(name))
        for name in delete:
            for holder in self._holders(visible, name)[:1]:
                del self._scopes[holder].variables[name]

    def _holders(self, visible: list[str], name: str) -> list[str]:
        return [scope for scope in visible if storable(name) and name in self._scopes[scope].variables]

    def _visible(self, task_id: str, local: bool) -> list[str]:
        chain = self._chain(task_id)
        if not self._scopes[task_id].is_task:
            raise TaskNotFound(task_id)
        return chain[:1] if local else chain

    def _has(self, scope: str) -> bool:
        return storable(scope) and scope in self._scopes

    def _chain(self, scope: str) -> list[str]:
        """The scope and those around it, nearest first."""
        if not self._has(scope):
            raise TaskNotFound(scope)
        chain = [scope]
        while (parent := self._scopes[chain[-1]].parent) is not None:
            chain.append(parent)
        return chain


def _load(name: str, value: TypedValue) -> TypedValue:
    """Copy a value, because the caller may change theirs later."""
    check_key(name)
    value = plain(value)
    if isinstance(value, Value):
        return Value(value.type, *json.loads(json.dumps([value.value, dict(value.info)])))
    return value if value.content is None else replace(value, content=_read(value.content))


def _read(source: Source) -> MemoryContent:
    return MemoryContent(b"".join(blocks(source)), datetime.now(UTC).replace(microsecond=0))


def _later(value: TypedValue, old: TypedValue | None) -> TypedValue:
    """Date a content later than the one that it replaces, so that the two never share a Last-Modified."""
    if isinstance(value, (Bytes, File)) and isinstance(old, (Bytes, File)):
        new, before = value.content, old.content
        if isinstance(new, Content) and isinstance(before, Content) and new.modified and before.modified:
            new.modified = max(new.modified, before.modified + timedelta(seconds=1))
    return value
