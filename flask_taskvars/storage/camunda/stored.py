"""From a row of the engine's to a typed value (its variable serializers, by the name in `TYPE_`)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from ...values import Bytes, Content, File, TypedValue, Value, date_text

JAVA = "application/x-java-serialized-object"
_SPIN = "spin://"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stored_value(row: Row[*tuple[Any, ...]], content: Content | None) -> TypedValue:
    """Read a variable.

    :param content: its bytes, where it has a byte array; of what is no Bytes and no File, `row.data` has them too.
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
            return Value(text.title(), _text(row.data))
    return _object(row)


def _date(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    try:
        return date_text(_EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return None  # beyond the year 9999, which the contract's form of a date can't show either


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")


def _object(row: Row[*tuple[Any, ...]]) -> Value:
    """An object: its serialized form as text, of Java's own in Base64."""
    kind = row.variable_type
    if kind.startswith(_SPIN):
        form, value = kind.removeprefix(_SPIN), _text(row.data)
    else:
        form = JAVA if kind == "serializable" else kind
        value = None if row.data is None else base64.b64encode(row.data).decode()
    named = {} if row.variable_text2 is None else {"objectTypeName": row.variable_text2}
    return Value("Object", value, named | {"serializationDataFormat": form})
