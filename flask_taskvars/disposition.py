"""Header values out of stored text: Content-Disposition and Content-Type. Whatever is stored, the result is safe."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

OCTET_STREAM = "application/octet-stream"
MAX_NAME = 236
"""Bytes of a file name in UTF-8. File systems take 255, but wget keeps the extension up to 236 only, and Chromium,
which adds `.crdownload` while it saves, gives up beyond 244."""

MAX_TYPE = 1024
"""Characters of a media type with its parameters; servers and proxies take 4 or 8 KiB of headers in all."""

_NAMELESS = "download"
_KEPT_EXTENSION = 32
_END = 2048
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187 3.2.1, beside letters and digits
_UNSAFE_ASCII = re.compile(r"[^ !#$&'()+,.0-9;=@A-Z\[\]^_`a-z{}~-]")
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")  # bidi controls and the like
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_OWS = r"[ \t]*"
_MEDIA_TYPE = re.compile(
    rf"{_OWS}({_TOKEN}/{_TOKEN}){_OWS}((?:;{_OWS}(?:{_TOKEN}=(?:{_TOKEN}|{_QUOTED}){_OWS})?)*)", re.ASCII
)
_PARAMETER = re.compile(rf"({_TOKEN})=({_TOKEN}|{_QUOTED})")


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """Build a Content-Disposition (RFC 6266): `filename` in safe ASCII, `filename*` when that is not the name."""
    return _content_disposition(_bounded(filename), inline)


@lru_cache(1024)
def _content_disposition(filename: str, inline: bool) -> str:
    name = safe_filename(filename)
    plain = _ascii(name)
    value = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def safe_filename(name: str) -> str:
    """Take from a stored file name all that could harm who saves it, and nothing else.

    The last part of a path (RFC 6266 4.3), without control and bidi characters and surrogates, never a device name
    of Windows, never empty, at most :data:`MAX_NAME` bytes with the extension kept.
    """
    name = _INVISIBLE.sub("", _bounded(name))
    name = "".join("_" if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in name)
    return _saveable(re.split(r"[/\\]", name.rstrip("/\\"))[-1])


def _bounded(name: str) -> str:
    """The two ends of a name that has many times what is kept of it, so that neither time nor the cache runs out."""
    return name if len(name) <= 2 * _END else name[:_END] + name[-_END:]


def _saveable(name: str) -> str:
    """Make a name one that file systems take as it is: cut first, because that can leave dots or a device's name."""
    name = _shorten(name.strip())
    if not name.strip(". "):
        return _NAMELESS
    return _shorten(f"_{name}") if _DEVICE.match(name) else name


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = f"{dot}{extension}" if stem and len(extension.encode()) <= _KEPT_EXTENSION else ""
    return name.encode()[: MAX_NAME - len(tail.encode())].decode(errors="ignore").rstrip() + tail


def _ascii(name: str) -> str:
    """A name that every client reads alike: no escapes, no quotes, nothing that is decoded further (`%41`, `=?`)."""
    letters = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = _UNSAFE_ASCII.sub("_", letters).strip()
    return _saveable(re.sub(r"^\.", "_", plain))


def content_type(mimetype: str | None, encoding: str | None) -> str:
    """Build a Content-Type out of what is stored.

    The encoding is sent as the charset, in place of one in the media type; the engines do the same. What is no media
    type is `application/octet-stream`; what is no charset is left out.
    """
    mimetype = mimetype or OCTET_STREAM
    return (encoding and _media_type(f"{mimetype}; charset={encoding}")) or _media_type(mimetype) or OCTET_STREAM


def is_media_type(text: str) -> bool:
    """Whether a text is one that :func:`content_type` sends as it is."""
    return _media_type(text) is not None


def _media_type(text: str) -> str | None:
    return _read_media_type(text) if len(text) <= MAX_TYPE else None


@lru_cache(1024)
def _read_media_type(text: str) -> str | None:
    match = _MEDIA_TYPE.fullmatch(text)
    if match is None:
        return None
    parameters = {name.lower(): value for name, value in _PARAMETER.findall(match[2])}
    if "charset" in parameters and not _is_charset(parameters["charset"].strip('"')):
        del parameters["charset"]
    return "; ".join([match[1], *(f"{name}={value}" for name, value in parameters.items())])


def _is_charset(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return re.fullmatch(_TOKEN, name) is not None
