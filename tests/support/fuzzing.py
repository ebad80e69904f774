"""Generate strange and broken requests from a seed, byte for byte."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from urllib.parse import quote

ODD_TASKS = ("process", "nope", "", "..", "%2e%2e", "t%00", "%ff", "a/b", "a" * 300)
NAMES = ("file", "big", "text", "number", "secret", "locked", "long", "new", "new2", "ä")
ODD_NAMES = (
    *("a/b", "data", "x" * 256, "%", "%2F", "%2f..%2f", "..", ".", "", "%00", "%ff%fe", "\x7f", "a;b", "a?b", "#"),
    *("variables", "\U0001f600", "'--"),
)
SCOPES = ("variables", "localVariables")
ODD_SCOPES = ("Variables", "variable", "")
METHODS = (*["GET"] * 8, *["PUT"] * 4, *["POST"] * 4, *["DELETE"] * 2, "HEAD")
ODD_METHODS = ("OPTIONS", "PATCH", "TRACE", "get", "X", "")
ENDS = ("/", "//", "/../x", "?", "?deserializeValue=x", "?%ff=%")
RANGES = ("bytes=0-", "bytes=-1", "bytes=1-0", f"bytes={'0-0,' * 65}", "bytes=9-", "bytes=0-0,-1", "b=1-", "=")
TAGS = ("*", '""', '"a"', 'W/"a"', '"', '"a", "b"', "a", f'"{"x" * 5000}"', ",,,", '"\xff"')
DATES = (
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 9999 08:49:37 GMT",
    "0",
    "",
    "Sun Nov  6 08:49:37 1994",
    "x" * 3000,
)
JSON, FORM = "application/json", "multipart/form-data; boundary=b"
ODD_TYPES = (
    *("Application/JSON;charset=UTF-8", "text/plain", "", "a/b" * 999, "\xff/x", "multipart/form-data"),
    *('multipart/form-data; boundary="', "multipart/form-data; boundary=\xff"),
)
ODD_HEADERS: dict[str, Sequence[str]] = {
    "Range": RANGES,
    "If-Range": (*TAGS, *DATES),
    **dict.fromkeys(("If-Match", "If-None-Match"), TAGS),
    **dict.fromkeys(("If-Modified-Since", "If-Unmodified-Since"), DATES),
    "Accept": (JSON, "*/*", "x", ""),
    "Origin": ("null", "http://evil", "http://127.0.0.1", "://", "http://[", "\xff"),
    "Sec-Fetch-Site": ("cross-site", "same-origin", "none", "x"),
    "Sec-Fetch-Dest": ("script", "image", "empty", "object", "x"),
    "Host": ("a b", "[::1", "x:99999", "", "evil.example"),
    "Expect": ("100-continue", "x"),
    "Content-Encoding": ("gzip", "x"),
    "X-Forwarded-Host": ("evil",),
    "Cookie": ("a=b", "=", "\xff"),
    "Authorization": ("Basic x", "Basic", "Digest " + "a" * 999, "\xff"),
}
VALUE_TYPES = (
    *("String", "Integer", "File", "Bytes", "Json", "Xml", "Object", "Null", "Date", "Double"),
    *("file", "", "x" * 999),
)
JSON_VALUES: Sequence[object] = (
    *(None, 1, -1, 2**63, 1e308, True, "", "x", "AA==", "=", "2026-11-23T10:11:12.345+0000"),
    *("9999-99-99T99:99:99.9Z", [], {}, [[[]]], {"a": {"b": None}}, "\ud800", "\0", "x" * 9999, "<a/>", '{"a":'),
)
INFO: Sequence[object] = (
    *(
        None,
        {},
        {"filename": "f"},
        {"filename": "a\r\nb"},
        {"filename": 5},
        {"filename": None},
        {"transient": True},
        [],
    ),
    {"filename": "f", "mimeType": "a/b\r\nX: y", "encoding": "\0"},
    {"objectTypeName": "a", "serializationDataFormat": "x"},
)
FILE_NAMES = ("", '; filename="f"', '; filename="', "; filename*=utf-8''%ff", '; filename="a\r\nb"')
PART_HEADERS = ("", "Content-Type: text/plain\r\n", "Content-Type: \xff\r\n", f"X: {'y' * 9000}\r\n")
ODD = 0.08
"""The probability that a part of a request is an odd one."""
BROKEN = (b"", b"\0", b"\r\n", b"\xff", b"%", b'"', b"A" * 99)


class Fuzzer:
    """Makes requests. The same seed makes the same requests.

    :param prefix: the path below which the routes are.
    """

    def __init__(self, seed: int, prefix: str) -> None:
        self._random, self._prefix = random.Random(seed), prefix

    def request(self) -> tuple[bytes, bool]:
        """Return the bytes of one request, and whether they are complete. The request asks to close the connection."""
        kind, body = self._random.choice([(JSON, self._variable), (JSON, self._patch), (FORM, self._form), ("", bytes)])
        data = self._rarely(self._nested, self._noise) or body()
        lines = [("Host", "127.0.0.1"), ("Connection", "close"), *self._framing(kind, data), *self._odd()]
        method, target = self._some(METHODS, ODD_METHODS), self._target(form=kind == FORM)
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
        sent = f"{head}\r\n".encode("latin-1", "replace") + data
        mutated = self._rarely(lambda: self._mutated(sent))
        whole = ("Content-Length", str(len(data))) in lines and "Transfer-Encoding" not in head and "Expect" not in head
        return mutated or sent, whole and mutated is None

    def _target(self, *, form: bool) -> str:
        engine = self._some(("",), ("/engine/default", "/engine/x"))
        parts = [self._prefix + engine, "task", self._some(("task",), ODD_TASKS), self._some(SCOPES, ODD_SCOPES)]
        if form or self._random.random() < 0.8:
            parts.append(quote(self._some(NAMES, ODD_NAMES), safe="%"))
        if form or self._random.random() < 0.4:
            parts.append("data")
        path = "/".join(parts) + self._some(("",), ENDS)
        return self._some((path,), ("*", "http://x/", "//", "/openapi.json", path * 40))

    def _framing(self, kind: str, body: bytes) -> list[tuple[str, str]]:
        wrong = ("-1", "x", "0", "99999999999", str(len(body) + 5), str(max(0, len(body) - 3)), "")
        framing = [
            ("Content-Type", self._some((kind,), ODD_TYPES)),
            ("Content-Length", self._some((f"{len(body)}",), wrong)),
        ]
        coding = self._some(("",), ("chunked", "x", "chunked, chunked"))
        return [*framing, ("Transfer-Encoding", coding)] if coding else framing

    def _odd(self) -> list[tuple[str, str]]:
        names = self._random.sample(sorted(ODD_HEADERS), self._random.choice([0, 0, 1, 1, 2, 4]))
        return [(name, self._random.choice(ODD_HEADERS[name])) for name in names]

    def _document(self) -> dict[str, object]:
        document = {"type": self._random.choice(VALUE_TYPES), "value": self._random.choice(JSON_VALUES)}
        return document | {"valueInfo": self._random.choice(INFO)} if self._random.random() < 0.5 else document

    def _variable(self) -> bytes:
        return json.dumps(self._document()).encode()

    def _patch(self) -> bytes:
        changes = {self._some(NAMES, ODD_NAMES): self._document() for _ in range(3)}
        deletions = self._random.choice([None, [], ["new"], [None, 5, "locked"], "x", list(NAMES)])
        return json.dumps({"modifications": changes, "deletions": deletions}).encode()

    def _form(self) -> bytes:
        name, header = self._random.choice(FILE_NAMES), self._random.choice(PART_HEADERS)
        data = f'--b\r\nContent-Disposition: form-data; name="data"{name}\r\n{header}\r\n'.encode("latin-1")
        kind = self._some(("File", "Bytes"), VALUE_TYPES)
        value_type = f'--b\r\nContent-Disposition: form-data; name="valueType"\r\n\r\n{kind}\r\n'.encode()
        parts = [data + self._noise() + b"\r\n", value_type]
        self._random.shuffle(parts)
        return b"".join(parts) + self._random.choice([b"--b--\r\n", b"--b--", b"", b"--b"])

    def _nested(self) -> bytes:
        depth = self._random.choice([10, 1000, 100_000])
        nested = (b'{"value": ' + b"[" * depth, b'{"a":' * depth, b'{"value": "' + b"\\u0041" * depth + b'"}')
        return self._random.choice(nested)

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.choice([0, 1, 50, 5000, 100_000]))

    def _mutated(self, data: bytes) -> bytes:
        cut = bytearray(data)
        for _ in range(self._random.choice([1, 3])):
            place = self._random.randrange(len(cut))
            cut[place : place + self._random.choice([0, 1, 4])] = self._random.choice(BROKEN)
        return bytes(cut)

    def _some(self, usual: Sequence[str], odd: Sequence[str]) -> str:
        return self._random.choice(odd if self._random.random() < ODD else usual)

    def _rarely(self, *makers: Callable[[], bytes]) -> bytes | None:
        return self._random.choice(makers)() if self._random.random() < ODD else None
