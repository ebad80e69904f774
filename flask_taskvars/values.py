"""Typed values, files, and the contents behind them."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

BLOCK = 256 * 1024
"""Bytes in one block of a content, as it is read, stored and sent."""

INTEGER = range(-(2**31), 2**31)
LONG = range(-(2**63), 2**63)
_NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


class Content(ABC):
    """The stored, immutable bytes of one binary variable.

    A content outlives the request that found it, and holds no database connection between two blocks.
    """

    size: int
    """Length in bytes."""
    etag: str
    """Opaque tag of a strong validator (RFC 9110 8.8.3): printable ASCII, without quotes."""
    sha256: bytes | None
    """SHA-256 of the bytes, taken when they were written; None where the storage has none."""
    modified: datetime | None
    """When the bytes were written: UTC, whole seconds."""

    @abstractmethod
    def open_at(self, offset: int) -> Iterator[bytes]:
        """Read from `offset` (in bytes) to the end, block by block; blocks are at most a few hundred KiB.

        :raises ContentVanished: the bytes were replaced or deleted since they were looked up.
        :raises StorageUnavailable: the storage can't be reached.
        """


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
            # JSON has no word for these; the contract has Java's.
            object.__setattr__(self, "value", _NOT_FINITE[f"{self.value}"])


@dataclass(frozen=True, slots=True)
class Bytes:
    """A binary value without a name.

    :param content: the bytes; None is the contract's null, and downloads as nothing.
    """

    content: Source = field(repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A binary value with a file name.

    :param content: the bytes; None is the contract's null, and downloads as nothing.
    :param filename: any text; what is unsafe in it is kept here and dealt with when it is sent.
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
    """A variable as a storage found it.

    :param name: its name.
    :param scope: the id of the scope that holds it.
    :param value: the value; the `content` of Bytes and File is a :class:`Content` or None here.
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
        case int() if (number := int(value)) in LONG:  # a range counts to find a subclass of int, such as an IntEnum
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
        f"A variable can't hold a {type(value).__name__}: give a str, int (64 bits), float, bool, None, datetime, "
        "bytes, Bytes(…), File(…) or Value(type, value, info)."
    )


def date_text(moment: datetime) -> str:
    """Write a moment as the contract does: `yyyy-MM-dd'T'HH:mm:ss.SSSZ`; one without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}{moment:%z}"


def blocks(source: Source) -> Iterator[bytes]:
    """Read a source as blocks of exactly :data:`BLOCK` bytes, the last one shorter.

    :raises TypeError: the source is text, or nothing that can be read.
    """
    match source:
        case None:
            return
        case bytes() | bytearray() | memoryview():
            view = memoryview(source).cast("B")
            for start in range(0, len(view), BLOCK):
                yield bytes(view[start : start + BLOCK])
        case Content():
            yield from _regular(source.open_at(0))
        case os.PathLike():
            with open(source, "rb") as file:
                yield from _regular(_pieces(file))
        case _ if hasattr(source, "read"):
            yield from _regular(_pieces(source))
        case _:
            raise TypeError(f"Bytes can't be read from a {type(source).__name__}: give bytes, a Path or a stream.")


def base64_length(size: int) -> int:
    """How many characters the Base64 of so many bytes has."""
    return -(-size // 3) * 4


def base64_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Encode blocks of any length as one Base64 text."""
    held = b""
    for block in blocks:
        held += block
        whole = len(held) - len(held) % 3
        yield b64encode(held[:whole])
        held = held[whole:]
    yield b64encode(held)


def _pieces(stream: Readable) -> Iterator[bytes]:
    while True:
        piece: object = stream.read(BLOCK)
        if not isinstance(piece, bytes):
            raise TypeError(f"The stream gives {type(piece).__name__}, not bytes: open it in binary, blocking mode.")
        if not piece:
            return
        yield piece


def _regular(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size into blocks."""
    held = bytearray()
    for piece in pieces:
        if not held and len(piece) == BLOCK:
            yield piece
            continue
        held += piece
        while len(held) >= BLOCK:
            yield bytes(held[:BLOCK])
            del held[:BLOCK]
    if held:
        yield bytes(held)
