"""Variables of every kind, which each client writes and reads."""

from __future__ import annotations

from flask_taskvars import Value
from tests.support.served_world import noise

TYPED = {
    "text": Value("String", 'Grüße, 你好 \U0001f600\n"quoted" \\ <b>'),
    "empty": Value("String", ""),
    "no-text": Value("String", None),
    "yes": Value("Boolean", True),
    "no": Value("Boolean", False),
    "short": Value("Short", -(2**15)),
    "integer": Value("Integer", 2**31 - 1),
    "zero": Value("Integer", 0),
    "long": Value("Long", 2**63 - 1),
    "double": Value("Double", 0.1),
    "huge": Value("Double", 1e300),
    "due": Value("Date", "2026-11-23T10:11:12.345+0000"),
    "nothing": Value("Null"),
    "json": Value("Json", '{"amount": 80.0, "tags": ["a", null]}'),
    "xml": Value("Xml", "<claim amount='80'/>"),
    "object": Value(
        "Object", "[1, 2]", {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
    ),
}
"""Typed values that are not binary, by name."""

BINARY = {
    "empty": b"",
    "all-bytes": bytes(range(256)),
    "form-like": b"\r\n--boundary\r\nContent-Disposition: form-data\r\n\r\n--",
    "chunks": noise(1_000_003),
}
"""Contents of Bytes and Files: none, all byte values, the text of a form, and several stored chunks."""

AWKWARD_NAMES = ["a b", "größe 你好 \U0001f600", "a+b", "50%", "%41", "a&b=c", 'a"b', "a;b,c", "{id}", "data"]
"""Names of variables that must be escaped in a URL."""
