"""The contract's operations as tables: what each takes and answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from marshmallow import Schema

from .schemas import (
    AuthorizationExceptionSchema,
    ExceptionSchema,
    MultiFormVariableBinarySchema,
    PatchVariablesSchema,
    VariableValueSchema,
)

Content: TypeAlias = Mapping[str, "type[Schema] | Mapping[str, Any]"]
"""Media type to schema."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and its :data:`HEADERS`; `then` names the operations that make sense next."""

    description: str = "Done."
    content: Content | None = None
    headers: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one endpoint.

    :param id: its name; the name of the same operation on local variables is derived from it.
    :param parameters: names from :data:`PARAMETERS`, without those in the path.
    :param ours: whether it is an addition to the contract.
    :param problems: the keys of :data:`PROBLEMS` that it can answer.
    """

    endpoint: str
    method: str
    id: str
    summary: str
    description: str
    answers: Mapping[int, Answer]
    problems: tuple[int, ...]
    parameters: tuple[str, ...] = ()
    body: Content | None = None
    ours: bool = False


_DESERIALIZE = "Accepted for clients of the engine, and ignored: serialized values are never deserialized here."
PARAMETERS = {
    "id": ("path", "string", "The id of the task."),
    "varName": ("path", "string", "The name of the variable."),
    "deserializeValue": ("query", "boolean", _DESERIALIZE),
    "deserializeValues": ("query", "boolean", _DESERIALIZE),
    "If-Match": (
        "header",
        "string",
        "Only if the current state has one of these entity-tags; `*`: only if the variable exists.",
    ),
    "If-None-Match": (
        "header",
        "string",
        "Only if the current state has none of these entity-tags; `*`: only if the variable doesn't exist.",
    ),
    "If-Modified-Since": ("header", "string", "Only if the bytes are younger than this HTTP-date."),
    "If-Unmodified-Since": ("header", "string", "Only if the bytes are not younger than this HTTP-date."),
    "Range": ("header", "string", "The ranges of bytes to send: `bytes=0-499`, `bytes=-500`, `bytes=0-0,500-`."),
    "If-Range": (
        "header",
        "string",
        "Send the ranges only if this is the current ETag or Last-Modified; otherwise send all bytes.",
    ),
}
"""Name to place, type and description."""

HEADERS = {
    "ETag": (r'^"[!#-~]*"$', "The entity-tag, a strong validator."),
    "Last-Modified": (" GMT$", "When the bytes were written."),
    "Cache-Control": ("^.+$", "Which caches may store this, and how."),
    "Accept-Ranges": ("^bytes$", "The unit of Range."),
    "Content-Range": (
        r"^bytes (\d+-\d+|\*)/\d+$",
        "Which bytes of how many. With several ranges, each part has its own.",
    ),
    "Content-Disposition": ("^(attachment|inline); filename=", "The file name, of a File."),
    "Repr-Digest": ("^sha-256=:[A-Za-z0-9+/]+=*:$", "The SHA-256 of all bytes (RFC 9530), if the storage knows it."),
    "Retry-After": (r"^\d+$", "Seconds to wait."),
    "Accept": ("^.+/.+$", "The media type that the method takes (RFC 9110 15.5.16)."),
}
"""Name to pattern and description."""

_JSON = "application/json"
ERROR = {_JSON: ExceptionSchema}
PROBLEMS = {
    400: Answer("The caller's mistake; the message says what to do.", ERROR),
    403: Answer("The caller may not do this.", {_JSON: AuthorizationExceptionSchema}),
    404: Answer("There is no such task or variable.", ERROR),
    409: Answer("Your app does not accept the value as things are now.", ERROR),
    412: Answer("A precondition is false.", ERROR, ("ETag",)),
    413: Answer("The body is longer than the server takes.", ERROR),
    415: Answer("The method takes no body of this media type, or your app takes no value of it.", ERROR, ("Accept",)),
    416: Answer("No range lies within the bytes of the variable.", ERROR, ("Content-Range", "Accept-Ranges")),
    422: Answer("Your app does not accept the value.", ERROR),
    500: Answer("The server failed. In the profile `engine` also: there is no such task.", ERROR),
    503: Answer("The storage can't be reached now.", ERROR, ("Retry-After",)),
}
_READING = (400, 403, 404, 412, 500, 503)
WRITING = (*_READING, 409, 413, 415, 422)

_TAGS = ("If-Match", "If-None-Match")
GUARDS = (*_TAGS, "If-Unmodified-Since")

_VALIDATORS = ("ETag", "Cache-Control")
_NOT_MODIFIED = Answer("The client has this already.", headers=_VALIDATORS)
_TYPED = {"$ref": "#/components/schemas/VariableValueDto"}
_VALUE = Answer("The typed value.", {_JSON: _TYPED}, _VALIDATORS, ("putTaskVariable",))
_VALUES = Answer("The typed values by name.", {_JSON: {"type": "object", "additionalProperties": _TYPED}}, _VALIDATORS)
_BINARY = {"type": "string", "format": "binary"}
_DATA = Answer(
    "The bytes. For a File, with its name and, if it has one, its media type.",
    {"application/octet-stream": _BINARY, "text/plain": _BINARY, "*/*": _BINARY},
    (*_VALIDATORS, "Last-Modified", "Accept-Ranges", "Content-Disposition", "Repr-Digest"),
    ("getTaskVariableBinary", "setBinaryTaskVariable"),
)
_RANGES = replace(
    _DATA,
    description="The bytes of the range, or `multipart/byteranges` with several.",
    headers=(*_DATA.headers, "Content-Range"),
    then=(),
)
_CHANGED = Answer(then=("getTaskVariables",))
_WRITTEN = Answer(then=("getTaskVariable", "getTaskVariableBinary", "deleteTaskVariable"))

OPERATIONS = (
    Operation(
        endpoint="variables",
        method="get",
        id="getTaskVariables",
        summary="Get Task Variables",
        description="Retrieves all variables.",
        answers={200: _VALUES, 304: _NOT_MODIFIED},
        problems=_READING,
        parameters=("deserializeValues", *_TAGS),
    ),
    Operation(
        endpoint="variables",
        method="post",
        id="modifyTaskVariables",
        summary="Update/Delete Task Variables",
        description="Sets and deletes variables, all or none of them. A name that is both set and deleted is deleted.",
        answers={204: _CHANGED},
        problems=(400, 403, 404, 409, 413, 415, 422, 500, 503),
        body={_JSON: PatchVariablesSchema},
    ),
    Operation(
        endpoint="variable",
        method="get",
        id="getTaskVariable",
        summary="Get Task Variable",
        description="Retrieves a variable. The value of a File is null; the value of Bytes is their Base64.",
        answers={200: _VALUE, 304: _NOT_MODIFIED},
        problems=_READING,
        parameters=("deserializeValue", *_TAGS),
    ),
    Operation(
        endpoint="variable",
        method="put",
        id="putTaskVariable",
        summary="Update Task Variable",
        description="Sets a variable.",
        answers={204: _WRITTEN},
        problems=WRITING,
        parameters=GUARDS,
        body={_JSON: VariableValueSchema},
    ),
    Operation(
        endpoint="variable",
        method="delete",
        id="deleteTaskVariable",
        summary="Delete Task Variable",
        description="Removes a variable. It is not an error if the variable doesn't exist.",
        answers={204: _CHANGED},
        problems=_READING,
        parameters=GUARDS,
    ),
    Operation(
        endpoint="variable_data",
        method="get",
        id="getTaskVariableBinary",
        summary="Get Task Variable (Binary)",
        description="Retrieves the bytes of a Bytes or File.",
        answers={200: _DATA, 206: _RANGES, 304: _NOT_MODIFIED},
        problems=(*_READING, 416),
        parameters=(*GUARDS, "If-Modified-Since", "Range", "If-Range"),
    ),
    Operation(
        endpoint="variable_data",
        method="post",
        id="setBinaryTaskVariable",
        summary="Update Task Variable (Binary)",
        description="Sets a Bytes or File from an uploaded form.",
        answers={204: _WRITTEN},
        problems=WRITING,
        parameters=GUARDS,
        body={"multipart/form-data": MultiFormVariableBinarySchema},
    ),
)
