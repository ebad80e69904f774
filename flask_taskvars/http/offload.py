"""Let a web server or an object store send the bytes; we judge the request and make every header.

:mod:`.responses` judges preconditions, If-Range and range sets first. It answers HEAD, 304, 412, 416 and several ranges
itself; only a 200 or one range comes here. Some servers evaluate the client's Range again: they get only requests that
they understand as we do.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Response
from werkzeug.datastructures import Headers

from .hardened import HARDENING, response_class
from .representations import Representation

WHOLE, FILES, OBJECTS = "/taskvars-whole", "/taskvars-files", "/taskvars-objects"
"""The internal locations of nginx: for a plain request of a file, for any request of a file, and for a signed URL.

docs/offload.md has their configuration. The first is the quickest, but there nginx evaluates the client's Range and
preconditions again.
"""

_FROM = re.compile("bytes=[0-9]{1,18}-[0-9]{0,18}")
"""The only form of Range that all object stores understand as we do: Azure does not support `bytes=-5`."""
_PLAIN = re.compile(f"{_FROM.pattern}|bytes=-[0-9]{{1,18}}")
"""The forms of Range that Apache understands as we do."""


def handed_over(
    representation: Representation, headers: dict[str, str], one: range | None, conditions: Headers
) -> Response | None:
    """Answer without the bytes, which another server adds; None if the app must send them itself.

    :param headers: the headers of the answer.
    :param one: the range to send; None for the whole content.
    :param conditions: the headers of the request.
    """
    match representation.offload:
        case "x-accel":
            return _by_nginx(representation, headers, one, _is_plain(conditions))
        case "x-sendfile" if _is_read_alike(conditions, _PLAIN):
            return _by_apache(representation, headers)
        case "redirect" if _is_read_alike(conditions, _FROM):
            return _by_the_store(representation)
    return None


def _is_plain(conditions: Headers) -> bool:
    """Whether a request has neither preconditions nor a Range."""
    return not any(name.startswith("If-") or name == "Range" for name, _ in conditions)


def _is_read_alike(conditions: Headers, ranges: re.Pattern[str]) -> bool:
    """Whether a server that evaluates the client's headers again comes to the same result as we did."""
    if any(name.startswith("If-") for name, _ in conditions):
        return False
    return "Range" not in conditions or ranges.fullmatch(conditions["Range"]) is not None


def _by_nginx(
    representation: Representation, headers: dict[str, str], one: range | None, plain: bool
) -> Response | None:
    location = _location(representation)
    if location is None:
        return None
    if one:
        headers |= {"X-Taskvars-Range": f"bytes={one.start}-{one.stop - 1}"}
    if location.startswith("/"):
        headers["X-Accel-Redirect"] = (WHOLE if plain else FILES) + quote(location)
    else:
        headers |= {"X-Accel-Redirect": OBJECTS, "X-Taskvars-Url": location}
    return _empty(200, headers)


def _by_apache(representation: Representation, headers: dict[str, str]) -> Response | None:
    location = _location(representation)
    # mod_xsendfile does not unescape the path, so the path must fit into a header unescaped.
    if location is None or not re.fullmatch("/[ -~]*", location):
        return None
    return _empty(200, headers | {"X-Sendfile": location})


def _by_the_store(representation: Representation) -> Response | None:
    location = _location(representation)
    if location is None or location.startswith("/"):
        return None
    return _empty(307, HARDENING | {"Location": location, "Cache-Control": "no-store"})


def _location(representation: Representation) -> str | None:
    return representation.content.location(representation.content_type, representation.disposition)


def _empty(status: int, headers: dict[str, str]) -> Response:
    response = response_class()(status=status)
    response.headers = Headers([*headers.items(), ("Content-Length", "0")])
    return response
