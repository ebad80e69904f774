"""Turn errors into answers: JSON with type, message and code, and the headers of the error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from flask import Blueprint, Response, current_app, request
from flask.sansio.app import App
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge, default_exceptions
from werkzeug.routing import RequestRedirect

from .errors import Attempt, InvalidRequest, TaskVarsError, Unavailable
from .http.failures import failure_log
from .mount import current_mount, current_request

Allowed: TypeAlias = "Mapping[str, Callable[[], list[str]]]"

_JAX_RS = {
    401: "NotAuthorizedException",
    404: "NotFoundException",
    405: "NotAllowedException",
    413: "RequestEntityTooLargeException",
    415: "NotSupportedException",
}
_VERBS = {"GET": "get", "HEAD": "get", "PUT": "put", "POST": "put", "PATCH": "put", "DELETE": "delete"}


def handle_problems(blueprint: Blueprint) -> None:
    """Give a blueprint JSON errors on its own routes; the host's other errors don't change."""
    blueprint.register_error_handler(TaskVarsError, _problem)
    for status in default_exceptions:
        # Register each status: otherwise a host's handler for a status would win over ours for HTTPException.
        blueprint.register_error_handler(status, _http_problem)


def date_answers(blueprint: Blueprint) -> None:
    """Add a Date to answers under uWSGI, which sends none (RFC 9110 6.6.1); other servers add their own."""
    blueprint.after_request(_dated)


def _dated(response: Response) -> Response:
    if "uwsgi.version" in current_request().environ and "Date" not in response.headers:
        response.date = datetime.now(UTC)
    return response


def handle_routing(app: App, own: re.Pattern[str], name: str, allowed: Allowed) -> None:
    """Answer unknown paths that begin with `own`, and unknown methods there; the host answers all others.

    Routing fails before Flask chooses a blueprint, so no blueprint's error handler sees these errors.

    :param name: the full name of the blueprint. It tells our routes from the host's own pages below our prefix.
    :param allowed: from an endpoint to a function that lists the methods of its URLs.
    """
    app.before_request_funcs.setdefault(None, []).append(partial(_routing_problem, own, f"{name}.", allowed))


def check_readable(path: str) -> None:
    """Refuse a path that is not UTF-8 or has a NUL.

    :param path: as WSGI gives it: bytes decoded as Latin-1 (PEP 3333).
    """
    try:
        readable = "\0" not in path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        readable = False
    if not readable:
        raise InvalidRequest("The path must be percent-encoded UTF-8 without NUL.")


def _problem(error: TaskVarsError) -> Response:
    # Clients of tus are no clients of the engine, and would send again after its 500.
    engine = current_mount().settings.as_engine and "Tus-Resumable" not in request.headers
    status = error.engine_status if engine and error.engine_status else error.status
    document = error.document(_attempt())
    if engine and error.engine_type:
        document["type"] = error.engine_type
    if engine and error.engine_message:
        document["message"] = error.engine_message
    if isinstance(error, Unavailable):
        failure_log(error.what)(error)
    document["message"] = _shortened(str(document["message"]), current_mount().settings.max_message_length)
    return json_problem(document, status, error.headers())


def _shortened(message: str, limit: int) -> str:
    """Cut a message, which may repeat the caller's input. JSON may need 12 bytes for one character."""
    return message if len(message) <= limit else f"{message[: limit - 1]}…"


def _attempt() -> Attempt | None:
    """Describe what the request tries; None if its path names no task."""
    arguments = request.view_args or {}
    if "task_id" not in arguments:
        return None
    verb = _VERBS.get(request.method, "get")
    name = arguments.get("name")
    return Attempt(verb, arguments["task_id"], name, form=name is not None and request.method == "POST")


def _http_problem(error: HTTPException) -> Response:
    """Turn an HTTP error into JSON and keep its headers (Allow, WWW-Authenticate, Retry-After …)."""
    if error.response is not None:
        return current_app.make_response(error.get_response())
    status = error.code or 500
    kind = _JAX_RS.get(status, "ClientErrorException" if status < 500 else "ServerErrorException")
    message = f"HTTP {status} {error.name}"
    if error.description and error.description != default_exceptions.get(status, HTTPException).description:
        # The host gave a reason: abort(400, "reason").
        message = f"{message}: {error.description}"
        message = _shortened(message, current_mount().settings.max_message_length)
    if isinstance(error, RequestEntityTooLarge):
        message = f"The request is longer than {request.max_content_length} bytes, or its form is."
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return json_problem({"type": kind, "message": message, "code": None}, status, headers)


def _routing_problem(own: re.Pattern[str], endpoints: str, allowed: Allowed) -> Response | None:
    error: HTTPException | None = current_request().routing_exception
    if error is None or not own.match(request.path):
        return None
    problem = _own_problem(error, endpoints, allowed)
    return None if problem is None else _dated(_http_problem(problem))


def _own_problem(error: HTTPException, endpoints: str, allowed: Allowed) -> HTTPException | None:
    """Choose our answer to a routing error; None leaves it to the host."""
    if isinstance(error, NotFound):
        return error
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        endpoint = _endpoint(request.path, next(iter(error.valid_methods)))
        if endpoint in allowed:
            return MethodNotAllowed(allowed[endpoint]())  # the rules have more methods than the views serve
        return error if endpoint.startswith(endpoints) else None
    merged = re.sub("//+", "/", request.path)
    if isinstance(error, RequestRedirect) and merged != request.path and _endpoint(merged, "GET").startswith(endpoints):
        return NotFound()  # with slashes merged, the path would name another variable
    return None


def _endpoint(path: str, method: str) -> str:
    """Return the endpoint that answers a request, or an empty string."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None, "there is a request"
    try:
        return str(adapter.match(path, method)[0])
    except HTTPException:
        return ""


def json_problem(document: dict[str, object], status: int, headers: dict[str, str]) -> Response:
    """Make an error's response. Its Content-Type is exactly `application/json`: clients compare the whole header."""
    response = Response(json.dumps(document), status, mimetype="application/json")
    response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"} | headers)
    return response
