"""Representations (RFC 9110 3.2): a content with the headers that describe it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

from werkzeug.http import http_date

from ..settings import Offload, Settings
from ..values import Bytes, Content, File
from .hardened import HARDENING, VARY
from .headers import OCTET_STREAM, content_disposition, content_type


class NoContent(Content):
    """The content of a null Bytes or File: no bytes."""

    size = 0
    sha256 = hashlib.sha256(b"").digest()
    etag = sha256.hex()
    modified = None

    def open_at(self, offset: int) -> Iterator[bytes]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Representation:
    """A content with the headers that describe it.

    :param disposition: the Content-Disposition, if any.
    :param inline: whether a browser may show it.
    """

    content: Content
    content_type: str
    disposition: str | None
    cache_control: str
    inline: bool = False
    offload: Offload = ""
    takes_ranges: ClassVar[bool] = True

    @property
    def etag(self) -> str:
        """The strong validator. It covers the bytes, and the headers that a client keeps after a 304."""
        return _etag(self.content.etag, self.content_type, self.disposition)

    @property
    def modified(self) -> datetime | None:
        """The Last-Modified; None while it lies in the future: it must not be after the Date (RFC 9110 8.8.2.1)."""
        modified = self.content.modified
        return modified if modified and modified <= datetime.now(UTC) else None

    def headers(self) -> dict[str, str]:
        """Return the headers of a 200, as a new dict."""
        content = self.content
        return _headers(self.content_type, self.disposition, content.sha256, self.modified) | self.validating()

    def validating(self) -> dict[str, str]:
        """Return the headers that a 304 must have, too (RFC 9110 15.4.5)."""
        return {"ETag": f'"{self.etag}"', "Cache-Control": self.cache_control, "Vary": VARY}


class DocumentRepresentation(Representation):
    """A JSON document: it has no Content-Disposition, and is always sent whole."""

    __slots__ = ()
    takes_ranges: ClassVar[bool] = False

    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type} | HARDENING | self.validating()


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
    """Describe a binary value from a storage."""
    content = NoContent() if value.content is None else value.content
    assert isinstance(content, Content), "a value from a storage has a Content"
    if isinstance(value, Bytes):
        return Representation(content, OCTET_STREAM, None, settings.cache_control, offload=settings.offload)
    media_type = content_type(value.mimetype, value.encoding)
    inline = media_type.partition(";")[0].lower() in settings.inline_types
    return Representation(
        content,
        media_type,
        content_disposition(value.filename, inline=inline),
        settings.cache_control,
        inline,
        settings.offload,
    )


def represent_document(document: Content, settings: Settings) -> DocumentRepresentation:
    """Describe a JSON document. Its Content-Type is exactly `application/json`: clients compare the whole header."""
    return DocumentRepresentation(document, "application/json", None, settings.cache_control)
