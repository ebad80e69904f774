"""tus 1.0.0, the protocol of resumable uploads: its headers, and the bytes of a request."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from ..errors import ChecksumMismatch, InvalidRequest, TooLarge, UnreadableBody, UnsupportedVersion
from ..values import BLOCK, Readable

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
ALGORITHMS = ("sha1", "sha256", "sha512")
"""tus requires SHA-1. It detects transmission errors; it does not protect against attackers."""
BODY_TYPE = "application/offset+octet-stream"
MAX_METADATA = 8192
"""The most bytes in Upload-Metadata. Servers and proxies accept about 8 KiB of headers."""

_PAIR = re.compile(r"([!-+\--~]+)(?: +([A-Za-z0-9+/]*={0,2}))?")
_DIGITS = 18
"""Every database can store a number of so many digits."""


def check_version(headers: Headers) -> None:
    """Refuse a request of another version.

    :raises UnsupportedVersion: Tus-Resumable is missing, or names another version.
    """
    if headers.get("Tus-Resumable") != VERSION:
        raise UnsupportedVersion(VERSION)


def read_length(headers: Headers, limit: int) -> int:
    """Read Upload-Length.

    :param limit: the most bytes of an upload.
    :raises InvalidRequest: the header is missing, or not a number.
    :raises TooLarge: the number is larger than the limit.
    """
    if "Upload-Length" not in headers:
        raise InvalidRequest("Send Upload-Length with the number of bytes of the whole upload. It can't be sent later.")
    length = _number(headers, "Upload-Length")
    if length > limit:
        raise TooLarge(f"An upload may have at most {limit} bytes.")
    return length


def read_offset(headers: Headers) -> int:
    """Read Upload-Offset.

    :raises InvalidRequest: the header is missing, or not a number.
    """
    return _number(headers, "Upload-Offset")


def _number(headers: Headers, name: str) -> int:
    text = headers.get(name, "")
    if not re.fullmatch(r"[0-9]+", text):
        raise InvalidRequest(f"{name} must be a number of bytes, in digits.")
    digits = text.lstrip("0")
    return int(digits or 0) if len(digits) <= _DIGITS else 10**_DIGITS


def read_metadata(text: str) -> dict[str, str]:
    """Read Upload-Metadata: pairs of a key and a text in Base64.

    :raises TooLarge: the header has more than :data:`MAX_METADATA` bytes.
    :raises InvalidRequest: the header can't be read, or has a key twice.
    """
    if len(text) > MAX_METADATA:
        raise TooLarge(f"Upload-Metadata may have at most {MAX_METADATA} bytes.")
    pairs: dict[str, str] = {}
    for part in text.split(",") if text.strip(" ") else ():
        found = _PAIR.fullmatch(part.strip(" "))
        if found is None or found[1] in pairs:
            raise InvalidRequest("Upload-Metadata must be a list of keys in ASCII, each once, with a value in Base64.")
        pairs[found[1]] = _text(found[2] or "")
    return pairs


def _text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError as error:  # the errors of Base64 and of UTF-8 are subclasses
        raise InvalidRequest("Each value in Upload-Metadata must be UTF-8 text in Base64.") from error


class Checksum:
    """The checksum of one request's body, from the header Upload-Checksum."""

    def __init__(self, header: str) -> None:
        algorithm, _, value = header.partition(" ")
        if algorithm not in ALGORITHMS:
            raise InvalidRequest(f"Upload-Checksum must begin with one of {', '.join(ALGORITHMS)}.")
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        try:
            self._wanted = base64.b64decode(value, validate=True)
        except ValueError as error:
            raise InvalidRequest("Upload-Checksum must end with the checksum in Base64.") from error

    def update(self, block: bytes) -> None:
        """Take one more block of the body."""
        self._digest.update(block)

    def check(self) -> None:
        """Compare the checksums when the whole body was read.

        :raises ChecksumMismatch: the body has another checksum.
        """
        if self._digest.digest() != self._wanted:
            raise ChecksumMismatch


def read_checksum(headers: Headers) -> Checksum | None:
    """Read Upload-Checksum; return None if the header is missing.

    :raises InvalidRequest: the algorithm is unknown, or the value is not Base64.
    """
    header = headers.get("Upload-Checksum")
    return None if header is None else Checksum(header)


def body(stream: Readable, limit: int, checksum: Checksum | None) -> Iterator[bytes]:
    """Read a request's body. If the connection breaks, end as if the body were complete, so that its bytes count.

    With a checksum, raise instead: a part of the body can't be compared with it.

    :param limit: the most bytes that the body may have.
    :raises TooLarge: the body has more bytes.
    :raises ChecksumMismatch: the body does not match the checksum.
    :raises UnreadableBody: there is a checksum, and the connection broke.
    """
    left = limit
    while block := _read(stream, min(BLOCK, left + 1), checksum):
        left -= len(block)
        if left < 0:
            raise TooLarge(f"The upload has only {limit} bytes left.")
        if checksum:
            checksum.update(block)
        yield block
    if checksum:
        checksum.check()


def _read(stream: Readable, size: int, checksum: Checksum | None) -> bytes:
    try:
        return stream.read(size)
    except UnreadableBody:
        if checksum:
            raise
        return b""


def expiry(created: int, seconds: int) -> str:
    """Write the header Upload-Expires.

    :param created: when the upload began: seconds since 1970.
    :param seconds: how long it may take.
    """
    return http_date(datetime.fromtimestamp(created + seconds, UTC))
