"""Bugs that were found by the generated requests of test_schemathesis.py, or while writing openapi.json."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, make_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A host app with one task, in memory."""
    with make_desk(None) as made:
        made.storage.add_scope("task-1")
        made.storage.set("task-1", "name", "text")
        yield made


class TestCollectionConditions:
    """The collection exists even without variables, so it has a current representation (RFC 9110 13.1.1)."""

    URL = "/task/task-1/variables"

    def test_if_match_any(self, desk: Desk) -> None:
        assert desk.client.get(self.URL, headers={"If-Match": "*"}).status_code == 200

    def test_if_none_match_any(self, desk: Desk) -> None:
        assert desk.client.get(self.URL, headers={"If-None-Match": "*"}).status_code == 304

    def test_its_etag_changes_with_it(self, desk: Desk) -> None:
        etag = desk.client.get(self.URL).headers["ETag"]
        assert desk.client.get(self.URL, headers={"If-None-Match": etag}).status_code == 304
        desk.storage.set("task-1", "raw", b"\0")
        changed = desk.client.get(self.URL, headers={"If-None-Match": etag})
        assert (changed.status_code, changed.headers["ETag"] != etag) == (200, True)
        desk.storage.set("task-1", "raw", b"\1")
        assert desk.client.get(self.URL).headers["ETag"] not in (etag, changed.headers["ETag"])
