"""The OpenAPI document of a mount, made from its routes, schemas and operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from .operations import HEADERS, OPERATIONS, PARAMETERS, PROBLEMS, Answer, Content, Operation
from .schemas import (
    AnyValue,
    AuthorizationExceptionSchema,
    ExceptionSchema,
    MissingAuthorizationSchema,
    MultiFormVariableBinarySchema,
    PatchVariablesSchema,
    VariableValueSchema,
)
from .upload_operations import UPLOAD_HEADERS, UPLOAD_OPERATIONS, UPLOAD_PARAMETERS, UPLOAD_PROBLEMS

_INFO = {
    "title": "Task variables",
    "version": "7.24.0",
    "description": "The variables of tasks, above all the binary ones, as in the REST API of Camunda 7.24; "
    "with ranges, validators and preconditions as in RFC 9110.",
}
_SCHEMAS: dict[str, type[Schema]] = {
    "VariableValueDto": VariableValueSchema,
    "PatchVariablesDto": PatchVariablesSchema,
    "MultiFormVariableBinaryDto": MultiFormVariableBinarySchema,
    "ExceptionDto": ExceptionSchema,
    "MissingAuthorizationDto": MissingAuthorizationSchema,
    "AuthorizationExceptionDto": AuthorizationExceptionSchema,
}
_SIGHT = {
    "variables": "Covers the task's own variables and those of the scopes around it; if two have the same name, the "
    "nearer one counts. A new variable is created in the outermost scope.",
    "localVariables": "Covers only the task's own variables.",
}
_ALL = (*OPERATIONS, *UPLOAD_OPERATIONS)
_BY_ID = {operation.id: operation for operation in _ALL}


class Description:
    """The OpenAPI document of one mount. Only the server URLs depend on the request.

    :param rules: the URL rule of each endpoint.
    :param engine: the path below the mount under which the same rules exist again.
    """

    def __init__(self, rules: Mapping[str, str], engine: str) -> None:
        self._rules, self._engine = rules, engine

    def at(self, base: str) -> dict[str, Any]:
        """Return the document for a client that reaches the mount at the path `base`."""
        servers = [{"url": quote(path) or "/"} for path in (base, base + self._engine)]
        return self._document | {"servers": servers}

    @cached_property
    def _document(self) -> dict[str, Any]:
        plugin = MarshmallowPlugin()
        spec = APISpec(_INFO["title"], _INFO["version"], "3.0.3", [plugin], info=_INFO)
        assert plugin.converter is not None, "the plugin was given to a document"
        plugin.converter.add_attribute_function(_any_value)  # type: ignore[no-untyped-call]
        _add_components(spec)
        for scope in _SIGHT:
            for operation in _ALL:
                rule = self._rules[operation.endpoint]
                if ":scope>" in rule or scope == "variables":  # an upload is in no scope
                    path = _path(rule, scope)
                    spec.path(path, operations=dict(_methods(operation, path, scope)))
        document: dict[str, Any] = spec.to_dict()
        return document


def _any_value(converter: object, field: object, ret: dict[str, Any]) -> dict[str, Any]:
    """Describe a field that takes any value; apispec calls this for every field."""
    if not isinstance(field, AnyValue):
        return {}
    ret.clear()
    return {"$ref": "#/components/schemas/AnyValue"}


def _add_components(spec: APISpec) -> None:
    components = spec.components
    components.schema("AnyValue", {"description": "Any value: a text, number, Boolean, array, object or null."})
    for name, schema in _SCHEMAS.items():
        components.schema(name, schema=schema)
    for name, (place, kind, description) in (PARAMETERS | UPLOAD_PARAMETERS).items():
        components.parameter(name, place, {"name": name, "description": description, "schema": {"type": kind}})
    for name, (pattern, description) in (HEADERS | UPLOAD_HEADERS).items():
        components.header(name, {"description": description, "schema": {"type": "string", "pattern": pattern}})
    for status, answer in (PROBLEMS | UPLOAD_PROBLEMS).items():
        components.response(f"Problem{status}", _response(answer))


def _path(rule: str, scope: str) -> str:
    """Turn a URL rule into a path template, with the contract's names for the parameters."""
    names = {"task_id": "{id}", "name": "{varName}", "upload_id": "{uploadId}", "scope": scope}
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: names[found[1]], rule)


def _methods(operation: Operation, path: str, scope: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Describe the operation; for a GET, also its HEAD."""
    local = scope == "localVariables"
    responses: dict[int, Any] = {status: f"Problem{status}" for status in operation.problems}
    for status, answer in operation.answers.items():
        links = {_operation_id(other, local): _link(operation, other, local) for other in answer.then}
        responses[status] = _response(answer) | ({"links": links} if links else {})
    described = {
        "operationId": _operation_id(operation.id, local),
        "tags": ["Resumable Upload" if operation.ours else "Task Local Variable" if local else "Task Variable"],
        "summary": operation.summary.replace("Task", "Local Task") if local else operation.summary,
        "description": f"{operation.description} {_SIGHT[scope] if 'varName' in path else ''}".strip(),
        "parameters": [*re.findall(r"{(\w+)}", path), *operation.parameters],
        "responses": dict(sorted(responses.items())),
    }
    if operation.body:
        described["requestBody"] = {"content": _content(operation.body)}
    yield operation.method, described
    if operation.method == "get":
        yield "head", _head(described)


def _head(get: dict[str, Any]) -> dict[str, Any]:
    """Describe HEAD: the GET without bodies and without ranges (RFC 9110 14.2)."""
    return get | {
        "operationId": get["operationId"].replace("get", "head"),
        "summary": get["summary"].replace("Get", "Head"),
        "parameters": [name for name in get["parameters"] if name not in ("Range", "If-Range")],
        "responses": {
            status: {key: part for key, part in response.items() if key not in ("content", "links")}
            if isinstance(response, dict)
            else response
            for status, response in get["responses"].items()
            if status not in (206, 416)
        },
    }


def _operation_id(name: str, local: bool) -> str:
    return name.replace("Task", "TaskLocal") if local else name


def _response(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        described["headers"] = {name: name for name in answer.headers}
    if answer.content:
        described["content"] = _content(answer.content)
    return described


def _content(content: Content) -> dict[str, Any]:
    return {media_type: {"schema": schema} for media_type, schema in content.items()}


def _link(operation: Operation, to: str, local: bool) -> dict[str, Any]:
    """Link an operation to another one on the same variable, with the ETag from its answer."""
    other = _BY_ID[to]
    owner = ("id",) if other.endpoint == "variables" else ("id", "varName")
    parameters = {name: f"$request.path.{name}" for name in owner}
    if operation.method == "get":
        condition = "If-None-Match" if other.method == "get" else "If-Match"
        parameters[f"header.{condition}"] = "$response.header.ETag"
    return {"operationId": _operation_id(to, local), "parameters": parameters}
