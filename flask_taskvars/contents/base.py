"""The interface of a content store: four methods."""

from __future__ import annotations

import re
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime

ID = re.compile(r"[0-9a-f]{32}")
"""A content's id."""
MARKER = "0" * 32
"""The id of the content that says which database a store belongs to."""


class ContentStore(ABC):
    """Stores bytes that are too long for a row. Each content has an id, and no id is used twice.

    A store knows nothing about tasks and variables: the storage remembers which variable a content belongs to. All
    methods raise :class:`~flask_taskvars.errors.StorageUnavailable` if the store can't be reached.
    """

    @abstractmethod
    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        """Store a content. When this returns, the content is durable; if this raises, the id has no content.

        :param blocks: the bytes, in blocks of any size. Exceptions of the iterator pass through.
        :raises StorageFull: there is no room for the content.
        """

    @abstractmethod
    def open_at(self, content_id: str, offset: int) -> Iterator[bytes]:
        """Read from `offset` (in bytes) to the end; blocks are at most a few hundred KiB.

        :raises ContentVanished: there is no such content. Raised at the latest when the first block is read.
        """

    @abstractmethod
    def delete(self, content_id: str) -> None:
        """Delete a content. It is not an error if there is none."""

    @abstractmethod
    def ids(self, before: datetime) -> Iterator[str]:
        """List the ids of contents written before a moment. Only `flask taskvars check` calls this."""

    def check(self) -> None:  # noqa: B027  # a store may have nothing to check
        """Make sure, at start-up, that the store can be written to.

        :raises ConfigError: it can't be written to; the message says why and how to correct it.
        """

    def location(self, content_id: str, content_type: str, disposition: str | None) -> str | None:
        """Say where a web server can fetch the bytes itself; None if it can't.

        :param content_type: the Content-Type for the answer, if a URL is returned.
        :param disposition: the Content-Disposition for the answer, if a URL is returned; None leaves it out.
        :return: an absolute path, or a signed URL that is valid for a minute.
        """
        return None


def check_id(content_id: str) -> str:
    """Refuse an id that :func:`new_id` can't have made, before it becomes a path or a key.

    :raises ValueError: the text is not an id.
    """
    if not ID.fullmatch(content_id):
        raise ValueError(f"{content_id!r} is not the id of a content: an id has 32 hexadecimal digits.")
    return content_id


def new_id() -> str:
    """Make a new id: 32 hexadecimal digits. Ids sort by the time at which they were made."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"
