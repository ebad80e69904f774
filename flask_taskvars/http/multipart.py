"""Read an uploaded form as a stream, without changing the bytes of its parts (RFC 7578)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

from ..errors import BrokenForm, InvalidRequest, NoBody, TooLarge
from ..values import BLOCK, Readable

MAX_PARTS = 16
"""The most parts in a form; the contract knows three."""
MAX_TEXT = 64 * 1024
"""The most bytes in a text part, such as `valueType`, and in the headers of a part."""
_MAX_BOUNDARY = 128
"""RFC 2046 5.1.1 says 70. One in five hundred of Werkzeug's test client has 71 or 72."""
_READ = 128 * 1024
_TOO_LONG = f"The headers of a part of the form have more than {MAX_TEXT} bytes."
_HEAD_END = b"\r\n\r\n"
_FOLD = re.compile(r"\r\n[ \t]+")
_DELIMITER_END = re.compile(rb"--|[ \t]*(?=\r\n)")
"""What follows the boundary in a delimiter: two hyphens in the last one, else perhaps padding, and the line's end."""
_CUT_DELIMITER_END = re.compile(rb"-|[ \t]*\r?")
"""The first bytes of such an end, if a read stops within it."""
_EXTENDED = re.compile(r";\s*filename\*", re.IGNORECASE)
_QUOTED = re.compile(r';\s*filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    :param name: its field name, if any.
    :param filename: the file name as the client sent it, if any; it may be any text.
    :param content_type: the part's own Content-Type, if any.
    :param body: its bytes. Read them before you ask for the next part.
    """

    name: str | None
    filename: str | None
    content_type: str | None
    body: PartBody


class PartBody:
    """The bytes of a part, as a stream that can be read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = BLOCK, /) -> bytes:
        """Read some bytes: the next piece, however long it is; nothing at the end.

        :raises BrokenForm: the form ends in the middle.
        """
        return next((piece for piece in self._pieces if piece), b"")

    def text(self, limit: int) -> str:
        """Read a short part as text.

        :raises TooLarge: it has more than `limit` bytes, or more than :data:`MAX_TEXT`.
        :raises InvalidRequest: it is not UTF-8.
        """
        return held_text(self._pieces, min(limit, MAX_TEXT), "A part of the form that is read as text")


def held_text(pieces: Iterable[bytes], limit: int, what: str) -> str:
    """Read bytes into memory, and decode them as UTF-8.

    :param what: how error messages name the bytes.
    :raises TooLarge: there are more than `limit` bytes.
    :raises InvalidRequest: the bytes are not UTF-8.
    """
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) > limit:
            raise TooLarge(f"{what} may have at most {limit} bytes.")
    try:
        return held.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{what} must be UTF-8.") from error


def parts(stream: Readable, content_type: str) -> Iterator[Part]:
    """Read a form part by part, in constant memory. Asking for the next part skips the rest of the last one.

    :param stream: the request's body; the stream ends with it.
    :raises BrokenForm: the Content-Type names no boundary, or the form is damaged or cut short.
    :raises NoBody: the form has no parts.
    :raises TooLarge: the form has too many parts, or too long headers.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary or not boundary.isascii() or len(boundary) > _MAX_BOUNDARY:
        raise BrokenForm(f"the Content-Type names no boundary of 1 to {_MAX_BOUNDARY} ASCII characters")
    form = _Form(stream, boundary.encode("ascii"))
    form.skip_preamble()
    for number in count(1):
        if form.has_ended:
            break
        if number > MAX_PARTS:
            raise TooLarge(f"The form has more than {MAX_PARTS} parts.")
        headers, data = form.head(), form.data()
        yield _part(headers, data)
        deque(data, 0)
    while stream.read(_READ):
        pass  # the epilogue


class _Form:
    """Splits a stream at the delimiters of a form (RFC 2046 5.1.1). Holds one read, or the headers of one part."""

    def __init__(self, stream: Readable, boundary: bytes) -> None:
        self._stream, self._delimiter = stream, b"\r\n--" + boundary
        self._held = b"\r\n"  # the first delimiter may be the first line
        self.has_ended = False

    def skip_preamble(self) -> None:
        """Skip everything before the first delimiter.

        :raises NoBody: the body has no delimiter.
        """
        try:
            deque(self.data(), 0)
        except BrokenForm as error:
            raise NoBody(
                "The form has no parts: the boundary that the Content-Type names is not in the body."
            ) from error

    def head(self) -> Headers:
        """Read the headers of a part."""
        while (end := self._held.find(_HEAD_END)) < 0 and len(self._held) <= MAX_TEXT:
            self._read_on()
        if not 0 <= end <= MAX_TEXT:
            raise TooLarge(_TOO_LONG)
        head, self._held = self._held[:end], self._held[end + len(_HEAD_END) :]
        try:
            pairs = [line.partition(":") for line in _FOLD.sub(" ", head.decode()).split("\r\n") if line]
            return Headers([(name.strip(), value.strip()) for name, _, value in pairs])
        except ValueError as error:
            raise BrokenForm("the headers of a part must be UTF-8, and end with CRLF.") from error

    def data(self) -> Iterator[bytes]:
        """Yield the bytes before the next delimiter, then skip the delimiter."""
        start = 0
        while True:
            end = self._held.find(self._delimiter, start)
            behind = end + len(self._delimiter)
            if end < 0:
                end = self._possible_end()
            elif found := _DELIMITER_END.match(self._held, behind):
                last, self._held = self._held[:end], self._held[found.end() :]
                self.has_ended = found[0] == b"--"
                yield last
                return
            elif not _CUT_DELIMITER_END.fullmatch(self._held, behind):
                start = end + 1  # bytes that only look like a delimiter
                continue
            elif len(self._held) - behind > MAX_TEXT:
                raise TooLarge(_TOO_LONG)
            whole, self._held, start = self._held[:end], self._held[end:], 0
            yield whole
            self._read_on()

    def _possible_end(self) -> int:
        """Return where a delimiter may begin that the last read cut off; otherwise the length of the held bytes."""
        held = self._held
        last = held.rfind(b"\r", max(0, len(held) - len(self._delimiter)))
        return last if last >= 0 and self._delimiter.startswith(held[last:]) else len(held)

    def _read_on(self) -> None:
        """Read at least as much as is held already.

        The caller searches all held bytes again. If a body came byte by byte, a search for each byte would take
        quadratic time.
        """
        pieces, size = [], 0
        while size <= len(self._held) and (piece := self._stream.read(_READ)):
            pieces.append(piece)
            size += len(piece)
        if not pieces:
            raise BrokenForm("it ends before its last boundary")
        self._held = b"".join([self._held, *pieces] if self._held else pieces)


def _part(headers: Headers, data: Iterator[bytes]) -> Part:
    disposition = headers.get("Content-Disposition")
    if disposition is None:
        raise BrokenForm("a part has no Content-Disposition")
    options = parse_options_header(disposition)[1]
    filename = options.get("filename")
    quoted = None if _EXTENDED.search(disposition) else _QUOTED.search(disposition)
    if filename is not None and quoted:  # unescape only `\"`: old browsers on Windows send paths with plain backslashes
        filename = quoted[1].replace('\\"', '"')
    return Part(options.get("name"), filename, headers.get("Content-Type"), PartBody(data))
