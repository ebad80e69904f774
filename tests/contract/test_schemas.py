"""JSON bodies: which are accepted, and the messages for all others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.contract.bodies import read_patch, read_value
from flask_taskvars.contract.schemas import ExceptionSchema
from flask_taskvars.errors import InvalidBody, InvalidRequest, NoBody, TooLarge, WrongContentType
from flask_taskvars.settings import Settings
from tests.support.desk import Desk, make_desk
from tests.support.forms import error_type, message

JSON = "application/json"
SETTINGS = Settings()
EMPTY = {"type": None, "value": None, "valueInfo": None}
TEXT = {"type": "String", "value": "Grüße €"}


def read(body: bytes, content_type: str | None = JSON) -> dict[str, Any]:
    return read_value(content_type, body, SETTINGS)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/JSON",
        "Application/Json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "application/json; charset=nope; q=1",
        "application/json;",
    ],
)
def test_json_is_utf_8_whatever_its_charset_says(content_type: str) -> None:
    assert read(json.dumps(TEXT, ensure_ascii=False).encode(), content_type) == EMPTY | TEXT


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        ";",
        "text/json",
        "text/plain",
        "application/*",
        "*/*",
        "application/hal+json",
        "nonsense",
        "json",
        "a/b, c/d",
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_other_media_types_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(WrongContentType):
        read(body, content_type)


def test_a_body_without_a_media_type_is_refused_unless_it_is_empty() -> None:
    with pytest.raises(WrongContentType):
        read(b"{}", None)
    with pytest.raises(NoBody):
        read(b"", None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_unicode_is_recognized(encoding: str) -> None:
    assert read(json.dumps(TEXT, ensure_ascii=False).encode(encoding)) == EMPTY | TEXT


def test_an_empty_body_is_an_empty_document() -> None:
    assert read(b"") == read(b"{}") == read(b' \r\n{"more": 1}\t') == EMPTY


@pytest.mark.parametrize("body", [b"null", b" null\n", b" ", b"\r\n\t "])
def test_null_and_blanks_are_refused(body: bytes) -> None:
    with pytest.raises(NoBody, match="JSON object is needed") as refusal:
        read(body)
    assert (refusal.value.status, refusal.value.engine_status) == (400, 500)


BROKEN = [
    b"{",
    b'{"value": 1',
    b'{"value": 1}x',
    b'{"value": 1}{}',
    b'{"value": 1,}',
    b"{'value': 1}",
    b"{value: 1}",
    b"// comment\n{}",
    b'{"value": tru}',
    b'{"value": None}',
    b'{"value": 01}',
    b'{"value": +1}',
    b'{"value": .5}',
    b'{"value": 5.}',
    b'{"value": 0x10}',
    b'{"value": NaN}',
    b'{"value": Infinity}',
    b'{"value": [-Infinity]}',
    b'{"value": "a\nb"}',
    b'{"value": "\\x41"}',
    b'{"value": "\xff"}',
    b'{"value": "\xc0\x80"}',
    b'{"value": "\xf4\x90\x80\x80"}',
    '{"value": "ä"}'.encode("latin-1"),
    b"\0",
    b'{"value": 1}\0',
    b"\xff\xfe",
    b'{"value": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:30]))
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBody, match=r"The body is not JSON: .+") as refusal:
        read(body)
    assert refusal.value.status == 400


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"true", b"[null]"])
def test_a_body_that_is_not_an_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBody, match=r"The body does not fit: it must be a JSON object\."):
        read(body)


@pytest.mark.parametrize("one", [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_nested_too_deeply_is_refused(one: tuple[bytes, bytes]) -> None:
    with pytest.raises(InvalidBody, match=r"The body is nested too deeply\."):
        read(b'{"value": ' + one[0] * 100_000 + b"1" + one[1] * 100_000 + b"}")


@pytest.mark.parametrize("one", ["[{}]", '{{"a": {}}}'])
def test_how_deep_a_body_may_be(one: str) -> None:
    """The body itself counts as the first level."""
    value = "1"
    for _ in range(SETTINGS.max_json_depth - 1):
        value = one.format(value)
    assert read(f'{{"value": {value}, "more": [[]]}}'.encode())["value"] == json.loads(value)
    with pytest.raises(InvalidBody, match=r"The body is nested too deeply: at most 100 levels\."):
        read(f'{{"value": {one.format(value)}}}'.encode())


NAMED = [
    ('{"modifications": {"a": {}, "b": {}}, "deletions": ["c"]}', True),
    ('{"modifications": {"a": {}, "b": {}}, "deletions": ["a", "a"]}', False),
    ('{"deletions": ["c", "c", "c", "c"]}', False),
    ('{"modifications": {"a": {}, "b": {}, "c": {}}, "more": [1, 2, 3, 4]}', True),
    ('{"modifications": [1, 2, 3, 4]}', False),  # counted before the schema is checked
]


@pytest.mark.parametrize(("body", "read"), NAMED)
def test_how_many_names_a_body_may_have(body: str, read: bool) -> None:
    settings = Settings(max_names=3)
    if read:
        assert read_patch(JSON, body.encode(), settings)
        return
    with pytest.raises(TooLarge, match=r"One request sets and deletes at most 3 variables\.") as refusal:
        read_patch(JSON, body.encode(), settings)
    assert refusal.value.status == 413


def test_of_two_values_with_one_name_the_last_counts() -> None:
    assert read(b'{"value": 1, "type": "a", "value": 2}') == {"type": "a", "value": 2, "valueInfo": None}


def test_unknown_keys_are_ignored() -> None:
    assert read(b'{"value": 1, "local": {}, "name": [], "VALUE": 2, "": 3}') == EMPTY | {"value": 1}
    assert read_patch(JSON, b'{"more": 1}', SETTINGS) == {"modifications": None, "deletions": None}


@pytest.mark.parametrize(
    ("given", "kept"), [("null", None), ('""', ""), ("5", "5"), ("1.0", "1.0"), ("1e21", "1.0E21"), ("true", "true")]
)
def test_a_scalar_as_the_type_becomes_text(given: str, kept: str | None) -> None:
    assert read(f'{{"type": {given}}}'.encode())["type"] == kept


@pytest.mark.parametrize("value", ["null", "[]", "{}", '{"a": [1, null]}', '"x"', "1e400", "-0.0", '"\\ud800"'])
def test_a_value_may_be_any_json(value: str) -> None:
    assert read(f'{{"value": {value}, "valueInfo": null}}'.encode()) == EMPTY | {"value": json.loads(value)}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"type": {}}', '"type": ["Not a valid string."]'),
        (b'{"type": []}', '"type": ["Not a valid string."]'),
        (b'{"valueInfo": "x"}', '"valueInfo": ["Not a valid mapping type."]'),
        (b'{"valueInfo": []}', '"valueInfo": ["Not a valid mapping type."]'),
        (b'{"valueInfo": 5, "type": {}}', '"type": '),
    ],
)
def test_an_invalid_typed_value_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(InvalidBody, match="The body does not fit") as refusal:
        read(body)
    assert words in str(refusal.value)


def test_modifications_and_deletions() -> None:
    body = b'{"modifications": {"a": {}, "": {"value": 1}}, "deletions": ["x", 5, true, null]}'
    wanted = {"modifications": {"a": EMPTY, "": EMPTY | {"value": 1}}, "deletions": ["x", "5", "true", None]}
    assert read_patch(JSON, body, SETTINGS) == wanted
    nothing = {"modifications": None, "deletions": None}
    assert (
        read_patch(JSON, b"", SETTINGS)
        == read_patch(JSON, b'{"modifications": null, "deletions": null}', SETTINGS)
        == nothing
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"modifications": []}', '"modifications": ["Not a valid mapping type."]'),
        (b'{"modifications": "x"}', '"modifications": ["Not a valid mapping type."]'),
        (b'{"modifications": {"a": 5}}', '"a": {"value": {"_schema": ["Invalid input type."]}}'),
        (b'{"modifications": {"a": {"valueInfo": 5}}}', '"valueInfo": ["Not a valid mapping type."]'),
        (b'{"deletions": "a"}', '"deletions": ["Not a valid list."]'),
        (b'{"deletions": {}}', '"deletions": ["Not a valid list."]'),
        (b'{"deletions": [{}]}', '"0": ["Not a valid string."]'),
    ],
)
def test_an_invalid_modification_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(InvalidBody, match="The body does not fit") as refusal:
        read_patch(JSON, body, SETTINGS)
    assert words in str(refusal.value)


def test_null_in_place_of_a_typed_value_is_refused() -> None:
    with pytest.raises(NoBody):
        read_patch(JSON, b'{"modifications": {"a": {}, "b": null}}', SETTINGS)


@given(st.binary() | st.text().map(str.encode) | st.from_type(dict[str, str]).map(json.dumps).map(str.encode))
def test_every_body_is_read_or_refused_with_a_message(body: bytes) -> None:
    for reader, keys in ((read_value, {"type", "value", "valueInfo"}), (read_patch, {"modifications", "deletions"})):
        try:
            loaded: dict[str, Any] | InvalidRequest = reader(JSON, body, SETTINGS)
        except InvalidRequest as refusal:
            loaded = refusal
        if isinstance(loaded, InvalidRequest):
            assert (loaded.status, bool(str(loaded))) == (400, True)
        else:
            assert set(loaded) == keys


@pytest.fixture
def desk() -> Any:
    with make_desk(None) as made:
        made.storage.add_scope("t")
        yield made


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        (b"{", JSON, 400, "InvalidRequestException"),
        (b"null", JSON, 400, "InvalidRequestException"),
        (b"[]", JSON, 400, "InvalidRequestException"),
        (b"{}", "text/plain", 415, "NotSupportedException"),
        (b'{"value":' + b"[" * 700 + b"]" * 700 + b"}", JSON, None, None),
    ],
)
def test_each_refusal_is_json(
    desk: Desk, method: str, body: bytes, content_type: str, status: int | None, error: str | None
) -> None:
    path = "/task/t/variables" + ("/v" if method == "PUT" else "")
    answer = desk.client.open(path, method=method, data=body, content_type=content_type)
    if status is None:
        assert answer.status_code in (204, 400)
        return
    assert (answer.status_code, error_type(answer)) == (status, error)
    assert message(answer)


def test_an_error_has_the_engines_keys() -> None:
    assert list(ExceptionSchema().fields) == ["type", "message", "code"]
