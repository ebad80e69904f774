"""Typed values: what a variable holds, with the bytes of Files and Bytes as contents."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps, loads
from typing import Protocol, TypeAlias

from .given import kind_of

BLOCK = 256 * 1024
"""Bytes in one block. Contents are read, stored and sent block by block."""

INTEGER = range(-(2**31), 2**31)
LONG = range(-(2**63), 2**63)
_NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


class Content(ABC):
    """The stored, immutable bytes of one binary variable.

    It may be read after the request that found it, and holds no database connection between two blocks.
    """

    size: int
    """Length in bytes."""
    etag: str
    """Opaque tag of a strong validator (RFC 9110 8.8.3): printable ASCII, without quotes."""
    sha256: bytes | None
    """SHA-256 of the bytes, computed when they were written; None if the storage does not know it."""
    modified: datetime | None
    """When the bytes were written: UTC, whole seconds."""

    @abstractmethod
    def open_at(self, offset: int) -> Iterator[bytes]:
        """Read from `offset` (in bytes) to the end, block by block; blocks are at most a few hundred KiB.

        :raises ContentVanished: the bytes were replaced or deleted since they were looked up.
        :raises StorageUnavailable: the storage can't be reached.
        """

    @contextmanager
    def prepared(self, start: int, stop: int) -> Iterator[Content]:
        """Prepare to read several pieces between two offsets (in bytes), one after the other.

        Override it for a content that can only be read as a whole: then read it here once, not again for each piece.

        :return: the content to open instead, at `start` or later. Its bytes after `stop` may be wrong or missing.
        """
        yield self

    def location(self, content_type: str, disposition: str | None) -> str | None:
        """Say where a web server can fetch the bytes itself; None if it can't.

        :param content_type: the Content-Type for the answer, if a URL is returned.
        :param disposition: the Content-Disposition for the answer, if a URL is returned; None leaves it out.
        :return: an absolute path, or a signed URL that is valid for a minute.
        """
        return None


class Readable(Protocol):
    """A binary stream: an open file, an upload, a socket's file."""

    def read(self, size: int, /) -> bytes: ...


Source: TypeAlias = bytes | bytearray | memoryview | os.PathLike[str] | Readable | Content | None
"""Where the bytes of a variable come from: memory, a path, a stream that is read once, or another content."""


@dataclass(frozen=True, slots=True)
class Value:
    """A typed value that is not binary, such as `Value("Date", "2026-11-23T10:11:12.345+0000")`.

    :param type: the contract's type name: String, Integer, Date, Json, Object, Null …
    :param value: its JSON form.
    :param info: the contract's `valueInfo`.
    :raises ValueError: the type is a binary one.
    """

    type: str
    value: object = field(default=None, repr=False)
    info: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.type.lower() in ("bytes", "file"):
            raise ValueError(
                f"A {self.type} is binary: give {self.type.title()}(…) in place of Value({self.type!r}, …)."
            )
        if isinstance(self.value, float) and not math.isfinite(self.value):
            # JSON can't write these numbers; the contract uses Java's names.
            object.__setattr__(self, "value", _NOT_FINITE[f"{self.value}"])


class LongValue(Value):
    """A long value from a storage. Its JSON is loaded only when somebody reads `value`.

    :param json: its JSON form, in ASCII; each access to `value` reads it again.
    """

    __slots__ = ("json",)

    json: Content

    def __init__(self, type: str, json: Content, info: Mapping[str, object]) -> None:
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "info", info)
        object.__setattr__(self, "json", json)

    @property
    def value(self) -> object:
        return loads(b"".join(self.json.open_at(0)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and (self.type, self.value, self.info) == (other.type, other.value, other.info)

    __hash__ = None  # type: ignore[assignment]  # `info` is a dictionary, which has no hash


@dataclass(frozen=True, slots=True)
class Bytes:
    """A binary value without a name.

    :param content: the bytes; None is the contract's null, whose download is empty.
    """

    content: Source = field(repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A binary value with a file name.

    :param content: the bytes; None is the contract's null, whose download is empty.
    :param filename: any text. It is stored unchanged; unsafe parts are removed when it is sent.
    :param mimetype: the media type to send, if any.
    :param encoding: the charset to send with it, if any.
    """

    content: Source = field(repr=False)
    filename: str = field(kw_only=True)
    mimetype: str | None = field(default=None, kw_only=True)
    encoding: str | None = field(default=None, kw_only=True)


TypedValue: TypeAlias = Value | Bytes | File


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable from a storage.

    :param name: its name.
    :param scope: the id of the scope that holds it.
    :param value: the value; if it is Bytes or a File, its `content` is a :class:`Content` or None.
    """

    name: str
    scope: str
    value: TypedValue


def typed_value(value: object) -> TypedValue:
    """Turn a Python value into a typed one: `42` is an Integer, `b"…"` is Bytes, None is Null.

    :raises TypeError: no type of the contract fits.
    """
    match value:
        case Value() | Bytes() | File():
            return value
        case None:
            return Value("Null")
        case bool():
            return Value("Boolean", value)
        case int() if (number := int(value)) in LONG:  # `in` is slow for subclasses of int, such as an IntEnum
            return Value("Integer" if number in INTEGER else "Long", number)
        case float():
            return Value("Double", value)
        case str():
            return Value("String", value)
        case bytes() | bytearray() | memoryview():
            return Bytes(value)
        case datetime():
            return Value("Date", date_text(value))
    raise TypeError(
        f"A variable can't hold {kind_of(value)}: give a str, int (64 bits), float, bool, None, datetime, "
        "bytes, Bytes(…), File(…) or Value(type, value, info)."
    )


def size_of(value: TypedValue) -> int:
    """Count the bytes of a value that is staged or stored: of its content, or of its JSON."""
    match value:
        case LongValue(json=content) | Bytes(content=Content() as content) | File(content=Content() as content):
            return content.size
        case Value():
            return len(dumps(value.value))
    return 0


def plain(value: TypedValue) -> TypedValue:
    """Turn an app's own subclass of Bytes or File into a Bytes or File: storages know only these."""
    match value:
        case Bytes(content):
            return Bytes(content)
        case File(content):
            return File(content, filename=value.filename, mimetype=value.mimetype, encoding=value.encoding)
    return value


def date_text(moment: datetime) -> str:
    """Write a moment as the contract does: `yyyy-MM-dd'T'HH:mm:ss.SSSZ`. A moment without a zone is in UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}{moment:%z}"


def blocks(source: Source) -> Iterator[bytes]:
    """Read a source as blocks of exactly :data:`BLOCK` bytes, the last one shorter.

    :raises TypeError: the source is a text, or can't be read.
    """
    match source:
        case None:
            return
        case bytes() | bytearray() | memoryview():
            view = memoryview(source).cast("B")
            for start in range(0, len(view), BLOCK):
                yield bytes(view[start : start + BLOCK])
        case Content():
            yield from regular(source.open_at(0))
        case os.PathLike():
            with open(source, "rb") as file:
                yield from regular(_pieces(file))
        case _ if hasattr(source, "read"):
            yield from regular(_pieces(source))
        case _:
            raise TypeError(f"Bytes can't be read from {kind_of(source)}: give bytes, a Path or a stream.")


def _pieces(stream: Readable) -> Iterator[bytes]:
    while True:
        piece: object = stream.read(BLOCK)
        if not isinstance(piece, bytes):
            raise TypeError(f"The stream gives {type(piece).__name__}, not bytes: open it in binary, blocking mode.")
        if not piece:
            return
        yield piece


def regular(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size into blocks of exactly :data:`BLOCK` bytes, the last one shorter."""
    held = bytearray()
    for piece in pieces:
        if not held and len(piece) == BLOCK:
            yield piece
            continue
        view = memoryview(piece)
        while len(held) + len(view) >= BLOCK:
            missing = BLOCK - len(held)
            yield b"".join((held, view[:missing]))
            view = view[missing:]
            held.clear()
        held += view
    if held:
        yield bytes(held)
