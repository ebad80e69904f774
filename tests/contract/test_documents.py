"""Typed values as JSON: they are streamed, but the text is the same as if it were made at once."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Response, request
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars import Bytes, File, Value
from flask_taskvars.contract.documents import collection_document, variable_document
from flask_taskvars.errors import ContentVanished, PreconditionFailed
from flask_taskvars.http.representations import represent_document
from flask_taskvars.http.responses import respond
from flask_taskvars.settings import Settings
from flask_taskvars.values import BLOCK, Content, TypedValue
from tests.support.desk import Desk, make_desk
from tests.support.served_world import noise

V = "/task/t/variables/v"


class Blocks(Content):
    """A content made of these blocks. It may be read only if `readable`."""

    sha256 = None
    modified = None

    def __init__(self, *blocks: bytes, etag: str = "tag", readable: bool = True) -> None:
        self.blocks, self.etag, self.readable = blocks, etag, readable
        self.size = sum(map(len, blocks))

    def open_at(self, offset: int) -> Iterator[bytes]:
        if not self.readable:
            raise ContentVanished
        assert offset == 0, "a document must read the whole content"
        yield from self.blocks


class Zeros(Content):
    """A content that is too large for memory."""

    sha256 = None
    modified = None
    etag = "zeros"
    size = 256 * 2**20

    def open_at(self, offset: int) -> Iterator[bytes]:
        yield from (bytes(BLOCK) for _ in range(self.size // BLOCK))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with make_desk(None) as made:
        made.storage.add_scope("t")
        yield made


def answered(desk: Desk, *values: TypedValue, method: str = "GET", **headers: str) -> Response:
    """Return the answer with one value, or with several under the names 0, 1, …"""
    named = {str(number): value for number, value in enumerate(values)}
    document = variable_document(values[0]) if len(values) == 1 else collection_document(named)
    with desk.app.test_request_context(V, method=method, headers=headers):
        return respond(represent_document(document, Settings(cache_control="private, max-age=9")), request)


def body(response: Response) -> bytes:
    """Return the body, which can be read only once."""
    return b"".join(response.iter_encoded())


def shown(kind: str, value: object, info: Mapping[str, object] | None = None) -> dict[str, object]:
    return {"type": kind, "value": value, "valueInfo": dict(info or {})}


NAMED = {"objectTypeName": "a.B", "serializationDataFormat": "application/json"}
VALUES: list[tuple[TypedValue, dict[str, object]]] = [
    *[
        (Value(kind, value), shown(kind, value))
        for kind, value in [
            ("String", 'Grüße \N{GRINNING FACE} "\\\0\ud800'),
            ("Integer", -(2**31)),
            ("Long", 2**63 - 1),
            ("Double", 1.5),
            ("Double", "NaN"),
            ("Double", "-Infinity"),
            ("Boolean", False),
            ("Null", None),
            ("Date", "2026-01-02T03:04:05.678+0000"),
            ("Json", '{"a": 1}'),
        ]
    ],
    (Value("Object", "[1]", NAMED), shown("Object", "[1]", NAMED)),
    (Bytes(None), shown("Bytes", None)),
    (Bytes(Blocks()), shown("Bytes", "")),
    (Bytes(Blocks(b"abcd")), shown("Bytes", "YWJjZA==")),
    (File(None, filename="f"), shown("File", None, {"filename": "f"})),
    (File(Blocks(b"abc"), filename=""), shown("File", None, {"filename": ""})),
    (
        File(Blocks(readable=False), filename="ä.txt", mimetype="text/plain", encoding="UTF-8"),
        shown("File", None, {"filename": "ä.txt", "mimeType": "text/plain", "encoding": "UTF-8"}),
    ),
    (File(None, filename="f", mimetype="", encoding=""), shown("File", None, {"filename": "f"})),
]


@pytest.mark.parametrize(("value", "document"), VALUES)
def test_a_value(desk: Desk, value: TypedValue, document: dict[str, object]) -> None:
    response = answered(desk, value)
    whole = body(response)
    assert json.loads(whole) == document
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert int(response.headers["Content-Length"]) == len(whole)
    assert response.headers["Cache-Control"] == "private, max-age=9"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Accept-Ranges" not in response.headers


def test_all_values_at_once(desk: Desk) -> None:
    response = answered(desk, *[value for value, _ in VALUES])
    whole = body(response)
    assert list(json.loads(whole).items()) == [(str(number), one) for number, (_, one) in enumerate(VALUES)]
    assert int(response.headers["Content-Length"]) == len(whole)


@given(st.lists(st.binary(max_size=10), max_size=8), st.lists(st.binary(max_size=10), max_size=3))
def test_base64_made_in_pieces_is_the_same(blocks: list[bytes], others: list[bytes]) -> None:
    with make_desk(None) as desk:
        one, both = Bytes(Blocks(*blocks)), (Bytes(Blocks(*blocks)), Bytes(Blocks(*others)))
        assert json.loads(body(answered(desk, one))) == shown("Bytes", b64encode(b"".join(blocks)).decode())
        response = answered(desk, *both)
        whole = body(response)
        found = json.loads(whole)
        assert [found[name]["value"] for name in "01"] == [
            b64encode(b"".join(content)).decode() for content in (blocks, others)
        ]
        assert len(whole) == int(response.headers["Content-Length"])


def test_a_large_value_is_never_held_whole(desk: Desk) -> None:
    response, size = answered(desk, Bytes(Zeros())), 0
    for block in response.iter_encoded():
        assert len(block) < 2 * BLOCK
        size += len(block)
    assert size == int(response.headers["Content-Length"])


def test_many_small_values_make_few_blocks(desk: Desk) -> None:
    blocks = list(answered(desk, *[Value("Integer", number) for number in range(5000)]).iter_encoded())
    assert len(blocks) == 1
    assert len(json.loads(b"".join(blocks))) == 5000


def test_a_vanished_content_is_an_error_before_the_first_byte(desk: Desk) -> None:
    for values in ([Bytes(Blocks(b"x", readable=False))], [Value("Null"), Bytes(Blocks(b"x", readable=False))]):
        with pytest.raises(ContentVanished):
            answered(desk, *values)


@pytest.mark.parametrize("value", [value for value, _ in VALUES])
def test_head_has_the_headers_of_a_get_and_reads_nothing(desk: Desk, value: TypedValue) -> None:
    full = answered(desk, value)
    if isinstance(value, Bytes) and isinstance(value.content, Blocks):
        value = Bytes(Blocks(*value.content.blocks, readable=False))
    head = answered(desk, value, method="HEAD")
    assert (head.status_code, body(head)) == (200, b"")
    assert dict(head.headers) == dict(full.headers)


def test_conditions(desk: Desk) -> None:
    value = Bytes(Blocks(b"abc", readable=False))
    etag = f'"{variable_document(value).etag}"'
    for condition in (etag, f"W/{etag}", "*", f'"other", {etag}'):
        response = answered(desk, value, **{"If-None-Match": condition})
        assert (response.status_code, body(response), response.headers["ETag"]) == (304, b"", etag)
        assert "Content-Type" not in response.headers
    for condition in ('"other"', f"W/{etag}"):
        with pytest.raises(PreconditionFailed):
            answered(desk, value, **{"If-Match": condition})
    for heads in ({"If-Match": etag}, {"Range": "bytes=0-0"}, {"Range": "bytes=0-0", "If-Range": etag}):
        assert answered(desk, Bytes(Blocks(b"abc")), **heads).status_code == 200


def test_a_list_of_values_has_its_own_tag(desk: Desk) -> None:
    tag = answered(desk, Value("Null"), Bytes(Blocks(b"abc"))).headers["ETag"]
    again = answered(desk, Value("Null"), Bytes(Blocks(b"abc", readable=False)), **{"If-None-Match": tag})
    assert (again.status_code, body(again)) == (304, b"")
    for other in (Bytes(Blocks(b"abc", etag="other")), Bytes(None), Value("Null")):
        assert answered(desk, Value("Null"), other, **{"If-None-Match": tag}).status_code == 200


def test_every_change_of_a_value_changes_its_tag() -> None:
    variations: list[TypedValue] = [
        *[value for value, _ in VALUES],
        Value("String", ""),
        Value("Null", None, {"a": 1}),
        Bytes(Blocks(etag="other")),
        Bytes(Blocks(b"abcd", etag="third")),
        File(Blocks(etag="new"), filename=""),
        File(Blocks(), filename="f"),
        File(Blocks(etag="other"), filename="f"),
        File(None, filename="f", mimetype="a/b"),
        File(None, filename="f", encoding="a/b"),
    ]
    distinct = [value for value in variations if value not in (VALUES[-1][0], VALUES[12][0])]
    tags = [variable_document(value).etag for value in distinct]
    assert len(set(tags)) == len(tags)
    assert all(tag.isalnum() for tag in tags)


def test_values_from_a_storage(sqlite_desk: Desk) -> None:
    data: Any = {"empty": b"", "small": b"abc", "inline": noise(64 * 1024), "chunks": noise(3 * BLOCK + 1)}
    sqlite_desk.storage.add_scope("t")
    for name, content in data.items():
        sqlite_desk.storage.set("t", name, content)
    sqlite_desk.storage.set("t", 'a "name" / \N{SNOWMAN}', 1)
    documents = {name: shown("Bytes", b64encode(content).decode()) for name, content in data.items()}
    documents['a "name" / \N{SNOWMAN}'] = shown("Integer", 1)
    assert sqlite_desk.client.get("/task/t/variables").json == documents
    for name in data:
        assert sqlite_desk.client.get(f"/task/t/variables/{name}").json == documents[name]


@pytest.mark.parametrize(("number", "word"), [(float("nan"), "NaN"), (float("inf"), "Infinity")])
def test_a_number_that_is_not_finite_becomes_text(desk: Desk, number: float, word: str) -> None:
    desk.storage.set("t", "v", Value("Double", number))
    assert desk.client.get(V).json == shown("Double", word)


def test_no_values(desk: Desk) -> None:
    response = desk.client.get("/task/t/variables")
    assert (response.data, response.content_length) == (b"{}", 2)
