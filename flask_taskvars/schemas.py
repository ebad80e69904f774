"""The contract's documents, to read them and to describe them: VariableValueDto, PatchVariablesDto, ExceptionDto."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_options_header

from .conversions import java_text
from .errors import InvalidBody, NoBody


class ScalarText(fields.String):
    """A text; a number or a Boolean becomes one, as Jackson makes it."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, (bool, int, float)):
            value = java_text(value)
        return super()._deserialize(value, attr, data, **kwargs)


class AnyValue(fields.Raw):
    """Whatever JSON can hold."""


class Document(Schema):
    """A document of the contract; unknown keys are ignored, as clients of several versions send some."""

    class Meta:
        unknown = EXCLUDE


class VariableValueSchema(Document):
    """One typed value."""

    type = ScalarText(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "String, Boolean, Short, Integer, Long, Double, Date, Null, Bytes, File, Json, Xml or "
            "Object. Without it the value decides.",
            "example": "String",
        },
    )
    value = AnyValue(allow_none=True, load_default=None)
    valueInfo = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        load_default=None,
        metadata={
            "description": "What belongs to the type. Of an Object: `objectTypeName` and `serializationDataFormat`. "
            "Of a File: `filename`, `mimeType` and `encoding`. Of all, when they are written: `transient`.",
            "additionalProperties": True,
        },
    )


class PatchVariablesSchema(Document):
    """Variables to set, by name, and names to delete."""

    modifications = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(VariableValueSchema),
        allow_none=True,
        load_default=None,
        metadata={"description": "Typed values to set, by name."},
    )
    deletions = fields.List(
        ScalarText(allow_none=True),
        allow_none=True,
        load_default=None,
        metadata={"description": "Names to delete, after the modifications; one that is not there is no error."},
    )


class MultiFormVariableBinarySchema(Document):
    """An uploaded form; described here, read as a stream."""

    data = fields.Raw(
        allow_none=True,
        metadata={
            "type": "string",
            "format": "binary",
            "description": "The bytes. The part's file name and Content-Type are those of a File, and so are two "
            "parameters of that Content-Type: `encoding`, for which `charset` will do, and `transient`.",
        },
    )
    valueType = fields.String(
        allow_none=True,
        validate=validate.OneOf(("Bytes", "File")),
        metadata={"description": "Bytes, which it is by default, or File, which needs a file name."},
    )


class ExceptionSchema(Document):
    """An error."""

    type = fields.String(metadata={"description": "The name of the error's class."})
    message = fields.String(metadata={"description": "What is wrong, for people."})
    code = fields.Float(allow_none=True, metadata={"description": "The engine's number for the error, if any."})


class MissingAuthorizationSchema(Document):
    """A permission that would have been enough."""

    permissionName = fields.String(allow_none=True)
    resourceName = fields.String(allow_none=True)
    resourceId = fields.String(allow_none=True)


class AuthorizationExceptionSchema(ExceptionSchema):
    """The error of a caller who may not do this."""

    userId = fields.String(allow_none=True, metadata={"description": "Who asked, if that is known."})
    missingAuthorizations = fields.List(
        fields.Nested(MissingAuthorizationSchema),
        allow_none=True,
        metadata={"description": "Permissions of which one would have been enough."},
    )


def load(schema: Schema, content_type: str | None, body: bytes) -> dict[str, Any]:
    """Read a JSON body.

    An empty body that says it is JSON is an empty document; without a Content-Type it is none. Both as the engine.

    :raises UnsupportedMediaType: the body is not `application/json`.
    :raises NoBody: there is none, or it is `null`.
    :raises InvalidBody: it is no JSON, or not of this schema.
    """
    media_type, _ = parse_options_header(content_type)
    if content_type is None and not body:
        raise NoBody
    if media_type.lower() != "application/json":
        raise UnsupportedMediaType
    document = _parse(body) if body else {}
    if document is None:
        raise NoBody
    if not isinstance(document, dict):
        raise InvalidBody("The body does not fit: it must be a JSON object.")
    _refuse_nulls(document)
    try:
        loaded: dict[str, Any] = schema.load(document)
    except ValidationError as error:
        raise InvalidBody(f"The body does not fit: {json.dumps(error.messages)}") from error
    return loaded


def _parse(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidBody(f"The body is no JSON: {error}") from error
    except RecursionError as error:
        raise InvalidBody("The body is nested too deeply.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_nulls(document: Mapping[str, Any]) -> None:
    """A variable that is null, where a typed value should be: the engine stumbles over it as over a null body."""
    modifications = document.get("modifications")
    if isinstance(modifications, dict) and None in modifications.values():
        raise NoBody
