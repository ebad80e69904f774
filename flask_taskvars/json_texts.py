"""Contents written as JSON texts: bytes as Base64, and UTF-8 as text."""

from __future__ import annotations

import json
from abc import abstractmethod
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Iterator
from functools import cached_property

from .values import Content


class JsonContent(Content):
    """A content as a JSON text, which is always read from its start."""

    sha256 = None
    modified = None

    def __init__(self, content: Content) -> None:
        self._content, self.etag = content, content.etag

    def open_at(self, offset: int) -> Iterator[bytes]:
        assert offset == 0, "a JSON text is read from its start"
        pieces = self._written(self._content.open_at(0))
        yield b'"' + next(pieces)  # an unreadable content must fail before anything is sent
        yield from pieces
        yield b'"'

    @abstractmethod
    def _written(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Write the text between the quotes, in one or more pieces."""


class JsonBase64(JsonContent):
    """Any bytes, as their Base64."""

    @property
    def size(self) -> int:  # type: ignore[override]  # an engine's content may have to ask the database
        return base64_length(self._content.size) + 2

    def _written(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        return base64_blocks(blocks)


class JsonText(JsonContent):
    """A UTF-8 text. To know its size, the whole text must be read."""

    @cached_property
    def size(self) -> int:  # type: ignore[override]  # computed only if an answer needs it
        return sum(map(len, self.open_at(0)))

    def _written(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        for block in blocks:
            yield json.dumps(decode(block))[1:-1].encode("ascii")
        yield json.dumps(decode(b"", True))[1:-1].encode("ascii")


def base64_length(size: int) -> int:
    """Return the number of characters in the Base64 of `size` bytes."""
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
