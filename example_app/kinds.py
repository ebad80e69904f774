"""Kinds of files: which icon each has, and how the desk shows it."""

from __future__ import annotations

from dataclasses import dataclass
from mimetypes import guess_type

UNKNOWN = ("", "application/octet-stream")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    :param icon: the name of its icon in static/lucide.
    :param preview: how the desk shows it: as `image`, `pdf`, `text`, `csv`, `json`, `audio` or `video`; None if there
        is no preview.
    """

    icon: str
    preview: str | None = None


TEXT, IMAGE, CODE = Kind("file-text", "text"), Kind("file-image"), Kind("file-code", "text")
SHEET, DOCUMENT, SLIDES = Kind("file-spreadsheet"), Kind("file-text"), Kind("presentation")
ARCHIVE, OTHER = Kind("file-archive"), Kind("file")

KINDS = {
    "application/gzip": ARCHIVE,
    "application/javascript": CODE,
    "application/json": Kind("file-braces", "json"),
    "application/msword": DOCUMENT,
    "application/pdf": Kind("file-text", "pdf"),
    "application/rtf": DOCUMENT,
    "application/vnd.ms-excel": SHEET,
    "application/vnd.ms-outlook": Kind("mail"),
    "application/vnd.ms-powerpoint": SLIDES,
    "application/vnd.oasis.opendocument.presentation": SLIDES,
    "application/vnd.oasis.opendocument.spreadsheet": SHEET,
    "application/vnd.oasis.opendocument.text": DOCUMENT,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": SLIDES,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": SHEET,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": DOCUMENT,
    "application/x-7z-compressed": ARCHIVE,
    "application/x-tar": ARCHIVE,
    "application/xhtml+xml": Kind("file-code"),
    "application/xml": CODE,
    "application/zip": ARCHIVE,
    "image/gif": Kind("file-image", "image"),
    "image/jpeg": Kind("file-image", "image"),
    "image/png": Kind("file-image", "image"),
    "image/webp": Kind("file-image", "image"),
    "message/rfc822": Kind("mail"),
    "text/csv": Kind("file-spreadsheet", "csv"),
    "text/html": Kind("file-code"),
    "text/javascript": CODE,
    "text/plain": TEXT,
    "text/xml": CODE,
}
"""The kinds by media type. HTML and SVG have no preview, because they could run scripts."""

FAMILIES = {
    "audio": Kind("file-music", "audio"),
    "image": IMAGE,
    "text": CODE,
    "video": Kind("file-video-camera", "video"),
}
"""The kinds of all other media types, by the part before the slash."""


def kind_of(mimetype: str | None, filename: str) -> Kind:
    """Choose the kind by media type. If the media type is missing or unknown, choose only the icon, by file name."""
    declared = (mimetype or "").partition(";")[0].strip().lower()
    if declared not in UNKNOWN:
        return _kind(declared)
    return Kind(_kind(guess_type(filename)[0] or "").icon)


def _kind(mimetype: str) -> Kind:
    return KINDS.get(mimetype) or FAMILIES.get(mimetype.partition("/")[0]) or OTHER
