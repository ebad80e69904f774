"""Requests that hypothesis generates for all fourteen methods, right and wrong ones."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeAlias
from urllib.parse import quote

from hypothesis import strategies as st

from tests.contract.golden.world import Step

Message: TypeAlias = "tuple[dict[str, str], bytes]"
"""Headers and body."""

Case: TypeAlias = "Sequence[Sequence[Step]]"
"""A few requests, each followed by reads of its effect."""

Documents: TypeAlias = "st.SearchStrategy[dict[str, object]]"

TASKS = ("check", "subcheck", "review", "vote", "inside", "hear", "alone", "child")
NAMES = [
    *("v", "v", "v", "w", "V", "data", "ä ö", "日本", "\U0001f600"),
    *("a+b", "50%", "a;b", 'q"q', "a.b", "a?b#c", "[x]"),
]
ONLY_READ = ("a%2Fb", "..%2Fv", "%00", "%ff", "%zz")
"""Names that an engine refuses in a path and we accept. They are only read: after a write, the worlds would differ."""

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.sampled_from([0, 1, -1, 32767, 32768, -(2**31), 2**31, 2**63 - 1, 2**63, 0.5, -1.25, 3.0, 1e10])
NUMERIC = st.sampled_from(["", " ", "5", " 5 ", "+5", "05", "5.0", "1e3", "NaN", "-INF", "0x10", "null", "abc"])
DATES = st.sampled_from(["2026-11-23T10:11:12.345+0000", "2026-11-23T10:11:12.345+0230", "2026-13-41T10:11:12.3Z"])
TRUTHS = st.sampled_from([True, False, "true", "True", "tRUE", "FALSE", "yes"])
BASE64 = st.binary(max_size=8).map(lambda data: b64encode(data).decode())
ANYTHING = st.none() | NUMBERS | NUMERIC | DATES | TRUTHS | TEXT | st.sampled_from([[1], {"a": [None]}])
FITTING: dict[str, st.SearchStrategy[object]] = {
    "String": TEXT,
    "Boolean": TRUTHS,
    **dict.fromkeys(("Short", "Integer", "Long", "Double"), NUMBERS | NUMERIC),
    "Date": DATES,
    "Null": st.none(),
    "Bytes": BASE64,
}
SPIN = {"Json": st.sampled_from(['{"a": 1}', "[1]", "5", "{", ""]), "Xml": st.sampled_from(["<a/>", "<a", ""])}
JAVA_FORMATS = [*["application/json"] * 4, "application/x-java-serialized-object", ""]
JAVA = st.fixed_dictionaries(
    {
        "serializationDataFormat": st.sampled_from(JAVA_FORMATS),
    },
    optional={"objectTypeName": st.sampled_from(["java.util.ArrayList", "java.util.HashMap", "com.example.Order"])},
)
ODD_TYPES = ("string", "STRING", "Number", "Nope", 5, None)

FILE_NAMES = TEXT | st.sampled_from(
    [
        *("a.txt", "ä.pdf", "日本.txt", "€.txt", "no-extension", ".hidden", "a;b.txt", "a%41.txt", " a.txt ", "a'b"),
        *('q"u.txt', "back\\slash", "a\\", "../up.txt", "/etc/passwd", "C:\\x.txt", "CON.txt", "", "a\tb", "a\r\nb"),
    ]
)
MIME_TYPES = st.sampled_from(
    [
        *("text/plain", "application/pdf", "TEXT/Html", "text/plain; charset=utf-8", "a/b;x=y", 'a/b; x="y z"', ""),
        *("nonsense", "a#b/c", "*/*", "image/svg+xml", "ä/b", "a/b c", "a/", "/b", "a/b/c", "text/plain;", 5, True),
    ]
)
ENCODINGS = st.sampled_from(["UTF-8", "utf-8", "ISO-8859-1", "UTF-16", "nonsense", "", "a b", '"', "ä", "a;b", 5])
FILE_INFO = {"mimeType": MIME_TYPES, "encoding": ENCODINGS}
INFO = st.fixed_dictionaries({}, optional={"filename": FILE_NAMES, "transient": TRUTHS, "x": ANYTHING, **FILE_INFO})


@cache
def documents(camunda: bool) -> Documents:
    """Generate VariableValueDtos, most of them valid.

    :param camunda: whether to include values that the Operaton of these tests treats differently: Json, Xml, Objects,
        and Files with invalid Base64.
    """
    fitting = FITTING | (SPIN if camunda else {})
    right = [st.fixed_dictionaries({"type": st.just(kind), "value": value}) for kind, value in fitting.items()]
    if camunda:
        right.append(st.fixed_dictionaries({"type": st.just("Object"), "value": SPIN["Json"], "valueInfo": JAVA}))
    named = st.fixed_dictionaries({"filename": FILE_NAMES}, optional=FILE_INFO)
    file = st.fixed_dictionaries({"type": st.sampled_from(["File", "file"]), "value": BASE64, "valueInfo": named})
    kinds = st.sampled_from([*fitting, *ODD_TYPES, *(["File", "file"] if camunda else [])])
    odd = st.fixed_dictionaries({}, optional={"type": kinds, "value": ANYTHING, "valueInfo": st.none() | INFO})
    if not camunda:
        odd = odd.filter(lambda document: not _makes_an_object(document))
    return st.one_of(*right, file, file, odd, odd)


def _makes_an_object(document: Mapping[str, object]) -> bool:
    """Tell whether a value without a type becomes an Object."""
    value = document.get("value")
    large = isinstance(value, int) and not -(2**63) <= value < 2**63
    return document.get("type") is None and (large or isinstance(value, (list, dict)))


@cache
def patches(camunda: bool) -> Documents:
    """Generate PatchVariablesDtos."""
    names = st.sampled_from([*NAMES, "a/b"])
    changes = st.dictionaries(names, documents(camunda), max_size=3)
    return st.fixed_dictionaries({}, optional={"modifications": changes, "deletions": st.lists(names, max_size=2)})


def as_json(right: Documents) -> st.SearchStrategy[Message]:
    """Generate bodies: mostly valid JSON with the right Content-Type, sometimes not."""
    types = ["application/json"] * 8 + ["application/json;charset=UTF-8", "text/plain"]
    headers = st.sampled_from([{"Content-Type": kind} for kind in types] + [{}])
    odd = [b"", b" ", b"null", b"[]", b'"x"', b"5", b"{", b"{}", b'{"type": {}}', b'{"valueInfo": []}', b"\xff", b"{}x"]
    body = right.map(lambda document: json.dumps(document).encode())
    return st.tuples(headers, body | body | body | st.sampled_from(odd))


PART_NAMES = st.sampled_from([None, "a.txt", "b.bin", "", "ä.txt", "..\\x.txt", 'a\\"b.txt', "a;b.txt", "%41.txt"])
PART_TYPES = st.sampled_from(
    [None, "text/plain", "application/pdf; encoding=UTF-8", "a/b;transient=true", "nonsense", "Text/HTML; x=y"]
)
VALUE_TYPES = st.sampled_from([None, "File", "File", "Bytes", "file", "Nope", ""])


def form(
    data: bytes, filename: str | None, kind: str | None, value_type: str | None, last: bool, end: bytes
) -> Message:
    """Make an upload.

    :param last: whether the data come after the type.
    """
    named = "" if filename is None else f'; filename="{filename}"'
    typed = "" if kind is None else f"Content-Type: {kind}\r\n"
    parts = [f'Content-Disposition: form-data; name="data"{named}\r\n{typed}\r\n'.encode() + data]
    if value_type is not None:
        parts.append(f'Content-Disposition: form-data; name="valueType"\r\n\r\n{value_type}'.encode())
    joined = b"".join(b"--b\r\n" + part + b"\r\n" for part in (reversed(parts) if last else parts))
    return {"Content-Type": "multipart/form-data; boundary=b"}, joined + end


@cache
def uploads(camunda: bool) -> st.SearchStrategy[Message]:
    """Generate forms, most of them valid."""
    ends = st.sampled_from([b"--b--\r\n"] * 8 + [b"--b--", b""])
    right = st.builds(form, st.binary(max_size=40), PART_NAMES, PART_TYPES, VALUE_TYPES, st.booleans(), ends)
    text = st.builds(form, TEXT.map(str.encode), PART_NAMES, PART_TYPES, st.just("String"), st.booleans(), ends)
    return right | right | right | text | as_json(documents(camunda))


ODD_METHODS = ("HEAD", "OPTIONS", "PATCH")
METHODS = {
    "": ["GET", "POST", "POST", "POST", "PUT", "DELETE", *ODD_METHODS],
    "/{name}": ["GET", *["PUT"] * 6, "DELETE", "DELETE", "POST", *ODD_METHODS],
    "/{name}/data": ["GET", *["POST"] * 5, "PUT", "DELETE", *ODD_METHODS],
}
QUERIES = ["", "", *(f"?deserializeValue{end}" for end in ("=false", "=true", "=False", "s=false", "=", "=x"))]
CONDITIONS: st.SearchStrategy[dict[str, str]] = st.sampled_from(
    [*[{}] * 6, {"Range": "bytes=1-"}, {"If-None-Match": "*"}, {"Accept": "application/json"}]
)
ADDRESSED = st.sampled_from([*(f"{{{task}}}" for task in TASKS * 2), "no-such-task", "{process}"])
COUNTS = st.integers(1, 4)


@cache
def one_of(*options: str) -> st.SearchStrategy[str]:
    """Generate one of these texts. This strategy and those below are cached, because hypothesis validates new ones."""
    return st.sampled_from(options)


@cache
def messages(resource: str, method: str, camunda: bool) -> st.SearchStrategy[Message]:
    """Generate the headers and the body for a method."""
    match resource, method:
        case "/{name}/data", "POST":
            return uploads(camunda)
        case "", "POST":
            return as_json(patches(camunda))
        case "/{name}", "PUT":
            return as_json(documents(camunda))
    return st.just(({}, b""))


def step(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Step:
    """Make a request with a label, which a failure shows."""
    return Step(f"{method} {path} {headers or ''} {body!r}", method, path, headers or {}, body, {})


@st.composite
def cases(draw: st.DrawFn, camunda: bool = True) -> Case:
    """Generate a few requests, each followed by reads of its effect."""
    return [draw(_looked_at(camunda)) for _ in range(draw(COUNTS))]


@st.composite
def _looked_at(draw: st.DrawFn, camunda: bool) -> list[Step]:
    scope = f"/task/{draw(ADDRESSED)}/{draw(one_of('variables', 'variables', 'localVariables'))}"
    name = quote(draw(one_of(*NAMES)), safe="")
    resource = draw(one_of("", "/{name}", "/{name}", "/{name}/data"))
    method = draw(one_of(*METHODS[resource]))
    query, end = draw(one_of(*QUERIES)), draw(one_of(*[""] * 8, "/"))
    headers, body = draw(messages(resource, method, camunda))
    look = f"/task/{{{draw(one_of(*TASKS))}}}/variables"
    return [
        step(method, f"{scope}{resource.format(name=name)}{end}{query}", headers, body),
        step("GET", f"{scope}/{name}{query}"),
        step("GET", f"{scope}/{name}/data", draw(CONDITIONS)),
        step("GET", f"{look}{query}"),
        step("GET", f"{look}/{draw(one_of(name, *ONLY_READ))}{draw(one_of('', '/data'))}"),
    ]
