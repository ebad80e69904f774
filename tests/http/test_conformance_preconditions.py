"""A table of requests for RFC 9110 section 13, sent to every server."""

from __future__ import annotations

import pytest

from tests.http.conformance import Case, run
from tests.support.served_world import MULTI
from tests.support.servers import Served

pytest_plugins = ["tests.support.served_fixtures"]
pytestmark = pytest.mark.tools

END = len(MULTI)
LONG_AGO = "Sun, 06 Nov 1994 08:49:37 GMT"
FIRST = ((0, 0),)

IF_MATCH = [
    Case("if-match", "13.1.1", "If-Match: {etag}", 200),
    Case("if-match-other", "13.1.1", 'If-Match: "other"', 412),
    Case("if-match-weak", "13.1.1 (strong comparison)", "If-Match: W/{etag}", 412),
    Case("if-match-star", "13.1.1", "If-Match: *", 200),
    Case("if-match-quoted-star", "8.8.3 (a tag like any other)", 'If-Match: "*"', 412),
    Case("if-match-list", "13.1.1", 'If-Match: "a", {etag}, "b"', 200),
    Case("if-match-list-of-others", "13.1.1", 'If-Match: "a", W/{etag}, "b"', 412),
    Case("if-match-no-space", "5.6.1", 'If-Match: "a",{etag}', 200),
    Case("if-match-empty-elements", "5.6.1.2", "If-Match: , {etag},,", 200),
    Case("if-match-two-lines", "5.3", 'If-Match: "a"\nIf-Match: {etag}', 200),
    Case("if-match-comma-in-tag", "8.8.3", 'If-Match: "a,b", {etag}', 200),
    Case("if-match-only-within-a-tag", "8.8.3", 'If-Match: "a,{opaque}"', 412),
    Case("if-match-upper-case", "8.8.3.2 (character by character)", 'If-Match: "{opaque}X"', 412),
    Case("if-match-unquoted", "8.8.3", "If-Match: {opaque}", 412),
    Case("if-match-lower-case-weak", "8.8.3", "If-Match: w/{etag}", 412),
    Case("if-match-star-in-a-list", "13.1.1 (no star here)", 'If-Match: "a", *', 412),
    Case("if-match-nothing", "13.1.1", "If-Match: ,", 412),
    Case("if-match-head", "13.1.1", 'If-Match: "other"', 412, method="HEAD"),
    Case("if-match-on-404", "13.2.1", 'If-Match: "other"', 404, variable="absent"),
    Case("if-match-star-on-404", "13.2.1", "If-Match: *", 404, variable="absent"),
    Case("if-match-on-400", "13.2.1", 'If-Match: "other"', 400, variable="string"),
]
IF_UNMODIFIED_SINCE = [
    Case("unmodified-same", "13.1.4", "If-Unmodified-Since: {same}", 200),
    Case("unmodified-later", "13.1.4", "If-Unmodified-Since: {later}", 200),
    Case("unmodified-earlier", "13.1.4", "If-Unmodified-Since: {earlier}", 412),
    Case("unmodified-same-rfc850", "5.6.7", "If-Unmodified-Since: {same_rfc850}", 200),
    Case("unmodified-earlier-rfc850", "5.6.7", "If-Unmodified-Since: {earlier_rfc850}", 412),
    Case("unmodified-same-asctime", "5.6.7", "If-Unmodified-Since: {same_asctime}", 200),
    Case("unmodified-earlier-asctime", "5.6.7", "If-Unmodified-Since: {earlier_asctime}", 412),
    Case("unmodified-example-date", "5.6.7", f"If-Unmodified-Since: {LONG_AGO}", 412),
    Case("unmodified-example-rfc850", "5.6.7", "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT", 412),
    Case("unmodified-example-asctime", "5.6.7", "If-Unmodified-Since: Sun Nov  6 08:49:37 1994", 412),
    Case("unmodified-leap-second", "5.6.7", "If-Unmodified-Since: Sat, 31 Dec 2016 23:59:60 GMT", 412),
    Case("unmodified-no-date", "13.1.4", "If-Unmodified-Since: yesterday", 200),
    Case("unmodified-iso-date", "13.1.4", "If-Unmodified-Since: 1994-11-06T08:49:37Z", 200),
    Case("unmodified-other-zone", "5.6.7", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 +0000", 200),
    Case("unmodified-impossible-day", "13.1.4", "If-Unmodified-Since: Wed, 30 Feb 1994 08:49:37 GMT", 200),
    Case("unmodified-impossible-hour", "13.1.4", "If-Unmodified-Since: Sun, 06 Nov 1994 25:49:37 GMT", 200),
    Case("unmodified-impossible-second", "5.6.7", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:61 GMT", 200),
    Case("unmodified-after-a-true-tag", "13.1.4", "If-Match: {etag}\nIf-Unmodified-Since: {earlier}", 200),
    Case("unmodified-after-a-false-tag", "13.1.4", 'If-Match: "x"\nIf-Unmodified-Since: {later}', 412),
    Case(
        "unmodified-without-a-date",
        "13.1.4",
        f"If-Unmodified-Since: {LONG_AGO}",
        200,
        variable="null",
    ),
]
IF_NONE_MATCH = [
    Case("none-match", "13.1.2", "If-None-Match: {etag}", 304),
    Case("none-match-other", "13.1.2", 'If-None-Match: "other"', 200),
    Case("none-match-weak", "13.1.2 (weak comparison)", "If-None-Match: W/{etag}", 304),
    Case("none-match-star", "13.1.2", "If-None-Match: *", 304),
    Case("none-match-list", "13.1.2", 'If-None-Match: "a", W/"b", {etag}', 304),
    Case("none-match-list-of-others", "13.1.2", 'If-None-Match: "a", W/"b"', 200),
    Case("none-match-comma-in-tag", "8.8.3", 'If-None-Match: "a,b", W/{etag}', 304),
    Case("none-match-only-within-a-tag", "8.8.3", 'If-None-Match: "a,{opaque}"', 200),
    Case("none-match-two-lines", "5.3", 'If-None-Match: "a"\nIf-None-Match: {etag}', 304),
    Case("none-match-unquoted", "8.8.3", "If-None-Match: {opaque}", 200),
    Case("none-match-lower-case-weak", "8.8.3", "If-None-Match: w/{etag}", 200),
    Case("none-match-star-in-a-list", "13.1.2 (no star here)", 'If-None-Match: "a", *', 200),
    Case("none-match-many-commas", "5.6.1.2", f"If-None-Match: {',' * 4000}{{etag}}", 304),
    Case("none-match-head", "13.1.2", "If-None-Match: {etag}", 304, method="HEAD"),
    Case("none-match-star-head", "13.1.2", "If-None-Match: *", 304, method="HEAD"),
    Case("none-match-other-head", "13.1.2", 'If-None-Match: "other"', 200, method="HEAD"),
    Case("none-match-empty-content", "13.1.2", "If-None-Match: {etag}", 304, variable="empty"),
    Case("none-match-null-content", "13.1.2", "If-None-Match: {etag}", 304, variable="null"),
    Case("none-match-on-404", "13.2.1", "If-None-Match: *", 404, variable="absent"),
]
IF_MODIFIED_SINCE = [
    Case("modified-same", "13.1.3", "If-Modified-Since: {same}", 304),
    Case("modified-later", "13.1.3", "If-Modified-Since: {later}", 304),
    Case("modified-earlier", "13.1.3", "If-Modified-Since: {earlier}", 200),
    Case("modified-same-rfc850", "5.6.7", "If-Modified-Since: {same_rfc850}", 304),
    Case("modified-earlier-rfc850", "5.6.7", "If-Modified-Since: {earlier_rfc850}", 200),
    Case("modified-same-asctime", "5.6.7", "If-Modified-Since: {same_asctime}", 304),
    Case("modified-earlier-asctime", "5.6.7", "If-Modified-Since: {earlier_asctime}", 200),
    Case("modified-head", "13.1.3", "If-Modified-Since: {same}", 304, method="HEAD"),
    Case("modified-no-date", "13.1.3", "If-Modified-Since: tomorrow", 200),
    Case("modified-two-dates", "13.1.3 (more than one member)", "If-Modified-Since: {same}, {later}", 200),
    Case("modified-seconds", "13.1.3", "If-Modified-Since: 4102444800", 200),
    Case("modified-impossible-month", "13.1.3", "If-Modified-Since: Sun, 06 Nob 2094 08:49:37 GMT", 200),
    Case("modified-beside-another-tag", "13.1.3", 'If-None-Match: "x"\nIf-Modified-Since: {same}', 200),
    Case("modified-beside-the-tag", "13.1.3", "If-None-Match: {etag}\nIf-Modified-Since: {earlier}", 304),
]
ORDER = [
    Case("order-match-then-none-match", "13.2.2", "If-Match: {etag}\nIf-None-Match: {etag}", 304),
    Case("order-false-match-first", "13.2.2", 'If-None-Match: {etag}\nIf-Match: "x"', 412),
    Case("order-unmodified-first", "13.2.2", "If-None-Match: {etag}\nIf-Unmodified-Since: {earlier}", 412),
    Case("order-both-dates", "13.2.2", "If-Unmodified-Since: {same}\nIf-Modified-Since: {same}", 304),
    Case("order-match-then-modified", "13.2.2", "If-Match: {etag}\nIf-Modified-Since: {same}", 304),
    Case("order-match-before-range", "13.2.2", 'If-Match: "x"\nRange: bytes=0-0', 412),
    Case("order-none-match-before-range", "13.2.2", "If-None-Match: {etag}\nRange: bytes=0-0", 304),
    Case("order-modified-before-range", "13.2.2", "If-Modified-Since: {same}\nRange: bytes=0-0", 304),
    Case("order-none-match-before-416", "14.2", f"If-None-Match: {{etag}}\nRange: bytes={END}-", 304),
    Case("order-match-before-416", "14.2", f'If-Match: "x"\nRange: bytes={END}-', 412),
    Case("order-match-then-range", "13.2.2", "If-Match: {etag}\nRange: bytes=0-0", 206, FIRST),
    Case("order-none-match-then-range", "13.2.2", 'If-None-Match: "x"\nRange: bytes=0-0', 206, FIRST),
    Case("order-modified-then-range", "13.2.2", "If-Modified-Since: {earlier}\nRange: bytes=0-0", 206, FIRST),
    Case("order-match-if-range", "13.2.2", 'If-Match: "x"\nIf-Range: {etag}\nRange: bytes=0-0', 412),
    Case("order-none-match-if-range", "13.2.2", "If-None-Match: {etag}\nIf-Range: {etag}\nRange: bytes=0-0", 304),
]
IF_RANGE = [
    Case("if-range", "13.1.5", "If-Range: {etag}\nRange: bytes=0-0", 206, FIRST),
    Case("if-range-weak", "13.1.5 (strong comparison)", "If-Range: W/{etag}\nRange: bytes=0-0", 200),
    Case("if-range-other", "13.1.5", 'If-Range: "other"\nRange: bytes=0-0', 200),
    Case("if-range-date", "13.1.5", "If-Range: {same}\nRange: bytes=0-0", 206, FIRST),
    Case("if-range-later", "13.1.5 (the exact date)", "If-Range: {later}\nRange: bytes=0-0", 200),
    Case("if-range-earlier", "13.1.5 (the exact date)", "If-Range: {earlier}\nRange: bytes=0-0", 200),
    Case("if-range-no-date", "13.1.5", "If-Range: tomorrow\nRange: bytes=0-0", 200),
    Case("if-range-unquoted", "13.1.5", "If-Range: {opaque}\nRange: bytes=0-0", 200),
    Case("if-range-star", "13.1.5 (no star here)", "If-Range: *\nRange: bytes=0-0", 200),
    Case("if-range-list", "13.1.5 (no list here)", "If-Range: {etag}, {etag}\nRange: bytes=0-0", 200),
    Case("if-range-without-range", "13.1.5", 'If-Range: "other"', 200),
    Case("if-range-416", "15.5.17", f"If-Range: {{etag}}\nRange: bytes={END}-", 416),
    Case("if-range-other-416", "14.2", f'If-Range: "other"\nRange: bytes={END}-', 200),
    Case("if-range-parts", "15.3.7", "If-Range: {etag}\nRange: bytes=0-0,5-9", 206, ((0, 0), (5, 9))),
    Case("if-range-date-parts", "15.3.7", "If-Range: {same}\nRange: bytes=0-0,5-9", 206, ((0, 0), (5, 9))),
    Case("if-range-head", "14.2", "If-Range: {etag}\nRange: bytes=0-0", 200, method="HEAD"),
    Case("if-range-null-content", "13.1.5", "If-Range: {etag}\nRange: bytes=0-0", 416, variable="null"),
]


@pytest.mark.parametrize(
    "case", [*IF_MATCH, *IF_UNMODIFIED_SINCE, *IF_NONE_MATCH, *IF_MODIFIED_SINCE, *ORDER, *IF_RANGE], ids=str
)
def test_precondition(case: Case, server: Served) -> None:
    run(case, server)
