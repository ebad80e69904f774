"""Values, contents, sources and names that are difficult for a storage."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from flask_taskvars import Bytes, File, Value
from flask_taskvars.storage.memory import MemoryContent
from flask_taskvars.values import BLOCK, Source, TypedValue

KIB = 1024
SIZES = [
    0,
    1,
    2,
    64 * KIB - 1,
    64 * KIB,
    64 * KIB + 1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    2 * BLOCK,
    5 * BLOCK + 3,
    17 * BLOCK,
]
VALUES: Mapping[str, TypedValue] = {
    "text": Value("String", "ä日😀"),
    "empty text": Value("String", ""),
    "null text": Value("String", None),
    "NUL": Value("String", "a\0b"),
    "lone surrogate": Value("String", "\ud800 and \udfff"),
    "long text": Value("String", "x" * 300_000),
    "long": Value("Long", 2**63 - 1),
    "huge": Value("Object", 10**60, {"objectTypeName": "java.math.BigInteger"}),
    "double": Value("Double", 0.1),
    "infinity": Value("Double", float("inf")),
    "boolean": Value("Boolean", True),
    "date": Value("Date", "2026-11-23T10:11:12.345+0000"),
    "null": Value("Null"),
    "json": Value("Json", '{"a": [1, null]}'),
    "nested": Value(
        "Object", {"a": [{"b": None}]}, {"objectTypeName": "java.util.Map<X,Y>", "deep": {"er": [1, "\0"]}}
    ),
    "null bytes": Bytes(None),
    "null file": File(None, filename="n.txt"),
    "strange file": File(None, filename="a\0b\ud800/../😀.txt", mimetype="text/ä", encoding='"'),
    "nameless file": File(None, filename="", mimetype="", encoding=""),
}
PLAIN: list[tuple[object, TypedValue]] = [
    ("text", Value("String", "text")),
    (True, Value("Boolean", True)),
    (42, Value("Integer", 42)),
    (2**31, Value("Long", 2**31)),
    (0.5, Value("Double", 0.5)),
    (None, Value("Null")),
    (datetime(2026, 11, 23, 10, 11, 12, 345000, UTC), Value("Date", "2026-11-23T10:11:12.345+0000")),
]
DISTINCT = ["", " ", "a", "A", "a ", " a", "ä", "a\u0308", "a/b", "%", "_", "x" * 255, "x" * 254, "😀" * 255]
REFUSED = ["x" * 256, "a\0b", "\ud800"]
DATA = bytes(range(256)) * 1200  # more than a block


class Dribble(io.RawIOBase):
    """A stream that returns fewer bytes than were asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self._sizes = io.BytesIO(data), itertools.cycle([1, 7, 4096, 100_003])

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, next(self._sizes)))


class Breaking(io.RawIOBase):
    """A stream that breaks off after so many blocks."""

    def __init__(self, blocks: int) -> None:
        self._left = blocks

    def read(self, size: int = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ConnectionResetError("the caller went away")
        return b"x" * size


def file_of(data: bytes, folder: Path) -> Path:
    path = folder / "source"
    path.write_bytes(data)
    return path


SOURCES: Mapping[str, Callable[[bytes, Path], Source]] = {
    "bytes": lambda data, folder: data,
    "bytearray": lambda data, folder: bytearray(data),
    "memoryview": lambda data, folder: memoryview(data),
    "wide memoryview": lambda data, folder: memoryview(data).cast("I"),
    "path": file_of,
    "stream": lambda data, folder: io.BytesIO(data),
    "dribbling stream": lambda data, folder: Dribble(data),
    "content": lambda data, folder: MemoryContent(data, datetime.now(UTC)),
}


def pattern(size: int) -> bytes:
    """Return bytes in which no two blocks are equal."""
    return b"".join(number.to_bytes(8, "big") for number in range(-(-size // 8)))[:size]


def offsets(size: int) -> list[int]:
    """Return the borders of blocks and chunks in a content, and the offsets beside them."""
    borders = {0, 64 * KIB, BLOCK, 2 * BLOCK, 4 * BLOCK, 5 * BLOCK, 6 * BLOCK, size}
    return sorted({border + step for border in borders for step in (-1, 0, 1) if 0 <= border + step <= size})
