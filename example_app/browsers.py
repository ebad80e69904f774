"""Protect the desk's pages: headers for browsers, and no forms from other sites."""

from __future__ import annotations

from flask import Response, abort, request

from flask_taskvars.http.origins import is_from_another_site

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # Pico draws the marks in form fields with data: URLs
    "media-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "blob:",  # the preview of a PDF
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def add_headers(response: Response) -> Response:
    """Let the desk's pages load only from the desk. The mounts set a stricter policy themselves."""
    response.headers.setdefault("Content-Security-Policy", "; ".join(f"{key} {value}" for key, value in POLICY.items()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def refuse_other_sites() -> None:
    """Refuse a form that a page of another site sends in the user's name. The mounts check this themselves.

    The cookie is SameSite=Lax, so browsers don't send it with such a form. This check also covers pages on other ports
    of the same host, and a form that would log the user in as somebody else.
    """
    if is_from_another_site(request):
        abort(403)
