"""Answers that always have the hardening headers, so that no upload can run code in the host's origin."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Response, current_app
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CSP = "Content-Security-Policy"
HARDENING = {
    "X-Content-Type-Options": "nosniff",
    _CSP: "sandbox; default-src 'none'; frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""A 304 has them too: a cache replaces its stored headers with those of a 304 (RFC 9111 3.2)."""
VARY = "Sec-Fetch-Dest"
"""Keeps a cache from answering a script with the bytes that it got for an image; we refuse the script's request."""
_UNTOUCHED = {*HARDENING.items(), ("Vary", VARY)}


class Hardened(Response):
    """A response that gets :data:`HARDENING` and :data:`VARY` last, right before the server sends it.

    The host's `after_request` functions may change headers, and Flask-Talisman sets its own policy on all responses. We
    keep the host's policy beside ours, because browsers enforce all policies of a response (CSP 8.1).
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        if {*headers} >= _UNTOUCHED:
            return headers
        for name, value in HARDENING.items():
            if value in headers.getlist(name):
                continue
            if name == _CSP:
                headers.add(name, value)
            else:
                headers.set(name, value)
        if VARY not in ", ".join(headers.getlist("Vary")):
            headers.add("Vary", VARY)
        return headers


def response_class() -> type[Response]:
    """Return a :class:`Hardened` subclass of the app's response class."""
    return _hardened(current_app.response_class)  # type: ignore[arg-type]  # a class has a hash


@lru_cache(64)
def _hardened(host: type[Response]) -> type[Response]:
    return type(f"Hardened{host.__name__}", (Hardened, host), {})
