"""Values as development versions before the release of 0.1.0 stored them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property

from sqlalchemy import Table, select

from ...errors import ContentVanished
from ...values import BLOCK, Content
from ..sql.database import Database
from .models import VariableFound


class OldText(Content):
    """Long JSON in its variable's row; today's version stores it as a content.

    This object keeps only the size and the digest, and each use reads the text again. So a list of variables holds one
    text in memory at a time.
    """

    sha256 = None
    modified = None

    def __init__(self, database: Database, variable: Table, row: VariableFound) -> None:
        here = (variable.c.scope_id == row.scope_id, variable.c.name == row.name)
        self._database, self._statement = database, select(variable.c.value).where(*here)

    def _text(self) -> bytes:
        rows = self._database.named(self._statement, {})
        if not rows or rows[0].value is None:
            raise ContentVanished
        return bytes(rows[0].value, "ascii")

    @cached_property
    def _measured(self) -> tuple[int, str]:  # only if an answer needs it
        text = self._text()
        return len(text), hashlib.sha256(text).hexdigest()

    @property
    def size(self) -> int:  # type: ignore[override]
        return self._measured[0]

    @property
    def etag(self) -> str:  # type: ignore[override]
        return self._measured[1]

    def open_at(self, offset: int) -> Iterator[bytes]:
        text = self._text()
        if hashlib.sha256(text).hexdigest() != self.etag:
            raise ContentVanished  # the value was replaced
        for start in range(offset, len(text), BLOCK):
            yield text[start : start + BLOCK]
