"""The variables that the served app shows: the same in the server and in the test that asks it."""

from __future__ import annotations

import random

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import BLOCK, TypedValue

TASK = "task-1"
TEXT = "Grüße, καλημέρα, 你好\n".encode()


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that look like nothing, and are the same on each call."""
    return random.Random(seed).randbytes(size)


MULTI = noise(1_200_007, 1)
"""Five chunks, the last one not full."""

VARIABLES: dict[str, TypedValue] = {
    "bytes": Bytes(noise(1000)),
    "empty": Bytes(b""),
    "null": Bytes(None),
    "typed": File(b"%PDF-1.4\n" + noise(5000), filename="report.pdf", mimetype="application/pdf"),
    "encoded": File(TEXT, filename="greeting.txt", mimetype="text/plain", encoding="UTF-8"),
    "untyped": File(noise(10), filename="data.bin"),
    "null-file": File(None, filename="nothing.txt", mimetype="text/plain"),
    "string": Value("String", "text"),
    "multi": File(MULTI, filename="multi.bin", mimetype="application/x-noise"),
    "block": Bytes(noise(BLOCK, 2)),
    "inline": Bytes(noise(64 * 1024, 3)),
}
"""A variable of every kind and size."""


def stored(name: str) -> bytes:
    """The bytes that a download of the variable must have."""
    value = VARIABLES[name]
    assert not isinstance(value, Value), "this one can't be downloaded"
    assert value.content is None or isinstance(value.content, bytes)
    return value.content or b""
