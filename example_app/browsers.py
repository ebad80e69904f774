"""What browsers are told, and what is refused to them."""

from __future__ import annotations

from flask import Response, abort, request

from flask_taskvars.http.origins import is_from_another_site

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # data: for the marks in Pico's form fields
    "media-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "blob:",  # the preview of a PDF
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def add_headers(response: Response) -> Response:
    """Let the desk's pages load from the desk only; the mounts have a stricter policy of their own."""
    response.headers.setdefault("Content-Security-Policy", "; ".join(f"{key} {value}" for key, value in POLICY.items()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def refuse_other_sites() -> None:
    """Refuse a form that a page of another site sends in the user's name; the mounts do that by themselves.

    The cookie is SameSite=Lax, which browsers don't send from there; this also covers other ports of the same host,
    and keeps others from logging somebody in.
    """
    if is_from_another_site(request):
        abort(403)
