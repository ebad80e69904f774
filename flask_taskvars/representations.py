"""What a Bytes or File looks like on the wire: a content and the headers that describe it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from werkzeug.http import http_date

from .disposition import OCTET_STREAM, content_disposition, content_type
from .settings import Settings
from .values import Bytes, Content, File

HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""User content never runs in the host's origin, whatever it is."""


class NoContent(Content):
    """What a null Bytes or File downloads as."""

    size = 0
    sha256 = hashlib.sha256(b"").digest()
    etag = sha256.hex()
    modified = None

    def open_at(self, offset: int) -> Iterator[bytes]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Representation:
    """A content with the headers that describe it.

    :param disposition: the Content-Disposition; None for none.
    """

    content: Content
    content_type: str
    disposition: str | None
    cache_control: str

    @property
    def etag(self) -> str:
        """The strong validator: of the bytes, and of the headers that a 304 leaves as the client has them."""
        return _etag(self.content.etag, self.content_type, self.disposition)

    @property
    def modified(self) -> datetime | None:
        """The Last-Modified, once it lies in the past: it must not be after the Date (RFC 9110 8.8.2.1)."""
        modified = self.content.modified
        return modified if modified and modified <= datetime.now(UTC) else None

    def headers(self) -> dict[str, str]:
        """The headers of a 200, in a dict of its own."""
        content = self.content
        return _headers(self.content_type, self.disposition, content.sha256, self.modified) | self.validating()

    def validating(self) -> dict[str, str]:
        """The headers that a 304 must have too (RFC 9110 15.4.5)."""
        return {"ETag": f'"{self.etag}"', "Cache-Control": self.cache_control}


@lru_cache(1024)
def _etag(content: str, content_type: str, disposition: str | None) -> str:
    if disposition is None:
        return content
    described = hashlib.sha256(f"{content_type}\n{disposition}".encode("ascii"))
    return f"{content}-{described.hexdigest()[:16]}"


@lru_cache(1024)
def _headers(
    content_type: str, disposition: str | None, sha256: bytes | None, modified: datetime | None
) -> dict[str, str]:
    headers = {"Content-Type": content_type}
    if disposition:
        headers["Content-Disposition"] = disposition
    if modified:
        headers["Last-Modified"] = http_date(modified)
    if sha256:
        headers["Repr-Digest"] = f"sha-256=:{b64encode(sha256).decode()}:"  # RFC 9530 3
    return headers | HARDENING | {"Accept-Ranges": "bytes"}


def represent(value: Bytes | File, settings: Settings) -> Representation:
    """Describe a binary value as a storage found it."""
    content = NoContent() if value.content is None else value.content
    assert isinstance(content, Content), "what a storage finds has a Content"
    if isinstance(value, Bytes):
        return Representation(content, OCTET_STREAM, None, settings.cache_control)
    media_type = content_type(value.mimetype, value.encoding)
    inline = media_type.partition(";")[0].lower() in settings.inline_types
    return Representation(
        content, media_type, content_disposition(value.filename, inline=inline), settings.cache_control
    )
