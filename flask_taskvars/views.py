"""The views: parse, ask the storage, respond."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound

from .contract.bodies import read_patch, read_value
from .contract.conversions import Given, convert
from .contract.documents import collection_document, variable_document
from .contract.guard import Preconditions, is_conditional
from .contract.uploads import read_upload
from .errors import ContentVanished, InvalidRequest, NotBinary, Unserializable, VariableNotFound
from .http.incoming import limit_body, received
from .http.origins import check_embedding
from .http.representations import represent, represent_document
from .http.responses import respond
from .mount import Mount, current_request
from .settings import Settings
from .signals import tell, variable_deleted, variable_read, variable_written
from .storage.base import Action, Guard
from .values import Bytes, File, TypedValue, Variable

_ATTEMPTS = 3
"""How often to look up a value again when its bytes are replaced before we read the first of them."""


def get_data(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """GET …/variables/{name}/data: the bytes of a Bytes or File."""
    for left in reversed(range(_ATTEMPTS)):
        value = _find(mount, task_id, name, local).value
        if not isinstance(value, (Bytes, File)):
            raise NotBinary(task_id)
        try:
            representation = represent(value, mount.settings)
            check_embedding(current_request(), inline=representation.inline)
            response = respond(representation, current_request())
            break
        except ContentVanished:
            if not left:
                raise
    return _told_of_read(response, task_id, {name: value})


def get_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """GET …/variables/{name}: the typed value."""
    value = _find(mount, task_id, name, local).value
    response = respond(represent_document(variable_document(value), mount.settings), current_request())
    return _told_of_read(response, task_id, {name: value})


def get_variables(mount: Mount, task_id: str, *, local: bool) -> Response:
    """GET …/variables: all typed values that the task sees and the caller may read."""
    if request.path.endswith("//"):
        raise NotFound  # the name of the variable is missing, or is a slash
    values = {name: variable.value for name, variable in mount.find_all(task_id, local=local).items()}
    response = respond(represent_document(collection_document(values), mount.settings), current_request())
    return _told_of_read(response, task_id, values)


def put_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """PUT …/variables/{name}: set a typed value."""
    permit_change(mount, "write", task_id, name)
    given = _given(name, _read_json(mount, read_value), mount)
    return store(mount, task_id, name, given, request.headers, local=local)


def upload_data(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """POST …/variables/{name}/data: set a Bytes or File from a form."""
    permit_change(mount, "write", task_id, name)
    limit_body(request, mount.settings.max_content_length)
    with read_upload(name, request, mount.storage, mount.settings) as given:
        return store(mount, task_id, name, given, request.headers, local=local)


def delete_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """DELETE …/variables/{name}: succeeds also if there is no such variable."""
    permit_change(mount, "delete", task_id, name)
    change = Change(guard(mount, name, request.headers))
    mount.storage.update(task_id, delete=[name], local=local, guard=change.guard)
    return _changed(task_id, change, {}, [name])


def modify_variables(mount: Mount, task_id: str, *, local: bool) -> Response:
    """POST …/variables: set some and delete some, all or none."""
    mount.permit("write", task_id, None)
    if is_conditional(request.headers):
        raise InvalidRequest("Preconditions go with one variable: PUT or DELETE it, or POST to its data.")
    patch = _read_json(mount, read_patch)
    given = {name: _given(name, document, mount) for name, document in (patch["modifications"] or {}).items()}
    deletions = {name: None for name in patch["deletions"] or () if name is not None}
    _ask_to_modify(mount, task_id, given, deletions)
    with mount.admitted(task_id, {name: one.value for name, one in given.items()}) as admitted:
        if mount.gates:
            _ask_to_modify(mount, task_id, given, deletions)  # the gates may take minutes
        for name in (name for name, one in given.items() if one.transient):
            _refuse_transient(mount, task_id, name, local)
        kept = {name: admitted[name] for name, one in given.items() if not one.transient and name not in deletions}
        change = Change()
        mount.update(task_id, put=kept, delete=deletions, local=local, guard=change.guard)
    return _changed(task_id, change, kept, deletions)


def _find(mount: Mount, task_id: str, name: str, local: bool) -> Variable:
    try:
        return mount.find(task_id, name, local=local)
    except VariableNotFound:
        if "/" in name and mount.settings.as_engine:
            raise NotFound from None  # the engine has no route for such a name
        raise


def permit_change(mount: Mount, action: Action, task_id: str, name: str) -> None:
    """Ask whether the caller may do this to a variable, before the body is read."""
    mount.storage.check_task(task_id)
    ask_to_change(mount, action, task_id, name, request.headers)


def ask_to_change(mount: Mount, action: Action, task_id: str, name: str, conditions: Headers) -> None:
    """Ask for a change. A conditional change also needs the permission to read: its 412 tells of the value."""
    mount.hook.ask(action, task_id, name)
    if is_conditional(conditions):
        mount.hook.ask("read", task_id, name)


def _ask_to_modify(mount: Mount, task_id: str, put: Collection[str], delete: Collection[str]) -> None:
    mount.permit_each("write", task_id, put)
    mount.permit_each("delete", task_id, delete)


def _read_json(mount: Mount, read: Callable[[str | None, bytes, Settings], dict[str, Any]]) -> dict[str, Any]:
    limit_body(request, mount.settings.max_json_length)
    return read(request.headers.get("Content-Type"), received(request), mount.settings)


def _given(name: str, document: Mapping[str, Any], mount: Mount) -> Given:
    return convert(name, document["type"], document["value"], document["valueInfo"], lenient=mount.settings.as_engine)


def store(mount: Mount, task_id: str, name: str, given: Given, conditions: Headers, *, local: bool) -> Response:
    """Set the value that was sent. Ask the hook again, because the upload and the gates may have taken hours."""
    with mount.admitted(task_id, {name: given.value}) as admitted:
        ask_to_change(mount, "write", task_id, name, conditions)
        if given.transient:
            _refuse_transient(mount, task_id, name, local)
            return done()
        mount.update(task_id, put=admitted, local=local, guard=guard(mount, name, conditions))
    return _changed(task_id, Change(), admitted, ())


def _refuse_transient(mount: Mount, task_id: str, name: str, local: bool) -> None:
    """Refuse a transient value if a variable with this name exists, as the engine does.

    The refusal tells that the variable exists, so the caller needs the permission to read it.
    """
    with suppress(VariableNotFound):
        mount.find(task_id, name, local=local)
        raise Unserializable(
            f"ENGINE-17006 Cannot set transient variable with name {name} to non-transient variable and vice versa."
        )


def guard(mount: Mount, name: str, conditions: Headers) -> Guard | None:
    """Make the guard of a change; None without conditions."""
    if not is_conditional(conditions):
        return None
    return Preconditions(name, request.method, conditions, mount.settings)


@dataclass(slots=True)
class Change:
    """A change that remembers which variables it found, if a signal handler wants to know what was deleted."""

    condition: Guard | None = None
    found: Collection[str] = ()

    @property
    def guard(self) -> Guard | None:
        return self._look if variable_deleted.receivers else self.condition

    def _look(self, found: Mapping[str, Variable]) -> None:
        if self.condition:
            self.condition(found)
        self.found = found.keys()


def _changed(task_id: str, change: Change, put: Mapping[str, TypedValue], deleted: Iterable[str]) -> Response:
    for name, value in put.items():
        tell(variable_written, task_id, name, value)
    for name in (name for name in deleted if name in change.found):
        tell(variable_deleted, task_id, name, None)
    return done()


def _told_of_read(response: Response, task_id: str, values: Mapping[str, TypedValue]) -> Response:
    # A redirect to the object store also hands out the value.
    if variable_read.receivers and response.status_code in (200, 206, 307) and request.method == "GET":
        for name, value in values.items():
            tell(variable_read, task_id, name, value)
    return response


def done() -> Response:
    """Answer 204, without a body."""
    response = current_app.response_class(status=204)
    del response.headers["Content-Type"]
    return response
