"""Hooks that schemathesis loads. They make most bodies acceptable, so that there are variables to read.

The schemas of the contract are wide: a type is any text, a value is anything. The server refuses most bodies that are
generated only from them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis import HookContext, SerializationContext

NAMES = st.sampled_from(["contract", "raw", "count", "text", "a/b c", "ü"])
TEXTS = st.text(max_size=20)
BASE64 = st.binary(max_size=20).map(base64.b64encode).map(bytes.decode)
DATES = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000".zfill(28))
FILE_INFO = st.fixed_dictionaries(
    {"filename": TEXTS},
    optional={"mimeType": st.sampled_from(["application/pdf", "text/html", "a/b#c", "nonsense"]), "encoding": TEXTS},
)
OBJECT_INFO = st.fixed_dictionaries({"objectTypeName": TEXTS, "serializationDataFormat": st.just("application/json")})
NO_INFO = st.sampled_from([None, {}, {"transient": True}])
TYPES: Mapping[str, tuple[SearchStrategy[Any], SearchStrategy[Any]]] = {
    "String": (TEXTS, NO_INFO),
    "Boolean": (st.booleans(), NO_INFO),
    "Short": (st.integers(-(2**15), 2**15 - 1), NO_INFO),
    "Integer": (st.integers(-(2**31), 2**31 - 1), NO_INFO),
    "Long": (st.integers(-(2**63), 2**63 - 1), NO_INFO),
    "Double": (st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "-INF"]), NO_INFO),
    "Date": (DATES, NO_INFO),
    "Null": (st.none(), NO_INFO),
    "Bytes": (BASE64, NO_INFO),
    "File": (BASE64, FILE_INFO),
    "Json": (TEXTS, NO_INFO),
    "Xml": (TEXTS, NO_INFO),
    "Object": (TEXTS, OBJECT_INFO),
}
VALUES = st.sampled_from(sorted(TYPES)).flatmap(
    lambda kind: st.fixed_dictionaries({"type": st.just(kind), "value": TYPES[kind][0], "valueInfo": TYPES[kind][1]})
)
BODIES: Mapping[str, SearchStrategy[Any]] = {
    "put": VALUES,
    "modify": st.fixed_dictionaries(
        {"modifications": st.dictionaries(NAMES, VALUES, max_size=3), "deletions": st.lists(NAMES, max_size=2)}
    ),
    "setBinary": st.fixed_dictionaries(
        {"data": st.binary(max_size=200) | st.just(bytes(2000)), "valueType": st.sampled_from(["Bytes", "File"])}
    ),
    "patchUpload": st.binary(max_size=200),
}
"""Bodies by the start of the operation's id."""


@schemathesis.serializer("application/offset+octet-stream")
def bytes_of_an_upload(context: SerializationContext, value: Any) -> bytes:
    """Send bytes unchanged, and any other value as text."""
    content = getattr(value, "data", value)
    return content if isinstance(content, bytes) else str(content).encode(errors="replace")


@schemathesis.hook
def flatmap_body(context: HookContext, body: Any) -> SearchStrategy[Any]:
    """Take the generated body, or twice as often one of ours."""
    assert context.operation is not None, "the body has no operation"
    name = context.operation.definition.raw["operationId"]
    ours = next(bodies for start, bodies in BODIES.items() if name.startswith(start))
    return st.sampled_from([st.just(body), ours, ours]).flatmap(lambda chosen: chosen)
