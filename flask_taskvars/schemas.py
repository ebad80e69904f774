"""The contract's documents: VariableValueDto, PatchVariablesDto, ExceptionDto."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
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


class VariableValueSchema(Schema):
    """One typed value; unknown keys are ignored, as clients of several versions send some."""

    class Meta:
        unknown = EXCLUDE

    type = ScalarText(allow_none=True, load_default=None)
    value = fields.Raw(allow_none=True, load_default=None)
    valueInfo = fields.Dict(keys=fields.String(), allow_none=True, load_default=None)


class PatchVariablesSchema(Schema):
    """Variables to set, by name, and names to delete."""

    class Meta:
        unknown = EXCLUDE

    modifications = fields.Dict(
        keys=fields.String(), values=fields.Nested(VariableValueSchema), allow_none=True, load_default=None
    )
    deletions = fields.List(ScalarText(allow_none=True), allow_none=True, load_default=None)


class ExceptionSchema(Schema):
    """An error."""

    type = fields.String()
    message = fields.String()
    code = fields.Integer(allow_none=True)


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
    except (ValueError, RecursionError) as error:
        raise InvalidBody(f"The body is no JSON: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_nulls(document: Any) -> None:
    """A variable that is null, where a typed value should be: the engine stumbles over it as over a null body."""
    modifications = document.get("modifications") if isinstance(document, dict) else None
    if isinstance(modifications, dict) and None in modifications.values():
        raise NoBody
