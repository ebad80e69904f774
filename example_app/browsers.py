"""What browsers are told, and what is refused to them."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, abort, request

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # data: for the marks in Pico's form fields
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
    """Refuse a change that a page of another site asks for in the user's name (cross-site request forgery).

    The cookie is SameSite=Lax, which browsers don't send there; this also covers other ports of the same host, and
    passwords that a browser remembers. Browsers tell where a request comes from; programs such as curl don't.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is None and "Origin" in request.headers:  # an older browser, or no HTTPS
        site = "same-origin" if urlsplit(request.headers["Origin"]).netloc == request.host else "cross-site"
    if site not in (None, "same-origin"):
        abort(403)
