"""Content stores: where bytes lie if they are too long for a variable's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import ContentStore
from .directory import DirectoryContents

if TYPE_CHECKING:
    from .objects import ObjectContents

__all__ = ["ContentStore", "DirectoryContents", "ObjectContents"]


def __getattr__(name: str) -> object:
    """Import ObjectContents on first use, so that other apps don't need obstore."""
    if name != "ObjectContents":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .objects import ObjectContents

    return ObjectContents
