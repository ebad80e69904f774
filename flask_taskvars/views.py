"""The routes: parse, ask the storage, respond."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from .disposition import OCTET_STREAM, content_disposition, content_type
from .errors import (
    Forbidden,
    InvalidRequest,
    MissingAuthorization,
    NotBinary,
    StorageUnavailable,
    TaskNotFound,
    TaskVarsError,
    VariableNotFound,
)
from .responses import NoContent, Representation, content_response
from .settings import Settings
from .storage.base import StorageAdapter
from .values import Bytes, Content, File, Variable

Authorize: TypeAlias = "Callable[[str, str, str | None], bool]"
"""`(action, task_id, name) -> bool`: the action is read, write or delete, the name None for all variables."""

_SCOPE = "/task/<task_id>/<any(variables, localVariables):scope>"
_PERMISSIONS = {"read": ("READ",), "write": ("UPDATE_VARIABLE", "UPDATE"), "delete": ("UPDATE_VARIABLE", "UPDATE")}
_JAX_RS = {401: "NotAuthorizedException", 404: "NotFoundException", 405: "NotAllowedException"}


@dataclass(slots=True)
class Hook:
    """The host's authorization, which may be set after the blueprint was made."""

    check: Authorize | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """One blueprint in one app."""

    storage: StorageAdapter
    settings: Settings
    hook: Hook
    url_prefix: str


def make_blueprint(name: str) -> Blueprint:
    """A blueprint whose errors are JSON; its routes come with :func:`add_routes`, when the settings are known."""
    blueprint = Blueprint(name, __name__)
    blueprint.before_request(_refuse_unreadable_path)
    blueprint.register_error_handler(TaskVarsError, _problem)
    blueprint.register_error_handler(HTTPException, _http_problem)
    return blueprint


def add_routes(state: BlueprintSetupState, settings: Settings) -> None:
    """Add the routes, each with and without a trailing slash, plain and under `/engine/<name>`."""
    engine = f"/engine/{settings.engine_name}"
    for start in (_SCOPE, engine + _SCOPE):
        for end in ("", "/"):
            state.add_url_rule(
                f"{start}/<path:name>/data{end}", "variable_data", variable_data, methods=["GET"], strict_slashes=False
            )
    own = (f"{state.url_prefix}/",) if state.url_prefix else ("/task/", f"{engine}/task/")
    # Routing fails before any blueprint is chosen, so that no blueprint's error handler ever sees it.
    state.app.before_request_funcs.setdefault(None, []).append(partial(_routing_problem, own))


def variable_data(task_id: str, scope: str, name: str) -> Response:
    """GET …/data: the bytes of a Bytes or File variable."""
    mount = _mount()
    value = _find(mount, task_id, scope, name).value
    if not isinstance(value, (Bytes, File)):
        raise NotBinary(task_id)
    content = NoContent() if value.content is None else value.content
    assert isinstance(content, Content), "what a storage finds has a Content"
    media_type, disposition = OCTET_STREAM, None
    if isinstance(value, File):
        media_type = content_type(value.mimetype, value.encoding)
        inline = media_type.partition(";")[0].lower() in mount.settings.inline_types
        disposition = content_disposition(value.filename, inline=inline)
    return content_response(Representation(content, media_type, disposition, mount.settings.cache_control), request)


def _mount() -> Mount:
    mount = current_app.extensions["taskvars"][request.blueprint]
    assert isinstance(mount, Mount)
    return mount


def _find(mount: Mount, task_id: str, scope: str, name: str) -> Variable:
    """Look a variable up as the engine does: the task first, the permission second, the variable last."""
    try:
        variable = mount.storage.get(task_id, name, local=scope == "localVariables")
    except VariableNotFound:
        _authorize(mount, "read", task_id, name)
        if "/" in name and mount.settings.profile == "engine":
            raise NotFound from None  # the engine has no route for such a name
        raise
    _authorize(mount, "read", task_id, name)
    return variable


def _authorize(mount: Mount, action: str, task_id: str, name: str | None) -> None:
    check = mount.hook.check
    if check is None:
        return
    user_id = None
    try:
        if check(action, task_id, name):
            return
    except Forbidden as refusal:
        if refusal.missing:
            raise
        user_id = refusal.user_id
    raise Forbidden(user_id, [MissingAuthorization(one, "Task", task_id) for one in _PERMISSIONS[action]])


def _refuse_unreadable_path() -> None:
    """Refuse a path that is no text: WSGI hands its bytes over as Latin-1 (PEP 3333)."""
    path = request.environ["PATH_INFO"].encode("latin-1")
    try:
        readable = "\0" not in path.decode("utf-8")
    except UnicodeDecodeError:
        readable = False
    if not readable:
        raise InvalidRequest("The path must be percent-encoded UTF-8 without NUL.")


def _problem(error: TaskVarsError) -> Response:
    engine = _mount().settings.profile == "engine"
    status = error.engine_status if engine and error.engine_status else error.status
    document = error.document()
    if isinstance(error, TaskNotFound):
        document["message"] = f"Cannot get task variable {(request.view_args or {})['name']}: {error}"
    if isinstance(error, StorageUnavailable):
        # The cause's own text: SQLAlchemy's would print the statement's parameters.
        cause = getattr(error.__cause__, "orig", error.__cause__)
        current_app.logger.error("taskvars: the storage failed: %s: %s", type(cause).__name__, cause)
    return _json(document, status, error.headers())


def _http_problem(error: HTTPException) -> Response:
    """Turn an HTTP error into JSON and keep its headers (Allow, WWW-Authenticate, Retry-After …)."""
    if error.response is not None:
        return current_app.make_response(error.get_response())
    status = error.code or 500
    kind = _JAX_RS.get(status, "ClientErrorException" if status < 500 else "ServerErrorException")
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return _json({"type": kind, "message": f"HTTP {status} {error.name}", "code": None}, status, headers)


def _routing_problem(own: tuple[str, ...]) -> Response | None:
    """Answer a path of ours that leads nowhere; all other paths are the host's."""
    error: HTTPException | None = request.routing_exception
    if error is None or not request.path.startswith(own):
        return None
    if isinstance(error, RequestRedirect) and "//" in request.path:
        error = NotFound()  # a merged slash would lead to another variable
    return _http_problem(error) if isinstance(error, (NotFound, MethodNotAllowed)) else None


def _json(document: dict[str, object], status: int, headers: dict[str, str]) -> Response:
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"} | headers)
    return response
