"""The variables of the served app. The server and the tests that ask it both import them."""

from __future__ import annotations

import random
from dataclasses import replace

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import BLOCK, TypedValue

TASK = "task-1"
NAMED_TASK = "task-2"
"""The task that has the variables named :data:`NAMES`."""

TEXT = "Grüße, καλημέρα, 你好\n".encode()


def noise(size: int, seed: int = 0) -> bytes:
    """Return pseudo-random bytes, the same on each call."""
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
    """Return the bytes that a download of the variable must have."""
    value = VARIABLES[name]
    assert not isinstance(value, Value), "this one can't be downloaded"
    assert value.content is None or isinstance(value.content, bytes)
    return value.content or b""


HOSTILE_TEXTS = {
    "crlf": "a\r\nX-Injected: 1\r\n\r\n<script>",
    "lf": "a\nX-Injected: 1",
    "cr": "a\rX-Injected: 1",
    "nul": "a\0b.txt",
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "quotes": 'a"; filename="evil.exe',
    "backslashes": 'a\\"\\\\b\\',
    "path": "../../etc/passwd",
    "windows-path": "C:\\Windows\\system32\\cmd.exe",
    "bidi": "invoice\u202efdp.exe",
    "surrogate": "a\ud800b.txt",
    "long": "é" * 5000,
    "long-ascii": "x" * 5000 + ".txt",
    "long-controls": "\x01" * 5000,
    "empty": "",
    "dots": "..",
    "only-dots": "....",
    "spaces": "   ",
    "percent": "a%0d%0aX-Injected%3a 1%22.txt",
    "encoded-word": "=?utf-8?q?a=0D=0AX-Injected:_1?=",
    "separators": "a;b,c=d:e/f?g#h",
    "non-latin": "报告, отчёт, 😀.pdf",
    "latin": "Größe.txt",
    "line-separators": "a\u2028X-Injected: 1\u2029\x85b",
    "device": "CON.txt",
    "html": "<img src=x onerror=alert(1)>.html",
}
"""Texts that an attacker could store as a file name, a media type or an encoding."""

HARMLESS = File(b"bytes of a hostile file", filename="harmless.txt", mimetype="text/plain")
HOSTILE: dict[str, TypedValue] = {
    "hostile-harmless": HARMLESS,
    **{f"hostile-name-{key}": replace(HARMLESS, filename=text) for key, text in HOSTILE_TEXTS.items()},
    **{f"hostile-type-{key}": replace(HARMLESS, mimetype=text) for key, text in HOSTILE_TEXTS.items()},
    **{f"hostile-subtype-{key}": replace(HARMLESS, mimetype=f"text/{text}") for key, text in HOSTILE_TEXTS.items()},
    **{f"hostile-parameter-{key}": replace(HARMLESS, mimetype=f"a/b; c={text}") for key, text in HOSTILE_TEXTS.items()},
    **{f"hostile-encoding-{key}": replace(HARMLESS, encoding=text) for key, text in HOSTILE_TEXTS.items()},
}
"""Files with the same bytes, and with hostile names, types and encodings."""

NAMES = [
    *("a/b", "a//b", "a/data", "data/", "data", "/", "/a", "a/", "..", "../..", ".", "%2F", "a%2Fb", "%zz", "%00", "%"),
    *("é", "e\u0301", "你好", "😀", "\u202e", "\ufeff", "\u2028", "\x7f", "\x85", "\xa0", "\t", "a\r\nb", "\n", " "),
    *("?", "a?b=c", "#", "a;b=c", "+", "a b", "&", '"', "'", "\\", "<script>", "{x}", "--", "*", "x" * 255, "é" * 255),
]
"""Names of variables that must be escaped in a URL, or that look like another part of a URL."""


def name_bytes(name: str) -> bytes:
    """Return the bytes of the variable with this name from :data:`NAMES`."""
    return b"the bytes of " + name.encode()
