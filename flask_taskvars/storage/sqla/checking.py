"""Compare the variables with the content stores, and find missing, altered and leftover contents."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import Row, Table, func, select, union_all

from ...contents.base import MARKER
from ...errors import ContentVanished
from ..sql.database import Database
from ..sql.limits import INLINE
from .contents import Contents
from .findings import Finding, Kind, rows_with_content, still_has
from .markers import Markers

_BATCH = 100
"""Ids of a store in one query."""
_ALWAYS = datetime.max.replace(tzinfo=UTC)


class Checker:
    """Checks every variable with a content, and every content of every store."""

    def __init__(
        self, variable: Table, journal: Table, contents: Contents, markers: Markers, database: Database
    ) -> None:
        self._variable, self._journal, self._database = variable, journal, database
        self._contents, self._markers = contents, markers

    def size(self) -> int:
        """Count the bytes that the variables have in content stores."""
        total = select(func.sum(self._variable.c.size)).where(self._variable.c.size > INLINE)
        return int(self._database.named(total, {})[0][0] or 0)

    def variables(self, deep: bool, watch: Callable[[int], object]) -> Iterator[Finding]:
        """Find variables whose bytes are missing, or altered.

        :param deep: whether to read all bytes and compare their SHA-256; otherwise only read each content's last byte.
        :param watch: called with the size of each checked content.
        """
        for row in self._rows():
            kind: Kind | None
            try:
                kind = None if self._is_whole(row, deep) else "altered"
            except ContentVanished:
                kind = "missing"
            watch(row.size)
            if kind and still_has(self._database, self._variable, row):
                yield Finding.about(kind, row)

    def _rows(self) -> Iterator[Row[Any]]:
        return rows_with_content(self._database, self._variable, self._variable.c.size > INLINE)

    def _is_whole(self, row: Row[Any], deep: bool) -> bool:
        digest = hashlib.sha256()
        for block in self._contents.of(self._database, row).open_at(0 if deep else row.size - 1):
            digest.update(block)
        return not deep or digest.hexdigest() == row.sha256

    def stores(self, older_than: float, repair: bool) -> Iterator[Finding]:
        """Find contents that neither a variable nor the journal knows.

        :param older_than: seconds; skip younger contents, which may belong to an open session of the host.
        :param repair: enter leftover contents into the journal, so that a sweep deletes them after the grace period. A
            store without a marker gets one instead, and its leftovers wait for the next repair.
        :raises ConfigError: a store belongs to another database, or was marked and is empty now, as when its disk is
            not mounted. Then nothing was repaired.
        """
        names: list[str | None] = [None, *self._contents.stores.external()]
        marked = {name: self._is_marked(name) for name in names}
        for name in names:
            store = self._contents.stores.open(self._database, name)
            limit = datetime.fromtimestamp(time.time() - older_than, UTC)
            ids = (one for one in store.ids(limit) if one != MARKER)
            first = list(islice(ids, 1))  # a store that was never written to needs no marker
            if first and not marked[name]:
                yield Finding("unmarked", name, MARKER)
                if repair and name is not None:
                    self._markers.write(self._database, name, store)
            yield from self._left_over(name, chain(first, ids), limit, repair=repair and marked[name])

    def _is_marked(self, name: str | None) -> bool:
        if name is None:
            return True
        store = self._contents.stores.open(self._database, name)
        if next(store.ids(_ALWAYS), None) is None:
            return self._markers.check(self._database, name, store)
        return self._markers.find(self._database, name, store)

    def _left_over(self, name: str | None, ids: Iterator[str], limit: datetime, *, repair: bool) -> Iterator[Finding]:
        unknown = list(self._unknown(ids))
        # A sweep may have deleted some since they were listed, and its rows in the journal with them. So list again.
        there = set(self._contents.stores.open(self._database, name).ids(limit)) if unknown else ()
        for one in unknown:
            if one in there:
                if repair:
                    self._contents.journal.begin(self._database, one, name, "old")
                yield Finding("left over", name, one)

    def _unknown(self, ids: Iterator[str]) -> Iterator[str]:
        while some := list(islice(ids, _BATCH)):
            known = self._known(some)
            yield from (one for one in some if one not in known)

    def _known(self, ids: list[str]) -> set[str]:
        """Return the ids that a variable or the journal has.

        Use one statement, because a finished upload moves from the journal to the variables.
        """
        tables = (self._variable, self._journal)
        known = union_all(*(select(table.c.content_id).where(table.c.content_id.in_(ids)) for table in tables))
        return {row[0] for row in self._database.named(select(known.subquery()), {})}
