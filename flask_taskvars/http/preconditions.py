"""Preconditions (RFC 9110 13): choose between 200, 304 and 412. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from werkzeug.datastructures import Headers

_TIME = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_DATES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>\d{{2}}) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d{{2}})-{_MONTH}-(?P<year>\d{{2}}) {_TIME} GMT",
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_TAG = re.compile(r'[ \t,]*(W/)?"([!#-~\x80-\xff]*)"[ \t]*(?=,|$)')


def http_date(text: str | None) -> datetime | None:
    """Read an HTTP-date in any of its three forms; return None for anything else, to be ignored (RFC 9110 13.1.3)."""
    match = text and next((found for form in _DATES if (found := form.fullmatch(text))), None)
    if not match:
        return None
    parts = match.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        # RFC 9110 5.6.7: a two-digit year that seems more than 50 years ahead is in the past.
        now = datetime.now(UTC).year
        year += now - now % 100
        if year > now + 50:
            year -= 100
    second = 59 if parts["second"] == "60" else int(parts["second"])  # datetime knows no leap seconds
    clock = (int(parts["hour"]), int(parts["minute"]), second)
    try:
        return datetime(year, _MONTHS.index(parts["month"]) + 1, int(parts["day"]), *clock, tzinfo=UTC)
    except ValueError:
        return None


def evaluate(method: str, headers: Headers, etags: Collection[str], modified: datetime | None) -> int:
    """Judge the preconditions in the order of RFC 9110 13.2.2.

    :param headers: the headers of the request, case-insensitive.
    :param etags: the opaque tags of the current state; empty if there is no variable.
    :param modified: its Last-Modified in whole seconds; None if it has none: then dates are ignored.
    :return: 304, 412, or 200 to continue.
    """
    read = method in ("GET", "HEAD")
    if (if_match := headers.get("If-Match")) is not None:
        if not _matches(if_match, etags, weak=False):
            return 412
    elif modified and (limit := http_date(headers.get("If-Unmodified-Since"))) and modified > limit:
        return 412
    if (if_none_match := headers.get("If-None-Match")) is not None:
        if _matches(if_none_match, etags, weak=True):
            return 304 if read else 412
    elif read and modified and (since := http_date(headers.get("If-Modified-Since"))) and modified <= since:
        return 304
    return 200


def range_applies(headers: Headers, etag: str, modified: datetime | None) -> bool:
    """Judge If-Range (RFC 9110 13.1.5): it must be exactly the strong tag, or exactly the date."""
    condition = headers.get("If-Range")
    if condition is None:
        return True
    if condition.startswith(('"', "W/")):
        return condition == f'"{etag}"'
    return modified is not None and http_date(condition) == modified


def _matches(condition: str, etags: Collection[str], *, weak: bool) -> bool:
    if condition.strip(" \t") == "*":
        return bool(etags)
    return any(tag in etags and (weak or not is_weak) for is_weak, tag in _tags(condition))


def _tags(condition: str) -> Iterator[tuple[str | None, str]]:
    """Read a list of entity-tags (RFC 9110 8.8.3) up to the first malformed one, in linear time."""
    position = 0
    while found := _TAG.match(condition, position):
        yield found[1], found[2]
        position = found.end()
