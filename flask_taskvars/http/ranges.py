"""Range sets (RFC 9110 14.1): parse, select, coalesce. Pure functions."""

from __future__ import annotations

import re

MAX_RANGES = 64
"""A longer set is ignored, as RFC 9110 14.2 advises for egregious requests."""

_SPEC = re.compile(r"([0-9]+)-([0-9]*)|-([0-9]+)")
_HUGE = 19  # digits; a longer number is beyond the end of any content, and int() refuses very long texts


def select_ranges(header: str, size: int) -> list[range] | None:
    """Select the bytes that a Range header asks for, in a content of `size` bytes.

    :return: the satisfiable ranges, coalesced, in the order of the request; an empty list means 416. None if the header
        is to be ignored: another unit, bad syntax, too many ranges.
    """
    unit, equals, listed = header.partition("=")
    if unit.lower() != "bytes" or not equals:
        return None
    specs = [spec for raw in listed.split(",") if (spec := raw.strip(" \t"))]
    if not specs or len(specs) > MAX_RANGES:
        return None
    selected: list[range] = []
    for spec in specs:
        one = _select(spec, size)
        if one is None:
            return None
        if one:
            selected.append(one)
    return _coalesce(selected)


def _select(spec: str, size: int) -> range | None:
    """Return the bytes of one range-spec, empty if unsatisfiable; None if the whole header is to be ignored."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        # An empty content satisfies any suffix (RFC 9110 14.1.2), but Content-Range can't express an empty range.
        return range(max(0, size - _number(suffix)), size) if size else None
    if last and _number(last) < _number(first):
        return None
    return range(_number(first), min(_number(last) + 1, size) if last else size)


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= _HUGE else 10**_HUGE


def _coalesce(ranges: list[range]) -> list[range]:
    """Join ranges that overlap or touch. A joined range takes the place of its first part."""
    joined: list[tuple[int, range]] = []
    for place, one in sorted(enumerate(ranges), key=lambda item: item[1].start):
        if joined and one.start <= joined[-1][1].stop:
            first, last = joined[-1]
            joined[-1] = (min(first, place), range(last.start, max(last.stop, one.stop)))
        else:
            joined.append((place, one))
    return [one for _, one in sorted(joined, key=lambda item: item[0])]
