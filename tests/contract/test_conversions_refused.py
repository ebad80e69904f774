"""Values that no conversion accepts, with the messages of a live Camunda 7.24.0. Many are Files and Objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars import File, Value
from flask_taskvars.contract.conversions import convert
from flask_taskvars.errors import (
    InvalidFile,
    InvalidRequest,
    TaskVarsError,
    Unconvertible,
    Unserializable,
    UnsupportedType,
)
from flask_taskvars.values import TypedValue
from tests.contract.test_conversions import JSON, TYPES, stored

TEXTS_THAT_DO_NOT_FIT = {
    "Short": ["1.0", "32768", "-32769", "x", "1 2", "--1", "\t", "\N{NO-BREAK SPACE}1", "0x10", "1_0", '"1"'],
    "Integer": ["1.0", "2147483648", "1abc", "1e3", "\u00b2", " 1\n", "1\0", "9" * 5000],
    "Long": [str(2**63), "1,000", "\u2028", "1L"],
    "Double": ["1.5d", "0x1p3", "1,5", "1e", ".", "-", "1.e5", "+INF", "+Infinity", "nan", "inf", " NaN", "true"],
    "Boolean": ["1", "0", "yes", "t", "tRue", "fALSE", "true false", "\t"],
    "Date": [
        "2026-01-02",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05.678+01:00",
        "2026-01-02T03:04:05.678+01",
        "2026-01-02T03:04:05.678+2400",
        "2026-01-02T03:04:05.678+0060",
        "2026-01-02T03:04:05+0000",
        "2026-01-02T03:04:05.+0000",
        "2026-01-02T03:04:05,678+0000",
        "2026-01-02t03:04:05.678+0000",
        "2026-01-02 03:04:05.678+0000",
        "\t2026-01-02T03:04:05.678+0000",
        "true",
    ],
    "Null": ["", "null", "0"],
    "Bytes": ["YQ", "YQ=", "Y", "%%", "YW Jj", " Y Q = = ", "YQ===", "YIYI=", "YZWI==", "_-8=", "YQ==!"],
}
JAVA = {"Date": "java.util.Date", "Null": "javax.lang.model.type.NullType", "Bytes": "[B"}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in TEXTS_THAT_DO_NOT_FIT.items() for text in texts]
)
def test_a_text_that_does_not_fit_its_type(kind: str, text: str) -> None:
    with pytest.raises(Unconvertible) as refusal:
        convert("v", kind, text, None)
    java = JAVA.get(kind, f"java.lang.{kind}")
    assert str(refusal.value) == f"Cannot convert value '{text}' of type '{kind}' to java type {java}"
    assert (refusal.value.status, refusal.value.type) == (400, "InvalidRequestException")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("Integer", 5.0, "5.0"),
        ("Integer", True, "true"),
        ("Integer", [1], "[1]"),
        ("Integer", {"a": 1}, "{a=1}"),
        ("Long", 1e21, "1.0E21"),
        ("Double", True, "true"),
        ("Boolean", [True], "[true]"),
        ("Boolean", 0, "0"),
        ("Date", 20260102, "20260102"),
        ("Null", False, "false"),
        ("Bytes", [1], "[1]"),
        ("String", [r"x\y"], r"[x\y]"),
        ("integer", "x", "x"),
    ],
)
def test_the_refusal_shows_the_value_as_java_would(kind: str, value: object, shown: str) -> None:
    with pytest.raises(Unconvertible, match="Cannot convert value") as refusal:
        convert("v", kind, value, None)
    assert str(refusal.value).startswith(f"Cannot convert value '{shown}' of type '{kind}' to java type ")


@pytest.mark.parametrize(
    ("kind", "value", "cut"), [("Integer", '1"x', 1), ("Boolean", '"true"', None), ("String", ['a"b'], "[a")]
)
def test_a_value_that_the_engine_would_cut_is_refused_unless_lenient(kind: str, value: object, cut: object) -> None:
    with pytest.raises(Unconvertible):
        convert("v", kind, value, None)
    assert stored(kind, value, lenient=True) == cut


@pytest.mark.parametrize("name", ["Float", "float", "Number ", "NULL", "STRING", " String", "Timer", "5", "\0", "ß"])
def test_an_unknown_type(name: str) -> None:
    with pytest.raises(UnsupportedType) as refusal:
        convert("v", name, 1, None)
    assert str(refusal.value) == f"Unsupported value type '{name}'"


def test_number_is_abstract() -> None:
    for value in (None, 1, "1.5"):
        with pytest.raises(Unserializable, match="abstract type number"):
            convert("v", "Number", value, {"transient": True})
    with pytest.raises(Unconvertible):
        convert("v", "Number", "x", None)
    with pytest.raises(Unconvertible, match="Number"):  # the engine checks `transient` first
        convert("v", "Number", None, {"transient": "true"})


def test_a_number_that_json_can_not_represent() -> None:
    for value in ([1e999], {"a": [-1e999]}):
        with pytest.raises(Unconvertible, match="too large"):
            convert("v", None, value, None)


def test_an_empty_type() -> None:
    with pytest.raises(InvalidFile, match="The type is empty"):
        convert("v", "", 1, None)


@pytest.mark.parametrize("kind", ["Json", "Xml", "Object", "object"])
@pytest.mark.parametrize("value", [5, True, [], {}])
def test_a_serialized_value_is_a_text(kind: str, value: object) -> None:
    with pytest.raises(Unconvertible) as refusal:
        convert("v", kind, value, {"transient": "neither"})
    wanted = f"Must provide 'null' or String value for value of SerializableValue type '{kind}'."
    assert str(refusal.value) == wanted


@pytest.mark.parametrize(
    ("value", "info"),
    [
        ("[1]", {"objectTypeName": "x.Y", "serializationDataFormat": JSON}),
        ("no json", {"objectTypeName": "x.Y", "serializationDataFormat": "foo"}),
        ("x", {"objectTypeName": "", "serializationDataFormat": JSON}),
        (None, {"objectTypeName": "x.Y", "serializationDataFormat": JSON}),
        (None, {"serializationDataFormat": ""}),
    ],
)
def test_the_text_of_an_object_is_kept_unchanged(value: str | None, info: dict[str, object]) -> None:
    assert convert("v", "Object", value, info | {"more": 1}).value == Value("Object", value, info)


@pytest.mark.parametrize(
    ("value", "info", "error", "message"),
    [
        ("1", None, Unserializable, "Cannot find serializer for value"),
        (None, {}, Unserializable, "Cannot find serializer for value"),
        ("1", {"serializationDataFormat": JSON}, Unserializable, "for variable 'v': no 'objectTypeName' provided"),
        (
            None,
            {"serializationDataFormat": "application/x-java-serialized-object"},
            Unserializable,
            "name v. Java serialization format is prohibited",
        ),
        ("1", {"objectTypeName": 5, "serializationDataFormat": JSON}, InvalidFile, "objectTypeName must be a text"),
        (None, {"serializationDataFormat": 5}, InvalidFile, "serializationDataFormat must be a text"),
        (None, {"transient": 1}, InvalidFile, "'transient' should have a value of type 'boolean'"),
    ],
)
def test_an_object_without_its_class_or_format(
    value: str | None, info: dict[str, object] | None, error: type[InvalidRequest], message: str
) -> None:
    with pytest.raises(error, match=message) as refusal:
        convert("v", "Object", value, info)
    assert (refusal.value.status, refusal.value.engine_status) == (400, 500)


@pytest.mark.parametrize(
    ("info", "made"),
    [
        ({"filename": "a"}, File(b"abc", filename="a")),
        ({"filename": ""}, File(b"abc", filename="")),
        ({"filename": 5}, File(b"abc", filename="5")),
        ({"filename": {"a": True}}, File(b"abc", filename="{a=true}")),
        ({"filename": "a", "mimeType": "", "encoding": ""}, File(b"abc", filename="a")),
        ({"filename": "a", "mimeType": "x/y", "encoding": 5}, File(b"abc", filename="a", mimetype="x/y", encoding="5")),
        ({"filename": "a", "mimetype": "x/y"}, File(b"abc", filename="a", mimetype="x/y")),
        ({"filename": "a", "mimetype": "x/y", "mimeType": "z/z"}, File(b"abc", filename="a", mimetype="z/z")),
    ],
)
def test_a_file(info: dict[str, object], made: File) -> None:
    assert convert("v", "File", "YWJj", info).value == made


def test_the_engine_does_not_know_mimetype_in_lower_case() -> None:
    assert convert("v", "File", "", {"filename": "a", "mimetype": "x/y"}, lenient=True).value == File(b"", filename="a")


@pytest.mark.parametrize(
    ("value", "info", "message"),
    [
        ("YQ==", None, "without valueInfo"),
        ("YQ==", {}, "without filename"),
        ("YQ==", {"filename": None}, "without filename"),
        (None, {"filename": "a"}, "not of File, InputStream or byte"),
        (5, {"filename": "a"}, "not of File, InputStream or byte"),
        ("YQ==", {"filename": "a", "mimeType": None}, "mimeType is null"),
        ("YQ==", {"filename": "a", "encoding": None}, "encoding is null"),
        ("YQ==", {"filename": "a", "transient": None}, "'boolean'"),
        ("YQ==", {"filename": "a", "transient": "true"}, "'boolean'"),
    ],
)
def test_an_input_that_can_not_become_a_file(value: object, info: dict[str, object] | None, message: str) -> None:
    with pytest.raises(InvalidFile, match=message) as refusal:
        convert("v", "File", value, info)
    assert (refusal.value.status, refusal.value.engine_status) == (400, 500)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("YWJj", b"abc"),
        ("YWI", b"ab"),
        ("YWI=", b"ab"),
        ("_-8=", b"\xff\xef"),
        ("Y W\r\n\tJj", b"abc"),
        ("YWI== ", b"ab"),
    ],
)
def test_the_base64_of_a_file(text: str, data: bytes) -> None:
    for lenient in (False, True):
        assert stored("File", text, {"filename": "a"}, lenient=lenient) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [("YWJj!!", b"abc"), ("YWJjZ", b"abc"), ("YQ==YQ==", b"a"), ("%", b""), ('a"b', b"i"), ("ä", b""), ("=YWJj", b"")],
)
def test_invalid_base64_of_a_file(text: str, data: bytes) -> None:
    with pytest.raises(InvalidFile, match="not Base64"):
        convert("v", "File", text, {"filename": "a"})
    assert stored("File", text, {"filename": "a"}, lenient=True) == data


@pytest.mark.parametrize("kind", TYPES)
def test_transient(kind: str) -> None:
    info = {"serializationDataFormat": JSON, "objectTypeName": "x"}
    assert convert("v", kind, None, info | {"transient": True}).transient
    assert not convert("v", kind, None, info | {"transient": False}).transient
    assert not convert("v", kind, None, info).transient
    with pytest.raises(InvalidRequest):
        convert("v", kind, None, info | {"transient": "true"})


def test_transient_without_a_type_is_true_or_nothing() -> None:
    assert convert("v", None, 1, {"transient": True}).transient
    assert not convert("v", None, 1, {"transient": "true"}).transient


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.none() | st.sampled_from((*TYPES, "File", "file")) | st.text(max_size=5),
    JSON_VALUES,
    st.none()
    | st.dictionaries(
        st.sampled_from(("filename", "mimeType", "encoding", "transient", "objectTypeName")), JSON_VALUES
    ),
    st.booleans(),
)
def test_every_value_is_accepted_or_refused_with_a_message(
    kind: str | None, value: object, info: dict[str, object] | None, lenient: bool
) -> None:
    made: TypedValue | TaskVarsError
    try:
        made = convert("v", kind, value, info, lenient=lenient).value
    except TaskVarsError as refusal:
        made = refusal
    if isinstance(made, TaskVarsError):
        assert made.status == 400
        assert str(made)
    elif isinstance(made, Value):
        json.dumps(made.value, allow_nan=False)


@pytest.mark.parametrize("kind", ["String", "Integer", None])
def test_a_value_nested_too_deeply_is_refused(kind: str | None) -> None:
    value: object = 1
    for _ in range(5000):
        value = {"a": [value]}
    with pytest.raises(InvalidRequest, match="too deeply"):
        convert("v", kind, value, None)
