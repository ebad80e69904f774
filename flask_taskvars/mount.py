"""One blueprint in one app: its storage, its settings, and who may do what."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from flask import Request, current_app, request
from werkzeug.exceptions import Forbidden as AbortedForbidden

from .callers import Callers
from .contents.base import ContentStore
from .errors import Forbidden, MissingAuthorization, VariableNotFound
from .gates.base import Gates
from .given import kind_of
from .settings import Settings
from .storage.base import Action, Guard, StorageAdapter
from .values import Content, TypedValue, Value, Variable

Authorize: TypeAlias = Callable[[Action, str, "str | None"], bool]
"""`(action, task_id, name) -> bool`: may the caller do this? The name is None for a list or a modification as a whole.

If the function has an attribute `decides_by_task = True`, its answer for None holds for every name.
"""

_ENOUGH = {"read": ("READ",), "write": ("UPDATE_VARIABLE", "UPDATE"), "delete": ("UPDATE_VARIABLE", "UPDATE")}


def everybody(action: Action, task_id: str, name: str | None) -> bool:
    """Let everybody read, write and delete everything: `TaskVars(storage, authorize=everybody)`."""
    return True


@dataclass(slots=True)
class Hook:
    """The host's authorize function, which a decorator may set after the blueprint was made."""

    check: Authorize | None = None

    def ask(self, action: Action, task_id: str, name: str | None) -> None:
        """Ask whether the caller may do this.

        :raises Forbidden: the caller may not.
        :raises TypeError: the answer is neither True nor False.
        """
        assert self.check is not None, "a mount without a hook is refused at start-up"
        user_id = None
        try:
            answer: object = self.check(action, task_id, name)
        except Forbidden as refusal:
            if refusal.missing:
                raise
            answer, user_id = False, refusal.user_id
        if answer is True:
            return
        if answer is not False:
            raise _wrong_answer(answer)
        raise Forbidden(user_id, [MissingAuthorization(one, "Task", task_id) for one in _ENOUGH[action]])

    def allows(self, action: Action, task_id: str, name: str) -> bool:
        """Tell whether the caller may do this."""
        try:
            self.ask(action, task_id, name)
        except (Forbidden, AbortedForbidden):
            return False
        return True

    @property
    def decides_by_task(self) -> bool:
        """Whether its answer for a task holds for every variable of the task."""
        return getattr(self.check, "decides_by_task", False) is True


def _wrong_answer(answer: object) -> TypeError:
    if inspect.iscoroutine(answer):
        answer.close()  # nobody will await it
    return TypeError(
        f"The authorize function returned {kind_of(answer)}: it must return True to allow or False to refuse, "
        "raise Forbidden, or abort(…). A decorator such as @login_required that answers in its place belongs on a "
        "before_request of the blueprint."
    )


@dataclass(frozen=True, slots=True)
class Mount:
    """Everything that one blueprint needs in one app."""

    storage: StorageAdapter
    settings: Settings
    hook: Hook
    gates: Gates
    callers: Callers
    url_prefix: str
    contents: Mapping[str, ContentStore | None] = field(default_factory=dict)
    """The content stores that `TASKVARS_CONTENTS` names."""

    def find(self, task_id: str, name: str, *, local: bool) -> Variable:
        """Look a variable up as the engine does: first the task, then the permission, then the variable.

        :raises TaskNotFound: no task has this id; the hook is not called.
        :raises Forbidden: the caller may not read the variable, or could not if it existed.
        :raises VariableNotFound: the task sees no such variable.
        """
        try:
            variable = self.storage.get(task_id, name, local=local)
        except VariableNotFound:
            self.hook.ask("read", task_id, name)
            raise
        self.hook.ask("read", task_id, name)
        return variable

    def permit(self, action: Action, task_id: str, name: str | None) -> None:
        """Ask for a permission on a task that exists.

        :raises TaskNotFound: no task has this id; the hook is not called.
        :raises Forbidden: the caller may not do this.
        """
        self.storage.check_task(task_id)
        self.hook.ask(action, task_id, name)

    def permit_each(self, action: Action, task_id: str, names: Collection[str]) -> None:
        """Ask for several variables of a task at once.

        :raises Forbidden: the caller may not do this to one of them.
        """
        if names:
            self.hook.ask(action, task_id, None)
        for name in () if self.hook.decides_by_task else names:
            self.hook.ask(action, task_id, name)

    @contextmanager
    def admitted(self, task_id: str, values: Mapping[str, TypedValue]) -> Iterator[Mapping[str, TypedValue]]:
        """Show values to the gates, whatever way they came: a form, a document, a resumed upload.

        Ask the hook before, since a gate's refusal tells something. Inside the `with` ask it again, since a gate may
        take minutes, and then store by :meth:`update` what this gives: what a gate saw is what is stored. Bytes out of
        a JSON document are staged first, so that a gate finds a content wherever there are bytes.

        :raises Refused: a gate keeps one of them out.
        """
        with ExitStack() as stack:
            if self.gates:
                values = {name: self._staged(value, stack) for name, value in values.items()}
                self.gates.judge(task_id, values)
            yield values

    def _staged(self, value: TypedValue, stack: ExitStack) -> TypedValue:
        if isinstance(value, Value) or value.content is None or isinstance(value.content, Content):
            return value
        return replace(value, content=stack.enter_context(self.storage.staging(value.content)))

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue],
        delete: Collection[str] = (),
        local: bool,
        guard: Guard | None,
    ) -> None:
        """Set and delete variables as the storage does, with values that are :meth:`admitted`."""
        self.storage.update(task_id, put=put, delete=delete, local=local, guard=self.gates.guard(put, guard))

    def find_all(self, task_id: str, *, local: bool) -> dict[str, Variable]:
        """Look up the variables that the caller may read, by name.

        :raises TaskNotFound: no task has this id; the hook is not called.
        :raises Forbidden: the caller may not list the variables of this task.
        """
        self.permit("read", task_id, None)
        found = self.storage.get_all(task_id, local=local)
        if self.hook.decides_by_task:
            return dict(found)
        return {name: variable for name, variable in found.items() if self.hook.allows("read", task_id, name)}


@dataclass(slots=True)
class State:
    """What this library stores in an app, under `app.extensions["taskvars"]`."""

    mounts: dict[str, Mount] = field(default_factory=dict)
    """The mounts by the full names of their blueprints."""


def contents_here(storage: StorageAdapter) -> Mapping[str, ContentStore | None]:
    """Return the content stores that the current app's setting names for a storage; none outside of an app context."""
    state = current_app.extensions.get("taskvars", State()) if current_app else State()
    return next((mount.contents for mount in state.mounts.values() if mount.storage is storage), {})


def current_state() -> State:
    """Return the state of the current app."""
    return cast(State, current_app.extensions["taskvars"])


def current_mount() -> Mount:
    """Return the mount that serves this request."""
    return current_state().mounts[request.blueprint or ""]


def current_request() -> Request:
    """Return the request itself, because each attribute access through Flask's proxy costs time."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]
