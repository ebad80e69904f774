"""Python values become typed values, and sources of bytes become blocks."""

from __future__ import annotations

import io
import math
import uuid
from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.http.representations import NoContent
from flask_taskvars.values import BLOCK, Bytes, Content, File, Source, Value, Variable, blocks, date_text, typed_value


class Priority(IntEnum):
    HIGH = 3


class Color(StrEnum):
    RED = "red"


PRAGUE = timezone(timedelta(hours=1))

TYPED = [
    (None, "Null", None),
    (True, "Boolean", True),
    (False, "Boolean", False),
    (0, "Integer", 0),
    (2**31 - 1, "Integer", 2**31 - 1),
    (-(2**31), "Integer", -(2**31)),
    (2**31, "Long", 2**31),
    (-(2**31) - 1, "Long", -(2**31) - 1),
    (2**63 - 1, "Long", 2**63 - 1),
    (-(2**63), "Long", -(2**63)),
    (Priority.HIGH, "Integer", 3),
    (1.5, "Double", 1.5),
    (math.inf, "Double", "Infinity"),
    (-math.inf, "Double", "-Infinity"),
    (math.nan, "Double", "NaN"),
    ("", "String", ""),
    ("ü\ud800", "String", "ü\ud800"),
    (Color.RED, "String", "red"),
    (datetime(2026, 11, 23, 10, 11, 12, 345678), "Date", "2026-11-23T10:11:12.345+0000"),
    (datetime(2026, 11, 23, 10, 11, 12, tzinfo=UTC), "Date", "2026-11-23T10:11:12.000+0000"),
    (datetime(2026, 11, 23, 10, 11, 12, 999999, tzinfo=PRAGUE), "Date", "2026-11-23T10:11:12.999+0100"),
    (datetime(800, 12, 25, tzinfo=UTC), "Date", "0800-12-25T00:00:00.000+0000"),
]


@pytest.mark.parametrize(("value", "kind", "stored"), TYPED)
def test_typed_values(value: object, kind: str, stored: object) -> None:
    typed = typed_value(value)
    assert typed == Value(kind, stored)
    assert isinstance(typed, Value)
    assert isinstance(typed.value, bool) == (kind == "Boolean")


@pytest.mark.parametrize("value", [Value("Json", "[]"), Bytes(b""), File(b"", filename="a")])
def test_typed_values_stay_unchanged(value: object) -> None:
    assert typed_value(value) is value


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x")])
def test_bytes_are_binary(value: bytes) -> None:
    assert typed_value(value) == Bytes(value)


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, date(2026, 1, 1), Decimal(1), uuid.UUID(int=0), [1], {"a": 1}, (), object(), Path("x")],
)
def test_a_value_without_a_type_is_refused(value: object) -> None:
    with pytest.raises(
        TypeError, match=rf"can't hold an? {type(value).__name__}: give a str, int \(64 bits\), .*Value\("
    ):
        typed_value(value)


@pytest.mark.parametrize(
    ("kind", "proper"), [("Bytes", "Bytes"), ("File", "File"), ("bytes", "Bytes"), ("file", "File")]
)
def test_a_value_may_not_have_a_binary_type(kind: str, proper: str) -> None:
    with pytest.raises(ValueError, match=rf"give {proper}\(…\) in place of Value\('{kind}', …\)"):
        Value(kind, "eA==")


@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_are_written_to_the_millisecond(moment: datetime) -> None:
    assert datetime.fromisoformat(date_text(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "value",
    [
        Value("String", "s3cret", {"password": "s3cret"}),
        Bytes(b"s3cret"),
        File(b"s3cret", filename="a.txt"),
        Variable("name", "scope", Bytes(b"s3cret")),
    ],
)
def test_a_repr_shows_no_data(value: object) -> None:
    assert "s3cret" not in repr(value)


class Pieces(Content):
    """A content in pieces of any size."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def open_at(self, offset: int) -> Iterator[bytes]:
        return iter(self._pieces)


class Dribble(io.RawIOBase):
    """A stream that returns fewer bytes than were asked for, as sockets do."""

    def __init__(self, data: bytes, at_once: int) -> None:
        self._data, self._at_once = io.BytesIO(data), at_once

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._at_once))


DATA = bytes(range(251)) * (2 * BLOCK // 251) + b"the end"
THIRDS = [DATA[: BLOCK // 3], b"", DATA[BLOCK // 3 : BLOCK + 1], DATA[BLOCK + 1 :]]


@pytest.mark.parametrize(
    "source",
    [
        DATA,
        bytearray(DATA),
        memoryview(DATA),
        memoryview(array("B", DATA)),
        io.BytesIO(DATA),
        Dribble(DATA, 100_000),
        Dribble(DATA, BLOCK - 1),
        Pieces([DATA]),
        Pieces(THIRDS),
        Pieces([DATA[:BLOCK], DATA[BLOCK:]]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_source_is_cut_into_blocks(source: Source) -> None:
    cut = list(blocks(source))
    assert b"".join(cut) == DATA
    assert [len(block) for block in cut] == [BLOCK] * (len(DATA) // BLOCK) + [len(DATA) % BLOCK]
    assert all(type(block) is bytes for block in cut)


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert b"".join(blocks(tmp_path / "file")) == DATA


def test_a_wide_memoryview_is_its_bytes() -> None:
    assert list(blocks(memoryview(array("I", [1, 2])))) == [array("I", [1, 2]).tobytes()]


@pytest.mark.parametrize("source", [None, b"", bytearray(), memoryview(b""), io.BytesIO(), NoContent(), Pieces([b""])])
def test_an_empty_source_has_no_blocks(source: Source) -> None:
    assert list(blocks(source)) == []


@given(st.lists(st.integers(0, 3 * BLOCK), max_size=5))
def test_pieces_of_any_size_become_blocks(sizes: list[int]) -> None:
    cut = [len(block) for block in blocks(Pieces([b"x" * size for size in sizes]))]
    whole, rest = divmod(sum(sizes), BLOCK)
    assert cut == [BLOCK] * whole + [rest] * bool(rest)


class NotReady(io.RawIOBase):
    """A non-blocking stream that has no data yet. This must not be taken for the end of the file."""

    def read(self, size: int = -1) -> None:
        return None


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("text", "can't be read from a str: give bytes, a Path or a stream"),
        (5, "can't be read from an int: give bytes"),
        ([b"x"], "can't be read from a list"),
        (io.StringIO("text"), "gives str, not bytes: open it in binary"),
        (io.StringIO(""), "gives str, not bytes"),
        (NotReady(), "gives NoneType, not bytes: open it in binary, blocking mode"),
    ],
)
def test_a_source_without_bytes_is_refused(source: Source, complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        list(blocks(source))
