"""The bytes that are sent and stored. They are the same for all contestants, and can't be compressed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from functools import cache

from flask_taskvars.values import BLOCK

TASK = "t"
REPEATED = 2**20


def name_of(size: int) -> str:
    """Return the name of the variable with this size."""
    return f"v{size}"


def size_of(name: str) -> int:
    return int(name[1:])


def path_of(size: int, task: str = TASK) -> str:
    """Return the path of the variable, the same for all contestants."""
    return f"/task/{task}/variables/{name_of(size)}/data"


@cache
def _noise() -> list[bytes]:
    noise = random.Random(0).randbytes(REPEATED)
    return [noise[start : start + BLOCK] for start in range(0, REPEATED, BLOCK)]


def pieces(size: int) -> Iterator[bytes]:
    """Yield the bytes of a value. No two MiB are equal. Three in four pieces are already in memory."""
    for start in range(0, size, BLOCK):
        place = start % REPEATED // BLOCK
        piece = _noise()[place] if place else start.to_bytes(8, "big") + _noise()[0][8:]
        yield piece[: size - start]


def body(size: int) -> bytes:
    return b"".join(pieces(size))


@cache
def digest(size: int) -> str:
    """Return the SHA-256 of a value."""
    hashed = hashlib.sha256()
    for piece in pieces(size):
        hashed.update(piece)
    return hashed.hexdigest()


def label(size: int) -> str:
    """Format a size: `16 KiB`, `100 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("MiB", 2**20), ("KiB", 2**10), ("kB", 10**3)):
        if size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"
