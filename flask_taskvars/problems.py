"""From what went wrong to its answer: JSON with type, message and code, and the headers that belong to it."""

from __future__ import annotations

import json
import re
from functools import partial

from flask import Blueprint, Response, current_app, request
from flask.sansio.app import App
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge, default_exceptions
from werkzeug.routing import RequestRedirect

from .errors import (
    InvalidRequest,
    NoBody,
    StorageUnavailable,
    TaskNotFound,
    TaskVarsError,
    Unconvertible,
    Unserializable,
    UnsupportedType,
    WrongTenant,
)
from .mount import current_mount, current_request

_JAX_RS = {
    401: "NotAuthorizedException",
    404: "NotFoundException",
    405: "NotAllowedException",
    413: "RequestEntityTooLargeException",
    415: "NotSupportedException",
}
_VERBS = {"GET": "get", "HEAD": "get", "PUT": "put", "POST": "put", "DELETE": "delete"}


def handle_problems(blueprint: Blueprint) -> None:
    """Give a blueprint JSON errors on its own routes; nothing else of the host changes."""
    blueprint.register_error_handler(TaskVarsError, _problem)
    for status in default_exceptions:
        # One by one: the host's handler of a status would go before ours of all HTTP errors.
        blueprint.register_error_handler(status, _http_problem)


def handle_routing(app: App, own: tuple[str, ...], name: str) -> None:
    """Answer paths that start with one of `own` and lead nowhere; all other paths are the host's.

    Routing fails before any blueprint is chosen, so that no blueprint's error handler ever sees it.

    :param name: the full name of the blueprint: where the host has pages below our prefix, they route as before.
    """
    app.before_request_funcs.setdefault(None, []).append(partial(_routing_problem, own, f"{name}."))


def check_readable(path: str) -> None:
    """Refuse a path that is no text.

    :param path: the bytes as WSGI hands them over: as Latin-1 (PEP 3333).
    """
    try:
        readable = "\0" not in path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        readable = False
    if not readable:
        raise InvalidRequest("The path must be percent-encoded UTF-8 without NUL.")


def _problem(error: TaskVarsError) -> Response:
    engine = current_mount().settings.profile == "engine"
    status = error.engine_status if engine and error.engine_status else error.status
    document = error.document() | _told(error)
    if engine and isinstance(error, NoBody):
        document["type"] = "NullPointerException"  # with a message of ours: the engine's names its classes
    if isinstance(error, StorageUnavailable):
        # The cause's own text: SQLAlchemy's would print the statement's parameters.
        cause = getattr(error.__cause__, "orig", error.__cause__) or error
        current_app.logger.error("taskvars: the storage failed: %s: %s", type(cause).__name__, cause)
    return json_problem(document, status, error.headers())


def _told(error: TaskVarsError) -> dict[str, object]:
    """What the engine says around these errors: what was to be done, in words that differ from method to method."""
    if not isinstance(error, (TaskNotFound, Unconvertible, Unserializable, WrongTenant)):
        return {}
    arguments, verb = request.view_args or {}, _VERBS[request.method]
    if "name" not in arguments:
        if verb == "get":
            return {"type": "NullValueException"}
        task = "task" if isinstance(error, Unconvertible) else f"task {arguments['task_id']}"
        return {"message": f"Cannot modify variables for {task}: {error}"}
    if isinstance(error, Unconvertible) and request.method == "POST":
        return {"type": "RestException"} if isinstance(error, UnsupportedType) else {}
    lost = f"Cannot find task with id {arguments['task_id']}: task is null"
    message = lost if verb == "delete" and isinstance(error, TaskNotFound) else str(error)
    return {"message": f"Cannot {verb} task variable {arguments['name']}: {message}"}


def _http_problem(error: HTTPException) -> Response:
    """Turn an HTTP error into JSON and keep its headers (Allow, WWW-Authenticate, Retry-After …)."""
    if error.response is not None:
        return current_app.make_response(error.get_response())
    status = error.code or 500
    kind = _JAX_RS.get(status, "ClientErrorException" if status < 500 else "ServerErrorException")
    message = f"HTTP {status} {error.name}"
    if isinstance(error, RequestEntityTooLarge):
        message = f"The request is longer than {request.max_content_length} bytes, or its form is."
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return json_problem({"type": kind, "message": message, "code": None}, status, headers)


def _routing_problem(own: tuple[str, ...], endpoints: str) -> Response | None:
    error: HTTPException | None = current_request().routing_exception
    if error is None or not request.path.startswith(own):
        return None
    if isinstance(error, NotFound):
        return _http_problem(error)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        return _http_problem(error) if _leads_to(endpoints, request.path, next(iter(error.valid_methods))) else None
    merged = re.sub("//+", "/", request.path)
    if isinstance(error, RequestRedirect) and merged != request.path and _leads_to(endpoints, merged, "GET"):
        return _http_problem(NotFound())  # a merged slash would lead to another variable
    return None


def _leads_to(endpoints: str, path: str, method: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None, "there is a request"
    try:
        return str(adapter.match(path, method)[0]).startswith(endpoints)
    except HTTPException:
        return False


def json_problem(document: dict[str, object], status: int, headers: dict[str, str]) -> Response:
    """An error's response; its Content-Type is exactly `application/json`, which clients compare as a whole."""
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"} | headers)
    return response
