"""Range headers: a table of cases, and a comparison with a simple model, a set of byte positions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_taskvars.http.ranges import MAX_RANGES, select_ranges

HUGE = "9" * 5000  # Python refuses to read a number this long

TABLE = [
    # header, size, and the bytes that are sent. "" means 416; None means that the header is ignored.
    ("bytes=0-0", 10, "0-0"),
    ("bytes=0-9", 10, "0-9"),
    ("bytes=0-", 10, "0-9"),
    ("bytes=9-", 10, "9-9"),
    ("bytes=3-100", 10, "3-9"),
    ("bytes=-3", 10, "7-9"),
    ("bytes=-100", 10, "0-9"),
    ("bytes=00-007", 10, "0-7"),
    (f"bytes=0-{HUGE}", 10, "0-9"),
    (f"bytes=-{HUGE}", 10, "0-9"),
    (f"bytes=0-{'0' * 5000}1", 10, "0-1"),
    ("BYTES=0-0", 10, "0-0"),
    # sets: in the requested order; overlapping and adjacent ranges are joined at the place of the first
    ("bytes=0-0,5-6", 10, "0-0 5-6"),
    ("bytes=5-6,0-0", 10, "5-6 0-0"),
    ("bytes=0-4,3-6", 10, "0-6"),
    ("bytes=0-4,5-6", 10, "0-6"),
    ("bytes=8-9,0-1,2-3", 10, "8-9 0-3"),
    ("bytes=4-5,0-1,2-3", 10, "0-5"),
    ("bytes=0-0,9-9,0-9", 10, "0-9"),
    ("bytes=-1,0-0", 10, "9-9 0-0"),
    ("bytes= 0-0 ,\t, 5-5 ,", 10, "0-0 5-5"),
    # one satisfiable member makes the set satisfiable
    ("bytes=50-60,0-0", 10, "0-0"),
    ("bytes=-0,0-0", 10, "0-0"),
    ("bytes=10-", 10, ""),
    (f"bytes={HUGE}-", 10, ""),
    ("bytes=10-20,30-", 10, ""),
    ("bytes=-0", 10, ""),
    ("bytes=0-", 0, ""),
    ("bytes=0-0", 0, ""),
    # a Content-Range can't describe a range of an empty content
    ("bytes=-5", 0, None),
    ("bytes=0-0,-5", 0, None),
    # ignored: another unit, bad syntax, too many ranges
    ("", 10, None),
    ("bytes", 10, None),
    ("bytes=", 10, None),
    ("bytes=,", 10, None),
    ("0-0", 10, None),
    ("items=0-0", 10, None),
    ("bytes =0-0", 10, None),
    ("bytes:0-0", 10, None),
    ("bytes=-", 10, None),
    ("bytes=--1", 10, None),
    ("bytes=5-2", 10, None),
    ("bytes=0-0,5-2", 10, None),
    ("bytes=99-98", 10, None),
    ("bytes=0-0,x", 10, None),
    ("bytes=0 - 5", 10, None),
    ("bytes=+0-5", 10, None),
    ("bytes=0x0-5", 10, None),
    ("bytes=1_0-", 20, None),
    ("bytes=\u0660-\u0669", 10, None),
    ("bytes=0-0\n", 10, None),
    ("bytes=0-0;5-5", 10, None),
    ("bytes=" + ",".join(["0-0"] * MAX_RANGES), 10, "0-0"),
    ("bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1)), 10, None),
]


@pytest.mark.parametrize(("header", "size", "expected"), TABLE, ids=lambda value: ascii(value)[:40])
def test_range_headers(header: str, size: int, expected: str | None) -> None:
    selected = select_ranges(header, size)
    sent = None if selected is None else " ".join(f"{one.start}-{one.stop - 1}" for one in selected)
    assert sent == expected


SPECS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40) | st.none()) | st.tuples(st.none(), st.integers(0, 40)),
    min_size=1,
    max_size=8,
)
BLANKS = st.text(" \t", max_size=2)


def positions(first: int | None, last: int | None, size: int) -> set[int]:
    """Return the positions of the bytes that one range-spec names, by the words of RFC 9110 14.1.2."""
    if first is None:
        return {byte for byte in range(size) if byte >= size - (last or 0)}
    return {byte for byte in range(size) if first <= byte and (last is None or byte <= last)}


@given(SPECS, st.integers(0, 40), BLANKS)
def test_sets_of_ranges_match_the_model(specs: list[tuple[int | None, int | None]], size: int, blanks: str) -> None:
    written = [f"{'' if first is None else first}-{'' if last is None else last}" for first, last in specs]
    selected = select_ranges(f"bytes={blanks}" + f"{blanks},".join(written), size)
    backwards = any(first is not None and last is not None and last < first for first, last in specs)
    if backwards or (size == 0 and any(first is None for first, _ in specs)):
        assert selected is None
        return
    assert selected is not None
    named = [positions(first, last, size) for first, last in specs]
    listed = [byte for one in selected for byte in one]
    assert len(listed) == len(set(listed)), "a byte would be sent twice"
    assert set(listed) == set().union(*named)
    assert all(one and {one.start - 1, one.stop}.isdisjoint(listed) for one in selected), "adjacent ranges not joined"
    first_named = [next(place for place, bytes_ in enumerate(named) if bytes_ & set(one)) for one in selected]
    assert first_named == sorted(first_named), "not in the requested order"


@given(st.text() | st.text("bytes=-,0123456789 \t").map("bytes={}".format), st.integers(0, 100))
def test_no_header_raises(header: str, size: int) -> None:
    for one in select_ranges(header, size) or ():
        assert 0 <= one.start < one.stop <= size
