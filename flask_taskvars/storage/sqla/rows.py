"""Turn a variable's row into a value, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...values import Bytes, Content, File, LongValue, Source, TypedValue, Value, Variable
from ..sql.limits import INLINE
from .models import VariableFound

_NO_CONTENT: Mapping[str, object] = dict.fromkeys(("content_id", "size", "sha256", "modified", "data", "store"))


def found_variable(row: VariableFound, content: Content | None) -> Variable:
    """Make a variable from a row."""
    value: TypedValue
    match row.type:
        case "Bytes":
            value = Bytes(content)
        case "File":
            info = json.loads(row.info)
            named = {"filename": info["filename"], "mimetype": info.get("mimeType"), "encoding": info.get("encoding")}
            value = File(content, **named)
        case _ if content is not None:
            value = LongValue(row.type, content, json.loads(row.info))
        case _:
            value = Value(row.type, json.loads(row.value), json.loads(row.info))
    return Variable(row.name, row.scope_id, value)


def row_of(value: TypedValue) -> tuple[dict[str, object], Source]:
    """Return the columns for a value, and its content: bytes, or JSON that is too long for a row."""
    row = {**_NO_CONTENT, "type": type(value).__name__, "value": None}
    if isinstance(value, Value):
        row |= {"type": value.type, "info": json.dumps(dict(value.info))}
        if isinstance(value, LongValue):
            return row, value.json
        text = json.dumps(value.value)
        return (row, text.encode("ascii")) if len(text) > INLINE else (row | {"value": text}, None)
    info = {}
    if isinstance(value, File):
        named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
        info = {key: text for key, text in named.items() if text is not None}
    return row | {"info": json.dumps(info)}, value.content
