"""The routes: which view answers which URL and method."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import PathConverter

from . import upload_views, views
from .contract.documents import Document
from .contract.openapi import Description
from .handlers import check_readable, date_answers, handle_problems, handle_routing
from .http.origins import check_sender
from .http.representations import represent_document
from .http.responses import respond
from .mount import Mount, current_request

_SCOPE = "/task/<task_id>/<any(variables, localVariables):scope>"
_UPLOAD = "/task/<task_id>/uploads/<upload_id>"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")


class NameConverter(PathConverter):
    """A variable's name: any text that doesn't begin with a slash; it may contain slashes and line feeds."""

    regex = r"[^/][\s\S]*?"


class LastNameConverter(PathConverter):
    """The same at the end of a path: there a final slash belongs to the path, not to the name."""

    regex = r"[^/](?:[\s\S]*?[^/])??"


class TaskVarsBlueprint(Blueprint):
    """A blueprint that flask-smorest's `api.register_blueprint` accepts, too."""

    description = "Variables of tasks, described by their own openapi.json."

    def register_views_in_doc(self, *_: object, **__: object) -> None:
        """Add nothing to the host's own description."""


def make_blueprint(name: str) -> Blueprint:
    """Make a blueprint whose errors are JSON. :func:`add_routes` adds its routes later, when the settings are known."""
    blueprint = TaskVarsBlueprint(name, __name__)
    handle_problems(blueprint)
    date_answers(blueprint)
    return blueprint


def add_routes(state: BlueprintSetupState, mount: Mount) -> None:
    """Add the routes, each with and without a trailing slash, plain and under `/engine/<name>`."""
    state.app.url_map.converters |= {"taskvars_name": NameConverter, "taskvars_last_name": LastNameConverter}
    engine = f"/engine/{mount.settings.engine_name}"
    variable = _resource(mount, GET=views.get_variable, PUT=views.put_variable, DELETE=views.delete_variable)
    resources = {
        "variables": ("", _resource(mount, GET=views.get_variables, POST=views.modify_variables)),
        "variable": ("/<taskvars_last_name:name>", variable),
        "variable_data": ("/<taskvars_name:name>/data", _resource(mount, GET=views.get_data, POST=views.upload_data)),
        "uploads": ("/<taskvars_name:name>/uploads", _creation(mount, variable)),
    }
    rules = {endpoint: (_SCOPE + path, view) for endpoint, (path, view) in resources.items()}
    rules["upload"] = (_UPLOAD, _upload(mount))
    for endpoint, (path, view) in rules.items():
        for start in ("", engine):
            for end in ("", "/"):
                # One view answers all methods: otherwise a later rule would answer a method that this one refuses.
                rule = {"methods": _METHODS, "strict_slashes": False, "provide_automatic_options": False}
                state.add_url_rule(f"{start}{path}{end}", endpoint, view, **rule)
    if mount.settings.openapi_path:
        _add_description(state, mount, {endpoint: path for endpoint, (path, _) in rules.items()}, engine)
    own = (f"{mount.url_prefix}/",) if mount.url_prefix else ("/task/", f"{engine}/task/")
    handle_routing(state.app, _starting_with(own), f"{state.name_prefix}.{state.name}".lstrip("."))


def _add_description(state: BlueprintSetupState, mount: Mount, rules: Mapping[str, str], engine: str) -> None:
    describe, path = _describer(mount, rules, engine), mount.settings.openapi_path
    folder, _, name = path.rpartition("/")
    # A converter lowers this rule's weight, so that the host's own /openapi.json wins whenever it is registered.
    plain = path if state.url_prefix else f"{folder}/<any('{name}'):_>"
    state.add_url_rule(plain, "openapi", describe, defaults={"below": ""})
    state.add_url_rule(engine + path, "openapi", describe, defaults={"below": engine})


def _starting_with(rules: Iterable[str]) -> re.Pattern[str]:
    """Make a pattern for paths that start with one of the URL rules; a placeholder matches one part of a path."""
    parts = ("[^/]+".join(map(re.escape, re.split("<[^<>]*>", rule))) for rule in rules)
    return re.compile("|".join(parts))


def _resource(mount: Mount, **methods: Callable[..., Response]) -> Callable[..., Response]:
    """Make one view that dispatches on the method. HEAD runs the GET's view; OPTIONS lists all methods."""
    reading = {"GET": methods["GET"], "HEAD": methods["GET"]}
    everything = methods | reading

    def view(scope: str, **arguments: str) -> Response:
        method = _checked(mount)
        named = _named(arguments, "task_id", "name")
        allowed = reading if mount.storage.read_only else everything
        if method in allowed:
            return allowed[method](mount, local=scope == "localVariables", **named)
        return _others(method, allowed)

    return view


def _creation(mount: Mount, variable: Callable[..., Response]) -> Callable[..., Response]:
    """Make the view that begins uploads; for other methods the path is that of a variable whose name ends so."""
    allowed = ["POST", "OPTIONS"]

    def view(scope: str, name: str, **arguments: str) -> Response:
        if current_request().method not in ("POST", "OPTIONS") or mount.storage.read_only:
            return variable(scope=scope, name=f"{name}/uploads", **arguments)
        _checked(mount)
        method = upload_views.speak_tus(allowed[:1])
        named = _named(arguments, "task_id")
        if method == "POST":
            return upload_views.create_upload(mount, **named, name=name, local=scope == "localVariables")
        return upload_views.describe_uploads(mount, allowed) if method == "OPTIONS" else _others(method, allowed)

    return view


def _upload(mount: Mount) -> Callable[..., Response]:
    """Make the view of one upload."""
    methods = {
        "HEAD": upload_views.show_upload,
        "PATCH": upload_views.append_upload,
        "DELETE": upload_views.remove_upload,
    }
    allowed = [*methods, "OPTIONS"]

    def view(**arguments: str) -> Response:
        _checked(mount)
        method = upload_views.speak_tus(methods)
        if method in methods:
            return methods[method](mount, **_named(arguments, "task_id", "upload_id"))
        return upload_views.describe_uploads(mount, allowed) if method == "OPTIONS" else _others(method, allowed)

    return view


def _checked(mount: Mount) -> str:
    """Refuse what comes from where it must not, and give the method."""
    current = current_request()
    check_sender(current, mount.settings)
    # Keep the host from compressing the answer: that would break ranges and change our ETag.
    current.environ.pop("HTTP_ACCEPT_ENCODING", None)
    check_readable(current.environ["PATH_INFO"])
    return current.method


def _named(arguments: Mapping[str, str], *names: str) -> dict[str, str]:
    """Our arguments. The host's prefix may add placeholders, such as a tenant; the views don't know these."""
    return {name: arguments[name] for name in names if name in arguments}


def _others(method: str, allowed: Iterable[str]) -> Response:
    """Answer OPTIONS, and refuse what is not allowed."""
    methods = list(dict.fromkeys([*allowed, "OPTIONS"]))
    if method != "OPTIONS":
        raise MethodNotAllowed(methods)
    response = current_app.response_class()
    response.allow.update(methods)
    return response


def _describer(mount: Mount, rules: Mapping[str, str], engine: str) -> Callable[..., Response]:
    description = Description(rules, engine)

    def get_openapi(below: str, **_: str) -> Response:
        """GET openapi.json: the description of all other routes."""
        check_sender(current_request(), mount.settings)
        check_readable(request.environ["PATH_INFO"])
        base = (request.root_path + request.path).removesuffix(below + mount.settings.openapi_path)
        document = Document(json.dumps(description.at(base)))
        return respond(represent_document(document, mount.settings), request)

    return get_openapi
