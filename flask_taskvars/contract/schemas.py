"""The schemas of the contract's documents: VariableValueDto, PatchVariablesDto, ExceptionDto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from .java import java_text


class ScalarText(fields.String):
    """A text. A number or a Boolean is turned into text, as Jackson does."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, (bool, int, float)):
            value = java_text(value)
        return super()._deserialize(value, attr, data, **kwargs)


class AnyValue(fields.Raw):
    """Any JSON value."""


class Document(Schema):
    """A document of the contract. Unknown keys are ignored, because clients of other versions send some."""

    class Meta:
        unknown = EXCLUDE


class VariableValueSchema(Document):
    """One typed value."""

    type = ScalarText(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "String, Boolean, Short, Integer, Long, Double, Date, Null, Bytes, File, Json, Xml or "
            "Object. If it is missing, the value decides.",
            "example": "String",
        },
    )
    value = AnyValue(allow_none=True, load_default=None)
    valueInfo = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        load_default=None,
        metadata={
            "description": "More about the value. For an Object: `objectTypeName` and `serializationDataFormat`. For a "
            "File: `filename`, `mimeType` and `encoding`. For any type, in requests: `transient`.",
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
        metadata={"description": "Names to delete, after the modifications. A name that doesn't exist is ignored."},
    )


class MultiFormVariableBinarySchema(Document):
    """An uploaded form. This is only its description; :mod:`.uploads` reads it as a stream."""

    data = fields.Raw(
        allow_none=True,
        metadata={
            "type": "string",
            "format": "binary",
            "description": "The bytes. A File takes its name and its media type from this part. Two parameters of the "
            "part's Content-Type count, too: `encoding` (or `charset`), and `transient`.",
        },
    )
    valueType = fields.String(
        allow_none=True,
        validate=validate.OneOf(("Bytes", "File")),
        metadata={"description": "Bytes (the default), or File, which needs a file name."},
    )


class ExceptionSchema(Document):
    """An error."""

    type = fields.String(metadata={"description": "The name of the error's class."})
    message = fields.String(metadata={"description": "A text for people that says what is wrong."})
    code = fields.Float(allow_none=True, metadata={"description": "The engine's number for the error, if any."})


class MissingAuthorizationSchema(Document):
    """A permission that would have been enough."""

    permissionName = fields.String(allow_none=True)
    resourceName = fields.String(allow_none=True)
    resourceId = fields.String(allow_none=True)


class AuthorizationExceptionSchema(ExceptionSchema):
    """The error if the caller may not do this."""

    userId = fields.String(allow_none=True, metadata={"description": "The user who asked, if known."})
    missingAuthorizations = fields.List(
        fields.Nested(MissingAuthorizationSchema),
        allow_none=True,
        metadata={"description": "Any one of these permissions would have been enough."},
    )
