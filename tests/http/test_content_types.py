"""The Content-Type for stored media types and charsets, normal and hostile ones."""

from __future__ import annotations

import encodings
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.http.headers import (
    MAX_TYPE,
    OCTET_STREAM,
    content_disposition,
    content_type,
)
from tests.http.test_headers import HOSTILE, ids

TYPES = [
    (None, None, OCTET_STREAM),
    ("", "", OCTET_STREAM),
    ("text/plain", None, "text/plain"),
    ("text/plain", "UTF-8", "text/plain; charset=UTF-8"),
    ("text/plain", "utf8", "text/plain; charset=utf8"),
    (None, "UTF-8", "application/octet-stream; charset=UTF-8"),
    ("TEXT/PLAIN", None, "TEXT/PLAIN"),
    (" text/plain ", None, "text/plain"),
    ("text/plain;", None, "text/plain"),
    ("text/plain; ; a=b", None, "text/plain; a=b"),
    ("image/svg+xml", None, "image/svg+xml"),
    ("application/vnd.ms-excel.sheet.macroEnabled.12", None, "application/vnd.ms-excel.sheet.macroEnabled.12"),
    # one charset, the saved one
    ("text/plain; charset=ISO-8859-1", None, "text/plain; charset=ISO-8859-1"),
    ("text/plain; charset=ISO-8859-1", "UTF-8", "text/plain; charset=UTF-8"),
    ("text/plain; a=b; CharSet=latin1", "UTF-8", "text/plain; a=b; charset=UTF-8"),
    ("text/plain;charset=utf-8;charset=latin1", None, "text/plain; charset=latin1"),
    ('text/plain;charset="utf-8"', None, 'text/plain; charset="utf-8"'),
    ("text/plain", "UTF-8; x=1", "text/plain; charset=UTF-8; x=1"),
    # no charset
    ("text/plain", "nope", "text/plain"),
    ("text/plain", "a b", "text/plain"),
    ("text/plain", 'a"b', "text/plain"),
    ("text/plain", "ä", "text/plain"),
    ("text/plain", "\0", "text/plain"),
    ("text/plain", "\ud800", "text/plain"),
    ("text/plain", "UTF-8\r\nX-Evil: 1", "text/plain"),
    ("text/plain", "hex", "text/plain"),
    ("text/plain", "undefined", "text/plain"),
    ("text/plain", "x" * 5000, "text/plain"),
    ("text/plain; a=b; charset=nope", None, "text/plain; a=b"),
    # quoted parameters
    ('a/b; c="d;e=f"', None, 'a/b; c="d;e=f"'),
    (r'a/b; c="d\"e; charset=nope"', None, r'a/b; c="d\"e; charset=nope"'),
    ('a/b; c="d', None, OCTET_STREAM),
    ('a/b; c="\t"', None, OCTET_STREAM),
    # no media type
    ("nonsense", None, OCTET_STREAM),
    ("nonsense", "UTF-8", OCTET_STREAM),
    ("a/b/c", None, OCTET_STREAM),
    ("/", None, OCTET_STREAM),
    ("text/", None, OCTET_STREAM),
    ("text /plain", None, OCTET_STREAM),
    ("a/b, c/d", None, OCTET_STREAM),
    ("a/b c", None, OCTET_STREAM),
    ("a/b; c", None, OCTET_STREAM),
    ("a/b; c=", None, OCTET_STREAM),
    ("日本/語", None, OCTET_STREAM),
    ("text/pläin", None, OCTET_STREAM),
    ("text/plain\n", None, OCTET_STREAM),
    ("text/plain\r\nX-Evil: 1", None, OCTET_STREAM),
    ("text/plain\0", None, OCTET_STREAM),
    ("text/pl\ud800ain", None, OCTET_STREAM),
    ("a/" + "b" * MAX_TYPE, None, OCTET_STREAM),
    ("a/" + "b" * (MAX_TYPE - 2), None, "a/" + "b" * (MAX_TYPE - 2)),
    ("a/" + "b" * (MAX_TYPE - 2), "UTF-8", "a/" + "b" * (MAX_TYPE - 2)),
]


@pytest.mark.parametrize(("mimetype", "encoding", "expected"), TYPES, ids=ids)
def test_content_types(mimetype: str | None, encoding: str | None, expected: str) -> None:
    assert content_type(mimetype, encoding) == expected


@given(HOSTILE, HOSTILE | st.none())
def test_every_content_type_is_valid(mimetype: str, encoding: str | None) -> None:
    assert re.fullmatch(
        r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(; [ -~]+)*", content_type(mimetype, encoding)
    )


def test_caches_do_not_grow_with_hostile_values() -> None:
    """A cache keeps an entry of bounded size for each value."""
    tracemalloc.start()
    try:
        for number in range(50):
            content_disposition(f"{number}" * 500_000)
            content_type(f"{number}" * 500_000, f"{number}" * 500_000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000_000


@pytest.mark.parametrize(
    "piece", [";", " ", "\t", "; ", " ;", "a", "a/", "/", '"', "\\", '\\"', "a=", ";a=b", ';a="', ';a="b" ']
)
def test_long_types_take_linear_time(piece: str) -> None:
    """A pattern that backtracks would not end on these texts."""
    for text in (piece * 100_000, "a/b" + piece * 100_000, "a/b" + piece * 100_000 + "\0"):
        assert content_type(text, None) == OCTET_STREAM
        assert content_type("text/plain", text) == "text/plain"


def test_unknown_charsets_leave_nothing_in_a_cache() -> None:
    """`codecs.lookup` caches every name that it was asked for, and imports modules for some."""
    kept: dict[str, object] = encodings._cache
    before = len(kept)
    for number in range(100):
        assert content_type("text/plain", f"nope-{number}") == "text/plain"
        assert content_type("text/plain", f"utf{'-' * number}8") in (
            "text/plain",
            f"text/plain; charset=utf{'-' * number}8",
        )
    assert len(kept) == before


@pytest.mark.parametrize(
    "name", ["UTF-8", "utf8", "ISO-8859-1", "koi8-u", "windows-1252", "Shift_JIS", "big5-hkscs", "646"]
)
def test_a_charset_that_python_knows_is_kept(name: str) -> None:
    assert content_type("text/plain", name) == f"text/plain; charset={name}"


@pytest.mark.parametrize(
    "name", ["nope", "base64", "hex", "rot13", "undefined", "aliases", "__init__", "mbcs", "", "."]
)
def test_any_other_charset_is_left_out(name: str) -> None:
    assert content_type("text/plain", name) == "text/plain"
