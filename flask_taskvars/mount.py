"""One blueprint in one app: what its routes share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, cast

from flask import Request, current_app, request

from .errors import Forbidden, MissingAuthorization, VariableNotFound
from .settings import Settings
from .storage.base import StorageAdapter
from .values import Variable

Authorize: TypeAlias = "Callable[[str, str, str | None], bool]"
"""`(action, task_id, name) -> bool`: the action is read, write or delete, the name None for all variables."""

_ENOUGH = {"read": ("READ",), "write": ("UPDATE_VARIABLE", "UPDATE"), "delete": ("UPDATE_VARIABLE", "UPDATE")}


@dataclass(slots=True)
class Hook:
    """The host's authorization, which may be set after the blueprint was made."""

    check: Authorize | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """What one blueprint in one app works with."""

    storage: StorageAdapter
    settings: Settings
    hook: Hook
    url_prefix: str

    def find(self, task_id: str, name: str, *, local: bool) -> Variable:
        """Look a variable up as the engine does: the task first, the permission second, the variable last."""
        try:
            variable = self.storage.get(task_id, name, local=local)
        except VariableNotFound:
            self._authorize("read", task_id, name)
            raise
        self._authorize("read", task_id, name)
        return variable

    def permit(self, action: str, task_id: str, name: str | None) -> None:
        """Ask for a permission; of a task that doesn't exist, nobody is asked anything.

        :raises TaskNotFound: no task has this id.
        :raises Forbidden: the caller may not do this.
        """
        with suppress(VariableNotFound):
            self.storage.get(task_id, name or "", local=True)
        self._authorize(action, task_id, name)

    def _authorize(self, action: str, task_id: str, name: str | None) -> None:
        if self.hook.check is None:
            return
        user_id = None
        try:
            if self.hook.check(action, task_id, name):
                return
        except Forbidden as refusal:
            if refusal.missing:
                raise
            user_id = refusal.user_id
        raise Forbidden(user_id, [MissingAuthorization(one, "Task", task_id) for one in _ENOUGH[action]])


def current_mount() -> Mount:
    """The mount that serves this request."""
    mount = current_app.extensions["taskvars"][request.blueprint]
    assert isinstance(mount, Mount)
    return mount


def current_request() -> Request:
    """The request itself: Flask's proxy takes longer for each of its attributes."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]
