"""The routes: which view answers which URL and method."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

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
_DATA = f"{_SCOPE}/<taskvars_name:name>/data"
_UPLOAD = "/task/<task_id>/uploads/<upload_id>"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
_READING = ("GET", "HEAD")


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


@dataclass(frozen=True, slots=True)
class _Resource:
    """What a URL serves.

    :param view: answers all methods: otherwise a later rule would answer a method that this one refuses.
    :param methods: the methods that it serves, besides OPTIONS.
    """

    mount: Mount
    view: Callable[..., Response]
    methods: Collection[str]

    def allowed(self) -> list[str]:
        """List the methods that it serves at the moment."""
        return _allowed(self.mount, self.methods)


def add_routes(state: BlueprintSetupState, mount: Mount) -> None:
    """Add the routes, each with and without a trailing slash, plain and under `/engine/<name>`."""
    state.app.url_map.converters |= {"taskvars_name": NameConverter, "taskvars_last_name": LastNameConverter}
    engine = f"/engine/{mount.settings.engine_name}"
    variable = _resource(mount, GET=views.get_variable, PUT=views.put_variable, DELETE=views.delete_variable)
    resources = {
        "variables": (_SCOPE, _resource(mount, GET=views.get_variables, POST=views.modify_variables)),
        "variable": (f"{_SCOPE}/<taskvars_last_name:name>", variable),
        "variable_data": (_DATA, _resource(mount, GET=views.get_data, POST=views.upload_data)),
        "uploads": (f"{_SCOPE}/<taskvars_name:name>/uploads", _creation(mount, variable)),
        "upload": (_UPLOAD, _upload(mount)),
    }
    for endpoint, (path, resource) in resources.items():
        for start in ("", engine):
            for end in ("", "/"):
                rule = {"methods": _METHODS, "strict_slashes": False, "provide_automatic_options": False}
                state.add_url_rule(f"{start}{path}{end}", endpoint, resource.view, **rule)
    if mount.settings.openapi_path:
        _add_description(state, mount, {endpoint: path for endpoint, (path, _) in resources.items()}, engine)
    own = (f"{mount.url_prefix}/",) if mount.url_prefix else ("/task/", f"{engine}/task/")
    name = f"{state.name_prefix}.{state.name}".lstrip(".")
    allowed = {f"{name}.{endpoint}": resource.allowed for endpoint, (_, resource) in resources.items()}
    handle_routing(state.app, _starting_with(own), name, allowed)


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


def _resource(mount: Mount, **methods: Callable[..., Response]) -> _Resource:
    """Make a view that dispatches on the method. HEAD runs the GET's view; OPTIONS lists all methods."""
    methods = {"GET": methods["GET"], "HEAD": methods["GET"]} | methods

    def view(scope: str, **arguments: str) -> Response:
        method = _checked(mount)
        if method in methods and _is_served(mount, method):
            named = _named(arguments, "task_id", "name")
            return methods[method](mount, local=scope == "localVariables", **named)
        return _others(method, _allowed(mount, methods))

    return _Resource(mount, view, methods)


def _creation(mount: Mount, variable: _Resource) -> _Resource:
    """Make the view that begins uploads; for other methods the path is that of a variable whose name ends so."""
    methods = [*variable.methods, "POST"]

    def view(scope: str, name: str, **arguments: str) -> Response:
        if current_request().method in variable.methods or mount.storage.read_only:
            return variable.view(scope=scope, name=f"{name}/uploads", **arguments)
        _checked(mount)
        method = upload_views.speak_tus(["POST"])
        if method == "POST":
            named = _named(arguments, "task_id")
            return upload_views.create_upload(mount, **named, name=name, local=scope == "localVariables")
        if method == "OPTIONS":
            return upload_views.describe_uploads(mount, ["POST", "OPTIONS"])  # openapi.json has no more here
        return _others(method, _allowed(mount, methods))

    return _Resource(mount, view, methods)


def _upload(mount: Mount) -> _Resource:
    """Make the view of one upload."""
    methods = {
        "HEAD": upload_views.show_upload,
        "PATCH": upload_views.append_upload,
        "DELETE": upload_views.remove_upload,
    }

    def view(**arguments: str) -> Response:
        _checked(mount)
        method, allowed = upload_views.speak_tus(methods), _allowed(mount, methods)
        if method in methods and _is_served(mount, method):
            return methods[method](mount, **_named(arguments, "task_id", "upload_id"))
        return upload_views.describe_uploads(mount, allowed) if method == "OPTIONS" else _others(method, allowed)

    return _Resource(mount, view, methods)


def _allowed(mount: Mount, methods: Iterable[str]) -> list[str]:
    """List the methods that a URL serves at the moment."""
    return [*(method for method in methods if _is_served(mount, method)), "OPTIONS"]


def _is_served(mount: Mount, method: str) -> bool:
    return method in _READING or not mount.storage.read_only


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
    if method != "OPTIONS":
        raise MethodNotAllowed(allowed)
    response = current_app.response_class()
    response.allow.update(allowed)
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
