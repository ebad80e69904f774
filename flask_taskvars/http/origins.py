"""Refuse changes from other sites, and downloads that a page would run as code (Fetch Metadata)."""

from __future__ import annotations

from collections.abc import Collection

from flask import Request

from ..errors import Embedded, OtherSite
from ..settings import Settings, origin_of

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_EMBEDDED = ("object", "embed")
_PASSIVE = {"document", "iframe", "frame", "fencedframe", "empty", "image", "audio", "video", "track", "font"}
"""Destinations for which a browser never runs a download as part of the page that loads it."""


def check_sender(request: Request, settings: Settings) -> None:
    """Refuse changes from other sites, and downloads that would run. Reads headers only, no body.

    :raises OtherSite: a page of another site sent a change.
    :raises Embedded: a page loads the answer as a script, a style sheet, a worker or the like.
    """
    if is_from_another_site(request, settings.trusted_origins):
        raise OtherSite
    if request.method in _SAFE and not may_load(request.headers.get("Sec-Fetch-Dest"), embed=True):
        raise Embedded


def is_from_another_site(request: Request, trusted: Collection[str] = ()) -> bool:
    """Whether a page of another site sent this change. Hosts may call it in their own routes."""
    if request.method in _SAFE:
        return False
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    return not may_change(site, origin, f"{request.scheme}://{request.host}", trusted)


def check_embedding(request: Request, *, inline: bool) -> None:
    """Refuse a download for `<object>` or `<embed>`, which run plug-ins and pages, unless the host shows its type.

    :raises Embedded: its media type is not inline.
    """
    if not may_load(request.headers.get("Sec-Fetch-Dest"), embed=inline):
        raise Embedded


def may_load(destination: str | None, *, embed: bool) -> bool:
    """Judge Sec-Fetch-Dest. Refuse unknown destinations, because browsers may get new ways to run code.

    :param embed: whether `<object>` and `<embed>` may load the download.
    """
    return destination is None or destination in _PASSIVE or (embed and destination in _EMBEDDED)


def may_change(site: str | None, origin: str | None, own: str, trusted: Collection[str]) -> bool:
    """Judge a change by the headers in which browsers describe its page. Programs send none of them, and may change.

    Sec-Fetch-Site counts first: it is right even if a proxy changes the scheme or the host, and if a page with
    `Referrer-Policy: no-referrer` has the origin `null`. Browsers before 2023, and all browsers without HTTPS, send
    only Origin. We ignore Referer, because a page can leave it out.

    :param own: scheme and host of the request.
    :param trusted: other origins that may change variables, as browsers write them.
    """
    if site in ("same-origin", "none"):
        return True
    if origin is None:
        return site is None
    known = origin_of(origin)
    return known is not None and (known in trusted or (site is None and known == origin_of(own)))
