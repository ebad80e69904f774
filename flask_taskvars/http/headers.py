"""Make Content-Disposition and Content-Type from stored text, which may be hostile: the result is always safe."""

from __future__ import annotations

import encodings
import re
import unicodedata
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache
from pkgutil import iter_modules
from urllib.parse import quote

OCTET_STREAM = "application/octet-stream"
MAX_NAME = 236
"""The longest file name, in bytes of UTF-8. File systems allow 255, but wget cuts the extension beyond 236, and
Chromium, which adds `.crdownload` while it saves, fails beyond 244."""

MAX_TYPE = 1024
"""The longest media type with its parameters, in characters. Servers and proxies allow 4 or 8 KiB for all headers."""

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
_NO_CHARSETS = {
    "aliases",
    "undefined",
    "mbcs",
    "oem",
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "quopri_codec",
    "rot_13",
}
_NO_CHARSETS |= {"uu_codec", "zlib_codec"}
_CHARSETS = {module.name for module in iter_modules(encodings.__path__)} - _NO_CHARSETS
_CHARSETS |= {alias for alias, name in aliases.items() if name in _CHARSETS}
"""The charsets that Python knows. We don't call `codecs.lookup`, because it would cache every name for ever."""
_PARAMETER = re.compile(rf"({_TOKEN})=({_TOKEN}|{_QUOTED})")


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """Build a Content-Disposition (RFC 6266): `filename` in safe ASCII, `filename*` if that differs from the name."""
    return _content_disposition(_bounded(filename), inline)


@lru_cache(1024)
def _content_disposition(filename: str, inline: bool) -> str:
    name = safe_filename(filename)
    plain = _ascii(name)
    value = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def safe_filename(name: str) -> str:
    """Make a stored file name safe to save under, and change nothing else.

    The result is the last part of a path (RFC 6266 4.3), without control characters, bidi characters and surrogates. It
    is never a Windows device name and never empty, and has at most :data:`MAX_NAME` bytes, with its extension.
    """
    name = _INVISIBLE.sub("", _bounded(name))
    name = "".join("_" if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in name)
    return _saveable(re.split(r"[/\\]", name.rstrip("/\\"))[-1])


def _bounded(name: str) -> str:
    """Drop the middle of an overlong name, to bound time and cache size."""
    return name if len(name) <= 2 * _END else name[:_END] + name[-_END:]


def _saveable(name: str) -> str:
    """Make a name that every file system accepts. Cut it first: a cut can leave only dots, or a device's name."""
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
    """Make a name that all clients read alike: without escapes, quotes, or text that some decode (`%41`, `=?`)."""
    letters = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = _UNSAFE_ASCII.sub("_", letters).strip()
    return _saveable(re.sub(r"^\.", "_", plain))


def content_type(mimetype: str | None, encoding: str | None) -> str:
    """Build a Content-Type from a stored media type and encoding.

    The encoding becomes the charset and replaces a charset in the media type, as on the engines. An invalid media type
    becomes `application/octet-stream`; an unknown charset is left out.
    """
    mimetype = mimetype or OCTET_STREAM
    return (encoding and _media_type(f"{mimetype}; charset={encoding}")) or _media_type(mimetype) or OCTET_STREAM


def is_media_type(text: str) -> bool:
    """Whether :func:`content_type` sends this text unchanged."""
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
    return re.fullmatch(_TOKEN, name) is not None and normalize_encoding(name).lower() in _CHARSETS
