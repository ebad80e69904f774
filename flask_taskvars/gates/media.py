"""A gate that accepts only some media types."""

from __future__ import annotations

import re

from ..errors import ConfigError, Refused
from ..given import kind_of
from ..values import Content, File, TypedValue, Value

try:
    import magic
except ImportError as error:
    raise ImportError(
        "MediaTypes needs python-magic and libmagic: pip install 'flask-taskvars[gates]', and on Debian or Ubuntu "
        "apt install libmagic1"
    ) from error

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)")  # RFC 6838 4.2
_HEAD = 4 * 1024
"""Bytes to hand to libmagic; it recommends 2 KiB. For 64 KiB of line breaks it would need a second."""


class MediaTypes:
    """Refuse Files and Bytes of other media types, with 415.

    Two types must be among the allowed ones: the type that the caller declares, if any, and the type that libmagic
    recognises from the first 4 KiB, if the value is not empty. The two need not be the same: a short CSV table is
    declared as `text/csv`, and libmagic calls it `text/plain`. All other values are accepted.

    :param allowed: the allowed media types, such as `application/pdf` or `image/*`.
    :raises TypeError: something is not a str.
    :raises ConfigError: no type is given, or one of them is not a media type.
    """

    def __init__(self, *allowed: str) -> None:
        if not allowed:
            raise ConfigError("MediaTypes() without a media type would accept nothing: give at least one.")
        for given in allowed:
            if not isinstance(given, str):
                raise TypeError(f"{given!r} is {kind_of(given)}: give each type by itself, MediaTypes('image/*', …).")
        self._allowed = [one.lower() for one in allowed]
        for one in self._allowed:
            if not _TYPE.fullmatch(one):
                raise ConfigError(f"{one!r} is not a media type: give one such as 'application/pdf' or 'image/*'.")

    def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
        """Judge one value.

        :raises Refused: the declared or the recognised type is not allowed.
        """
        if isinstance(value, Value):
            return
        if isinstance(value, File) and value.mimetype is not None:
            self._check(value.mimetype.partition(";")[0].strip().lower(), "declared")
        if isinstance(value.content, Content) and (head := next(value.content.open_at(0), b"")):
            self._check(magic.from_buffer(head[:_HEAD], mime=True), "found to be")

    def _check(self, media_type: str, how: str) -> None:
        general = f"{media_type.partition('/')[0]}/*"
        if media_type.endswith("*") or not {media_type, general} & {*self._allowed}:
            raise Refused(415, f"This value is {how} {media_type}; accepted are {', '.join(self._allowed)}.")
