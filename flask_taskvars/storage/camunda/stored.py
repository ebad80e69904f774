"""Turn a row of the engine into a typed value; `TYPE_` names the engine's serializer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from ...json_texts import JsonBase64, JsonText
from ...values import Bytes, Content, File, LongValue, TypedValue, Value, date_text

JAVA = "application/x-java-serialized-object"
_SPIN = "spin://"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stored_value(row: Row[*tuple[Any, ...]], content: Content | None) -> TypedValue:
    """Read a variable.

    :param content: its byte array, if it has one; if it is short, `row.data` has the bytes, too.
    """
    match row.variable_type:
        case "bytes":
            return Bytes(content)
        case "file":
            mimetype, _, encoding = (row.variable_text2 or "").partition("#")
            return File(content, filename=row.variable_text or "", mimetype=mimetype or None, encoding=encoding or None)
        case "null":
            return Value("Null")
        case "string":
            return Value("String", row.variable_text)
        case "boolean":
            return Value("Boolean", None if row.variable_long is None else row.variable_long == 1)
        case "short" | "integer" | "long" as number:
            return Value(number.title(), row.variable_long)
        case "double":
            return Value("Double", row.variable_double)
        case "date":
            return Value("Date", _date(row.variable_long))
        case "json" | "xml" as text:
            return _serialized(text.title(), row, content, {}, as_text=True)
    return _object(row, content)


def _date(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    try:
        return date_text(_EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return None  # after the year 9999: the contract's date format can't express it either


def _object(row: Row[*tuple[Any, ...]], content: Content | None) -> Value:
    """Read an object. Its serialized form is a text, or Base64 if Java serialized it."""
    kind = row.variable_type
    as_text = kind.startswith(_SPIN)
    form = kind.removeprefix(_SPIN) if as_text else JAVA if kind == "serializable" else kind
    named = {} if row.variable_text2 is None else {"objectTypeName": row.variable_text2}
    info = named | {"serializationDataFormat": form}
    return _serialized("Object", row, content, info, as_text=as_text)


def _serialized(
    kind: str, row: Row[*tuple[Any, ...]], content: Content | None, info: Mapping[str, object], *, as_text: bool
) -> Value:
    """Read a byte array as text or as Base64. A long one is loaded only when somebody reads it."""
    if content is not None and row.data is None and row.size is not None:
        return LongValue(kind, JsonText(content) if as_text else JsonBase64(content), info)
    if row.data is None:
        return Value(kind, None, info)
    return Value(kind, row.data.decode(errors="replace") if as_text else base64.b64encode(row.data).decode(), info)
