"""Conversions as in Camunda 7.24.0: each row of the tables has the answer of a live engine."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars import Value
from flask_taskvars.contract.conversions import convert
from flask_taskvars.contract.java import java_text

JSON = "application/json"
TYPES = ("String", "Boolean", "Short", "Integer", "Long", "Double", "Date", "Null", "Bytes", "Json", "Xml", "Object")


def stored(kind: str | None, value: object, info: dict[str, object] | None = None, *, lenient: bool = False) -> object:
    """Convert a value. Return its JSON form, or its bytes."""
    made = convert("v", kind, value, info, lenient=lenient).value
    return made.value if isinstance(made, Value) else made.content


Row: TypeAlias = tuple[str, object, object]

NUMBERS: list[Row] = [
    *[(kind, value, None) for kind in ("Short", "Integer", "Long") for value in (None, "", "null", "  ", " null ")],
    ("Integer", 12, 12),
    ("Integer", "12", 12),
    ("Integer", " 12 ", 12),
    ("Integer", "+5", 5),
    ("Integer", "-0", 0),
    ("Integer", "00012", 12),
    ("Integer", "0" * 40 + "1", 1),
    ("Integer", "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}", 12),
    ("Integer", "\N{FULLWIDTH DIGIT ONE}", 1),
    ("Integer", r"\u0031\n", 1),
    ("Integer", 2**31 - 1, 2**31 - 1),
    ("Integer", -(2**31), -(2**31)),
    ("Short", "-32768", -32768),
    ("Short", 32767, 32767),
    ("Long", 2**63 - 1, 2**63 - 1),
    ("Long", str(-(2**63)), -(2**63)),
    ("integer", "7", 7),
]
DOUBLES: list[Row] = [
    *[("Double", value, None) for value in (None, "", "null", " null ")],
    ("Double", 5, 5.0),
    ("Double", 1.5, 1.5),
    ("Double", "1e5", 100000.0),
    ("Double", "1E+5", 100000.0),
    ("Double", ".5", 0.5),
    ("Double", ".5e1", 5.0),
    ("Double", "5.", 5.0),
    ("Double", " -2.5 ", -2.5),
    ("Double", "+1", 1.0),
    ("Double", "1e400", "Infinity"),
    ("Double", "-1e400", "-Infinity"),
    ("Double", "NaN", "NaN"),
    ("Double", "Infinity", "Infinity"),
    ("Double", "INF", "Infinity"),
    ("Double", "-INF", "-Infinity"),
]
BOOLEANS: list[Row] = [
    *[("Boolean", value, None) for value in (None, "", "null", " ")],
    *[("Boolean", value, True) for value in (True, "true", "True", "TRUE", " true ", r"true\t")],
    *[("Boolean", value, False) for value in (False, "false", "False", "FALSE")],
]
STRINGS: list[Row] = [
    ("String", None, None),
    ("String", "", ""),
    ("String", "null", "null"),
    ("String", 'a"b\\c\n\0\ud800', 'a"b\\c\n\0\ud800'),
    ("String", True, "true"),
    ("String", 1.5, "1.5"),
    ("String", 10**20, "100000000000000000000"),
    ("String", [], "[]"),
    ("String", {}, "{}"),
    ("String", {"a": 1, "b": [1.0, "x", None, False]}, "{a=1, b=[1.0, x, null, false]}"),
    ("String", [r"a\tb"], "[a\tb]"),
]
DATES: list[Row] = [
    *[("Date", value, None) for value in (None, "", "null", " null ", "  ")],
    *[
        ("Date", f"2026-01-02T{given}", f"2026-01-02T{kept}+0000")
        for given, kept in [
            ("03:04:05.678+0000", "03:04:05.678"),
            ("03:04:05.678-0000", "03:04:05.678"),
            ("03:04:05.678+0130", "01:34:05.678"),
            ("03:04:05.678-0130", "04:34:05.678"),
            ("03:04:05.678UTC", "03:04:05.678"),
            ("03:04:05.678GMT", "03:04:05.678"),
            ("03:04:05.678+0000xyz", "03:04:05.678"),
            ("03:04:05.678 +0000", "03:04:05.678"),
            ("3:4:5.6+0000", "03:04:05.006"),
            ("03:04:05.1000+0000", "03:04:06.000"),
            ("03: 4:05.678+0000", "03:04:05.678"),
        ]
    ],
    ("Date", "2026-13-45T03:04:05.678+0100", "2027-02-14T02:04:05.678+0000"),
    ("Date", "2026-02-30T24:61:61.000+0000", "2026-03-03T01:02:01.000+0000"),
    ("Date", "2026-00-00T00:00:00.000+0000", "2025-11-30T00:00:00.000+0000"),
    ("Date", r" \t2026-1-2T00:00:00.000+0000", "2026-01-02T00:00:00.000+0000"),
    ("Date", "26-01-02T03:04:05.678+0000", "0026-01-02T03:04:05.678+0000"),
    ("Date", "0001-01-01T00:00:00.000+0000", "0001-01-01T00:00:00.000+0000"),
    ("Date", "9999-12-31T23:59:59.999+0000", "9999-12-31T23:59:59.999+0000"),
    ("Date", "1969-12-31T23:59:59.999+0000", "1969-12-31T23:59:59.999+0000"),
    ("Date", "\N{ARABIC-INDIC DIGIT TWO}026-01-02T00:00:00.000+0000", "2026-01-02T00:00:00.000+0000"),
]
BASE64: list[Row] = [
    ("Bytes", None, None),
    ("Bytes", "", b""),
    ("Bytes", "YQ==", b"a"),
    ("Bytes", "YR==", b"a"),
    ("Bytes", "YWI=", b"ab"),
    ("Bytes", "YWJj", b"abc"),
    ("Bytes", "YQ==YWI=YWJj", b"aababc"),
    ("Bytes", " YQ== \r\n\tYWJj\n", b"aabc"),
    ("Bytes", r"YW+\/", b"ao\xbf"),
    ("Bytes", "null", b"\x9e\xe9e"),
    ("Bytes", True, b"\xb6\xbb\x9e"),
    ("Bytes", 1234, b"\xd7m\xf8"),
]
SERIALIZED: list[Row] = [
    *[(kind, value, value) for kind in ("Json", "Xml", "json", "xml") for value in (None, "", "x{", "5", "<a/>")],
]


@pytest.mark.parametrize(
    ("kind", "value", "kept"), NUMBERS + DOUBLES + BOOLEANS + STRINGS + DATES + BASE64 + SERIALIZED
)
def test_a_value_becomes_one_of_its_type(kind: str, value: object, kept: object) -> None:
    assert repr(stored(kind, value)) == repr(kept)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "Null"),
        (True, "Boolean"),
        (0, "Integer"),
        (2**31 - 1, "Integer"),
        (-(2**31) - 1, "Long"),
        (2**63 - 1, "Long"),
        (1.0, "Double"),
        ("", "String"),
    ],
)
def test_without_a_type_the_value_decides(value: object, kind: str) -> None:
    assert convert("v", None, value, {"foo": 1}).value == Value(kind, value)


@pytest.mark.parametrize(
    ("value", "java"),
    [
        (2**63, "java.math.BigInteger"),
        ([1, "a", None], "java.util.ArrayList"),
        ({"a": [1]}, "java.util.LinkedHashMap"),
    ],
)
def test_without_a_type_other_values_become_objects(value: object, java: str) -> None:
    made = convert("v", None, value, None).value
    assert made == Value(
        "Object", json.dumps(value), {"objectTypeName": java, "serializationDataFormat": "application/json"}
    )


def test_without_a_type_a_double_that_is_not_finite_becomes_text() -> None:
    assert stored(None, float("inf")) == "Infinity"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (0.00099999, "9.9999E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (-123456789.125, "-1.23456789125E8"),
        (1e-7, "1.0E-7"),
        (1e21, "1.0E21"),
        (1e23, "1.0E23"),
        (4.9e-324, "4.9E-324"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_a_double_is_written_as_in_java(number: float, text: str) -> None:
    assert java_text(number) == text


@given(st.floats(allow_nan=False))
def test_a_double_means_the_same_in_java(number: float) -> None:
    text = java_text(number)
    assert float(text) == number
    assert stored("Double", text) == (number if abs(number) != float("inf") else text)


@given(st.binary())
def test_bytes_come_back_from_base64(data: bytes) -> None:
    for text in (b64encode(data).decode(), f" {b64encode(data).decode()}\n"):
        assert stored("Bytes", text) == data
        assert stored("File", text, {"filename": "a"}) == data
