"""The preconditions of a request, one decision at a time. The conformance tests check whole answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.http import http_date as write_date

from flask_taskvars.http.preconditions import evaluate, http_date, range_applies

MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
BEFORE, SAME, AFTER = (write_date(MOMENT + timedelta(seconds=step)) for step in (-1, 0, 1))

DATES = [
    ("Sun, 06 Nov 1994 08:49:37 GMT", MOMENT),
    ("Sunday, 06-Nov-94 08:49:37 GMT", MOMENT),
    ("Sun Nov  6 08:49:37 1994", MOMENT),
    ("Sun Nov 06 08:49:37 1994", MOMENT),
    ("Tue, 29 Feb 2000 00:00:00 GMT", datetime(2000, 2, 29, tzinfo=UTC)),
    ("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),  # a leap second
    (None, None),
    ("", None),
    ("0", None),
    ("yesterday", None),
    ("784111777", None),
    ("1994-11-06T08:49:37Z", None),
    ("Sun, 06 Nov 1994 08:49:37 GMT ", None),
    ("Sun, 06 Nov 1994 08:49:37 gmt", None),
    ("sun, 06 nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 08:49:37 UTC", None),
    ("Sun, 06 Nov 1994 08:49:37 +0000", None),
    ("Sun, 06 Nov 1994 08:49:37", None),
    ("Sun, 6 Nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 94 08:49:37 GMT", None),
    ("Sunday, 06-Nov-1994 08:49:37 GMT", None),
    ("Sun, 06 Now 1994 08:49:37 GMT", None),
    ("Sun, 00 Nov 1994 08:49:37 GMT", None),
    ("Sun, 31 Nov 1994 08:49:37 GMT", None),
    ("Mon, 29 Feb 1900 00:00:00 GMT", None),
    ("Sun, 06 Nov 0000 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 24:49:37 GMT", None),
    ("Sun, 06 Nov 1994 08:60:37 GMT", None),
    ("Sun, 06 Nov 1994 08:49:61 GMT", None),
    ("Sun, 06 Nov 1994 08:49:99 GMT", None),
    ("Sun, ٠٦ Nov 1994 08:49:37 GMT", None),
]


@pytest.mark.parametrize(("text", "moment"), DATES)
def test_dates(text: str | None, moment: datetime | None) -> None:
    assert http_date(text) == moment


@pytest.mark.parametrize(("ahead", "read_as"), [(-49, -49), (-1, -1), (0, 0), (1, 1), (50, 50), (51, -49), (99, -1)])
def test_a_year_of_two_digits_is_at_most_fifty_years_ahead(ahead: int, read_as: int) -> None:
    now = datetime.now(UTC).year
    read = http_date(f"Monday, 01-Jan-{(now + ahead) % 100:02} 00:00:00 GMT")
    assert read == datetime(now + read_as, 1, 1, tzinfo=UTC)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))
def test_dates_survive_writing_and_reading(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert http_date(write_date(moment)) == moment
    assert http_date(f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}") == moment


@given(st.text() | st.text("SunNov, -:0123456789GMT", max_size=40))
def test_no_text_raises(text: str) -> None:
    http_date(text)


READS, ALL = ("GET", "HEAD"), ("GET", "HEAD", "PUT", "POST", "DELETE")
# methods, condition, and the status for a content with the tag "a", modified at MOMENT
CONDITIONS: list[tuple[tuple[str, ...], dict[str, str], int]] = [
    (ALL, {}, 200),
    # 13.1.1: strong comparison
    (ALL, {"If-Match": '"a"'}, 200),
    (ALL, {"If-Match": '"x", "a"'}, 200),
    (ALL, {"If-Match": "*"}, 200),
    (ALL, {"If-Match": '"x"'}, 412),
    (ALL, {"If-Match": 'W/"a"'}, 412),
    (ALL, {"If-Match": '"A"'}, 412),
    (ALL, {"If-Match": '"*"'}, 412),
    (ALL, {"If-Match": ""}, 412),
    # 13.1.2: weak comparison
    (READS, {"If-None-Match": '"a"'}, 304),
    (READS, {"If-None-Match": 'W/"a"'}, 304),
    (READS, {"If-None-Match": '"x" , W/"a"'}, 304),
    (READS, {"If-None-Match": "*"}, 304),
    (("PUT", "POST", "DELETE"), {"If-None-Match": '"a"'}, 412),
    (("PUT", "POST", "DELETE"), {"If-None-Match": "*"}, 412),
    (ALL, {"If-None-Match": '"x"'}, 200),
    (ALL, {"If-None-Match": ""}, 200),
    # 13.1.3: only for reading, and only with a valid date
    (READS, {"If-Modified-Since": BEFORE}, 200),
    (READS, {"If-Modified-Since": SAME}, 304),
    (READS, {"If-Modified-Since": AFTER}, 304),
    (READS, {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 304),
    (READS, {"If-Modified-Since": "later"}, 200),
    (("PUT", "POST", "DELETE"), {"If-Modified-Since": AFTER}, 200),
    # 13.1.4
    (ALL, {"If-Unmodified-Since": BEFORE}, 412),
    (ALL, {"If-Unmodified-Since": SAME}, 200),
    (ALL, {"If-Unmodified-Since": AFTER}, 200),
    (ALL, {"If-Unmodified-Since": "never"}, 200),
    # 13.2.2: the order of evaluation, and conditions that make others void
    (ALL, {"If-Match": '"x"', "If-None-Match": '"a"'}, 412),
    (READS, {"If-Match": '"a"', "If-None-Match": '"a"'}, 304),
    (ALL, {"If-Match": '"a"', "If-Unmodified-Since": BEFORE}, 200),
    (ALL, {"If-Match": '"x"', "If-Unmodified-Since": AFTER}, 412),
    (READS, {"If-None-Match": '"x"', "If-Modified-Since": AFTER}, 200),
    (READS, {"If-None-Match": '"a"', "If-Modified-Since": BEFORE}, 304),
    (READS, {"If-Unmodified-Since": BEFORE, "If-None-Match": '"a"'}, 412),
    (READS, {"If-Unmodified-Since": AFTER, "If-Modified-Since": AFTER}, 304),
]
CASES = [(method, headers, status) for methods, headers, status in CONDITIONS for method in methods]


@pytest.mark.parametrize(("method", "headers", "status"), CASES)
def test_conditions(method: str, headers: dict[str, str], status: int) -> None:
    assert evaluate(method, Headers(headers), ["a"], MOMENT) == status


# A value without a date ignores conditions on dates. An absent value matches no tag, not even `*`.
MISSING: list[tuple[list[str], dict[str, str], int]] = [
    (["a"], {"If-Modified-Since": AFTER}, 200),
    (["a"], {"If-Unmodified-Since": BEFORE}, 200),
    (["a"], {"If-None-Match": '"a"'}, 304),
    (["a", "b"], {"If-None-Match": 'W/"b"'}, 304),
    (["a", "b"], {"If-Match": '"b"'}, 200),
    ([], {"If-Match": "*"}, 412),
    ([], {"If-Match": '"a"'}, 412),
    ([], {"If-None-Match": "*"}, 200),
    ([], {"If-None-Match": '"a"'}, 200),
]


@pytest.mark.parametrize(("etags", "headers", "status"), MISSING)
def test_conditions_without_a_date(etags: list[str], headers: dict[str, str], status: int) -> None:
    assert evaluate("GET", Headers(headers), etags, None) == status


IF_RANGE = [
    (None, MOMENT, True),
    ('"a"', MOMENT, True),
    ('"a"', None, True),
    ('"b"', MOMENT, False),
    ('W/"a"', MOMENT, False),
    ('"a", "b"', MOMENT, False),
    ("a", MOMENT, False),
    ("*", MOMENT, False),
    ("", MOMENT, False),
    (BEFORE, MOMENT, False),
    (SAME, MOMENT, True),
    ("Sun Nov  6 08:49:37 1994", MOMENT, True),
    (AFTER, MOMENT, False),
    (SAME, None, False),
    ("never", None, False),
]


@pytest.mark.parametrize(("condition", "modified", "applies"), IF_RANGE)
def test_if_range(condition: str | None, modified: datetime | None, applies: bool) -> None:
    headers = Headers() if condition is None else Headers({"If-Range": condition})
    assert range_applies(headers, "a", modified) is applies
