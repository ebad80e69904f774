"""One uploaded form, read as a stream; the bytes of its parts stay what they are (RFC 7578)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Event, Field, File, MultipartDecoder, NeedData, State

from .errors import InvalidRequest, NoBody, TaskVarsError, TooLarge
from .values import BLOCK, Readable

MAX_PARTS = 16
"""Parts in one form; the contract knows three."""
MAX_TEXT = 64 * 1024
"""Bytes in a part that is no file, such as `valueType`, and in the headers of one part."""
_READ = 64 * 1024
_TOO_LONG = f"The headers of a part of the form have more than {MAX_TEXT} bytes."
_EXTENDED = re.compile(r";\s*filename\*", re.IGNORECASE)
_QUOTED = re.compile(r';\s*filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class BrokenForm(InvalidRequest):
    """The form can't be read to its end."""

    type = "RestException"

    def __init__(self, why: object) -> None:
        super().__init__(f"multipart/form-data cannot be processed: {why}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    :param name: its field name; None when it has none.
    :param filename: the file name as the client gave it, of any text; None when it gave none.
    :param content_type: the part's own Content-Type; None when it has none.
    :param body: its bytes, to be read before the next part is asked for.
    """

    name: str | None
    filename: str | None
    content_type: str | None
    body: PartBody


class PartBody:
    """The bytes of a part, as a stream that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = BLOCK, /) -> bytes:
        """Read some bytes, of a length that suits the form; nothing at the end.

        :raises BrokenForm: the form ends in the middle.
        """
        return next((piece for piece in self._pieces if piece), b"")

    def text(self, limit: int = MAX_TEXT) -> str:
        """Read a short part whole, as UTF-8.

        :raises TooLarge: it has more than `limit` bytes.
        :raises InvalidRequest: it is no text.
        """
        held = bytearray()
        while piece := self.read():
            held += piece
            if len(held) > limit:
                raise TooLarge(f"A part of the form that is read as text has more than {limit} bytes.")
        try:
            return held.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("A part of the form that is read as text is not UTF-8.") from error


def parts(stream: Readable, content_type: str) -> Iterator[Part]:
    """Read a form part by part, in constant memory; what is left of a part is skipped when the next is asked for.

    :param stream: the request's body, which ends where the body ends.
    :raises BrokenForm: no boundary is named, or the form is damaged or cut short.
    :raises NoBody: there is no part.
    :raises TooLarge: too many parts, or too long headers.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary or not boundary.isascii():
        raise BrokenForm("the Content-Type names no boundary")
    events = _events(stream, MultipartDecoder(boundary.encode("ascii"), max_parts=MAX_PARTS))
    for event in events:
        if isinstance(event, (Field, File)):
            pieces = _pieces(events)
            yield Part(event.name, _filename(event), _header(event.headers, "Content-Type"), PartBody(pieces))
            for _ in pieces:
                pass


def _events(stream: Readable, decoder: MultipartDecoder) -> Iterator[Event]:
    reads = _reads(stream, b"\r\n--" + decoder.boundary)
    while decoder.state is not State.EPILOGUE:
        event = _next_event(decoder)
        if not isinstance(event, NeedData):
            yield event
            continue
        too_long = len(decoder.buffer) > MAX_TEXT
        read = None if too_long else next(reads, None)
        if read is None:
            raise _stuck(decoder.state, too_long)
        decoder.receive_data(read)
    for _ in reads:
        pass


def _stuck(state: State, too_long: bool) -> TaskVarsError:
    """What is wrong with a form of which there is no more, or already too much."""
    if state is State.PREAMBLE:
        return NoBody("The form has no parts: the boundary that the Content-Type names is not in the body.")
    return TooLarge(_TOO_LONG) if too_long else BrokenForm("it ends before its last boundary")


def _reads(stream: Readable, delimiter: bytes) -> Iterator[bytes]:
    """Read a form so that no read ends inside a delimiter or the head of a part.

    The decoder takes the line break before a delimiter for data when it sees only a part of what follows
    (pallets/werkzeug#3285).
    """
    held = b""
    while piece := stream.read(_READ):
        held += piece
        end = _safe_end(held, delimiter)
        if len(held) - end > MAX_TEXT:
            raise TooLarge(_TOO_LONG)
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def _safe_end(held: bytes, delimiter: bytes) -> int:
    last = held.rfind(delimiter)
    if last >= 0 and _is_open(held[last + len(delimiter) :]):
        return last
    start = held.rfind(b"\r", max(0, len(held) - len(delimiter)))
    return start if start >= 0 and delimiter.startswith(held[start:]) else len(held)


def _is_open(rest: bytes) -> bool:
    """Whether a delimiter, or the head of the part behind it, may still go on after `rest`."""
    line = rest.lstrip(b" \t")[:2]
    return rest == b"-" or line in (b"", b"\r") or (line == b"\r\n" and b"\r\n\r\n" not in rest)


def _next_event(decoder: MultipartDecoder) -> Event:
    try:
        return decoder.next_event()
    except RequestEntityTooLarge as error:
        raise TooLarge(f"The form has more than {MAX_PARTS} parts.") from error
    except ValueError as error:
        raise BrokenForm(error) from error


def _pieces(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        assert isinstance(event, Data), "a part's head is followed by its data"
        yield event.data
        if not event.more_data:
            return


def _filename(event: Field | File) -> str | None:
    """The file name as it was sent: of quoted pairs only `\\"` is one, for Windows sends its paths unescaped."""
    if not isinstance(event, File):
        return None
    disposition = event.headers["Content-Disposition"]
    quoted = None if _EXTENDED.search(disposition) else _QUOTED.search(disposition)
    return quoted[1].replace('\\"', '"') if quoted else event.filename


def _header(headers: Headers, name: str) -> str | None:
    value: str | None = headers.get(name)
    return value
