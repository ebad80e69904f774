"""The routes: parse, ask the storage, respond."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from blinker import Signal
from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import PathConverter

from .conversions import Given, convert
from .documents import collection_pieces, document_etag, document_response, variable_pieces
from .errors import ContentVanished, NotBinary, PreconditionFailed, Unserializable, VariableNotFound
from .mount import Mount, current_request
from .openapi import Description
from .preconditions import evaluate
from .problems import check_readable, handle_problems, handle_routing
from .representations import represent
from .responses import content_response
from .schemas import PatchVariablesSchema, VariableValueSchema, load
from .settings import Settings
from .signals import variable_deleted, variable_read, variable_written
from .storage.base import Guard
from .uploads import read_upload
from .values import Bytes, Content, File, TypedValue, Variable

_SCOPE = "/task/<task_id>/<any(variables, localVariables):scope>"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
_CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")
_ATTEMPTS = 3
"""Times that a content is looked up which was replaced before its first byte was read."""
_VALUE, _PATCH = VariableValueSchema(), PatchVariablesSchema()


class NameConverter(PathConverter):
    """A variable's name: any text, also with slashes and line feeds in it, but for a slash in front."""

    regex = r"[^/][\s\S]*?"


class LastNameConverter(PathConverter):
    """The same at the end of a path, where a slash behind it is the path's."""

    regex = r"[^/](?:[\s\S]*?[^/])??"


def make_blueprint(name: str) -> Blueprint:
    """A blueprint whose errors are JSON; its routes come with :func:`add_routes`, when the settings are known."""
    blueprint = Blueprint(name, __name__)
    handle_problems(blueprint)
    return blueprint


def add_routes(state: BlueprintSetupState, mount: Mount) -> None:
    """Add the routes, each with and without a trailing slash, plain and under `/engine/<name>`."""
    state.app.url_map.converters |= {"taskvars_name": NameConverter, "taskvars_last_name": LastNameConverter}
    engine = f"/engine/{mount.settings.engine_name}"
    variable = _resource(mount, GET=get_variable, PUT=put_variable, DELETE=delete_variable)
    resources = {
        "variables": ("", _resource(mount, GET=get_variables, POST=modify_variables)),
        "variable": ("/<taskvars_last_name:name>", variable),
        "variable_data": ("/<taskvars_name:name>/data", _resource(mount, GET=get_data, POST=upload_data)),
    }
    for endpoint, (path, view) in resources.items():
        for start in (_SCOPE, engine + _SCOPE):
            for end in ("", "/"):
                # One view for all methods: the next rule must never take a method that this one refuses.
                rule = {"methods": _METHODS, "strict_slashes": False, "provide_automatic_options": False}
                state.add_url_rule(f"{start}{path}{end}", endpoint, view, **rule)
    describe = _describer({endpoint: _SCOPE + path for endpoint, (path, _) in resources.items()}, engine)
    # Without a prefix there is a placeholder in it, so that a host's own /openapi.json goes first, also a later one.
    plain = "/openapi.json" if state.url_prefix else "/<any('openapi.json'):_>"
    state.add_url_rule(plain, "openapi", describe, defaults={"below": ""})
    state.add_url_rule(f"{engine}/openapi.json", "openapi", describe, defaults={"below": engine})
    own = (f"{state.url_prefix}/",) if state.url_prefix else ("/task/", f"{engine}/task/")
    handle_routing(state.app, own, f"{state.name_prefix}.{state.name}".lstrip("."))


def _resource(mount: Mount, **views: Callable[..., Response]) -> Callable[..., Response]:
    """One view out of one for each method; HEAD is a GET, and OPTIONS lists them all."""
    reading = {"GET": views["GET"], "HEAD": views["GET"]}
    everything = views | reading

    def view(scope: str, **arguments: str) -> Response:
        current = current_request()
        check_readable(current.environ["PATH_INFO"])
        allowed = reading if mount.storage.read_only else everything
        if current.method in allowed:
            return allowed[current.method](mount, local=scope == "localVariables", **arguments)
        if current.method != "OPTIONS":
            raise MethodNotAllowed([*allowed, "OPTIONS"])
        response = current_app.response_class()
        response.allow.update([*allowed, "OPTIONS"])
        return response

    return view


def _describer(rules: Mapping[str, str], engine: str) -> Callable[..., Response]:
    description = Description(rules, engine)

    def get_openapi(below: str, **_: str) -> Response:
        """GET openapi.json: the description of all other routes."""
        check_readable(request.environ["PATH_INFO"])
        base = (request.root_path + request.path).removesuffix(f"{below}/openapi.json")
        return document_response([json.dumps(description.at(base))], request)

    return get_openapi


def get_data(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """GET …/variables/{name}/data: the bytes of a Bytes or File."""
    for left in reversed(range(_ATTEMPTS)):
        value = _find(mount, task_id, name, local).value
        if not isinstance(value, (Bytes, File)):
            raise NotBinary(task_id)
        try:
            response = content_response(represent(value, mount.settings), current_request())
            break
        except ContentVanished:
            if not left:
                raise
    return _told_of_read(response, task_id, name, value)


def get_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """GET …/variables/{name}: the typed value."""
    value = _find(mount, task_id, name, local).value
    return _told_of_read(document_response(variable_pieces(value), request, document_etag(value)), task_id, name, value)


def get_variables(mount: Mount, task_id: str, *, local: bool) -> Response:
    """GET …/variables: every typed value in sight."""
    if request.path.endswith("//"):
        raise NotFound  # the name of a variable is missing, or is a slash
    mount.permit("read", task_id, None)
    values = {name: variable.value for name, variable in mount.storage.get_all(task_id, local=local).items()}
    return document_response(collection_pieces(values), request)


def put_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """PUT …/variables/{name}: set a typed value."""
    mount.permit("write", task_id, name)
    given = _given(name, load(_VALUE, request.headers.get("Content-Type"), _json_body(mount)), mount)
    return _store(mount, task_id, name, given, local=local)


def upload_data(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """POST …/variables/{name}/data: set a Bytes or File from a form."""
    mount.permit("write", task_id, name)
    request.max_content_length = mount.settings.max_content_length
    with read_upload(name, request, mount.storage, mount.settings) as given:
        return _store(mount, task_id, name, given, local=local)


def delete_variable(mount: Mount, task_id: str, name: str, *, local: bool) -> Response:
    """DELETE …/variables/{name}: also when there is none."""
    mount.permit("delete", task_id, name)
    mount.storage.update(task_id, delete=[name], local=local, guard=_guard(name, mount.settings))
    _tell(variable_deleted, task_id, name, None)
    return _done()


def modify_variables(mount: Mount, task_id: str, *, local: bool) -> Response:
    """POST …/variables: set some and delete some, all or none."""
    mount.permit("write", task_id, None)
    patch = load(_PATCH, request.headers.get("Content-Type"), _json_body(mount))
    given = {name: _given(name, document, mount) for name, document in (patch["modifications"] or {}).items()}
    deletions = [name for name in patch["deletions"] or () if name is not None]
    if deletions:
        mount.permit("delete", task_id, None)
    for name in (name for name, one in given.items() if one.transient):
        _refuse_transient(mount, task_id, name, local)
    values = {name: one.value for name, one in given.items() if not one.transient and name not in deletions}
    mount.storage.update(task_id, put=values, delete=deletions, local=local)
    for name, value in values.items():
        _tell(variable_written, task_id, name, value)
    for name in deletions:
        _tell(variable_deleted, task_id, name, None)
    return _done()


def _find(mount: Mount, task_id: str, name: str, local: bool) -> Variable:
    try:
        return mount.find(task_id, name, local=local)
    except VariableNotFound:
        if "/" in name and mount.settings.profile == "engine":
            raise NotFound from None  # the engine has no route for such a name
        raise


def _json_body(mount: Mount) -> bytes:
    request.max_content_length = mount.settings.max_json_length
    return request.get_data(cache=False)


def _given(name: str, document: Mapping[str, Any], mount: Mount) -> Given:
    lenient = mount.settings.profile == "engine"
    return convert(name, document["type"], document["value"], document["valueInfo"], lenient=lenient)


def _store(mount: Mount, task_id: str, name: str, given: Given, *, local: bool) -> Response:
    if given.transient:
        _refuse_transient(mount, task_id, name, local)
        return _done()
    mount.storage.update(task_id, put={name: given.value}, local=local, guard=_guard(name, mount.settings))
    _tell(variable_written, task_id, name, given.value)
    return _done()


def _refuse_transient(mount: Mount, task_id: str, name: str, local: bool) -> None:
    """A transient value is forgotten at the end of the request, but may not hide a variable until then."""
    with suppress(VariableNotFound):
        mount.storage.get(task_id, name, local=local)
        raise Unserializable(
            f"ENGINE-17006 Cannot set transient variable with name {name} to non-transient variable and vice versa."
        )


def _guard(name: str, settings: Settings) -> Guard | None:
    """Preconditions against lost updates, which no engine has: both the document's and the data's tag will do."""
    if not any(condition in request.headers for condition in _CONDITIONS):
        return None
    method, headers = request.method, request.headers

    def check(found: Mapping[str, Variable]) -> None:
        tags, modified = [], None
        if name in found:
            value = found[name].value
            tags.append(document_etag(value))
            if isinstance(value, (Bytes, File)):
                data = represent(value, settings)
                tags.append(data.etag)
                modified = data.modified
        if evaluate(method, headers, tags, modified) != 200:
            raise PreconditionFailed(tags[0] if tags else None)

    return check


def _told_of_read(response: Response, task_id: str, name: str, value: TypedValue) -> Response:
    if variable_read.receivers and response.status_code in (200, 206) and request.method == "GET":
        _tell(variable_read, task_id, name, value)
    return response


def _tell(signal: Signal, task_id: str, name: str, value: TypedValue | None) -> None:
    content = value.content if isinstance(value, (Bytes, File)) else None
    size = content.size if isinstance(content, Content) else len(content) if isinstance(content, bytes) else None
    signal.send(current_app._get_current_object(), task_id=task_id, name=name, size=size)  # type: ignore[attr-defined]


def _done() -> Response:
    response = current_app.response_class(status=204)
    del response.headers["Content-Type"]
    return response
