"""A second S3 server: OpenStack Swift, which refuses `If-None-Match` and has quotas."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")

from flask_taskvars.contents import ContentStore, ObjectContents
from flask_taskvars.contents.base import new_id
from flask_taskvars.errors import ConfigError, StorageFull, StorageUnavailable
from flask_taskvars.values import BLOCK
from tests.conftest import server
from tests.contract.golden.world import Storage
from tests.support import swift
from tests.support.desk import make_desk
from tests.support.forms import part, stored, upload
from tests.support.served_world import TASK, noise
from tests.support.storage_contract import StorageContract
from tests.support.storage_tools import count, parts
from tests.support.store_contract import LATER, ContentStoreContract, cut, is_there, read

pytestmark = pytest.mark.tools
MIB = 2**20
PARTS = 80 * BLOCK
"""Bytes that are uploaded in three parts."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in swift.KEYS.items():
            patch.setenv(name, value)
        yield from server(swift.swift)


@pytest.fixture(scope="module")
def store(endpoint: str) -> ObjectContents:
    """One store for all tests, because each new store first asks whether Swift supports `If-None-Match`."""
    return ObjectContents(f"s3://contents/{new_id()}?endpoint={endpoint}&timeout=5")


@pytest.fixture
def full(endpoint: str) -> ObjectContents:
    """A bucket with a quota."""
    return ObjectContents(f"s3://full/{new_id()}?endpoint={endpoint}&timeout=5")


class TestSwift(ContentStoreContract):
    """The contract of stores."""

    @pytest.fixture
    def store(self, store: ObjectContents) -> ContentStore:
        return store


@pytest.fixture(scope="module")
def storing(store: ObjectContents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A storage with long values in the store."""
    with make_desk(f"sqlite:///{tmp_path_factory.mktemp('swift') / 'taskvars.db'}", store) as desk:
        yield desk.storage


class TestAStorageOnSwift(StorageContract):
    """The contract of storages."""

    @pytest.fixture
    def storage(self, storing: Storage) -> Iterator[Storage]:
        """The storage without scopes."""
        yield storing
        for scope in list(storing.scopes()):
            storing.remove_scope(scope.id)


@pytest.mark.parametrize("size", [1000, PARTS])
def test_an_object_is_never_written_again(store: ObjectContents, size: int) -> None:
    content_id, data = new_id(), noise(size)
    store.write(content_id, cut(data))
    with pytest.raises(StorageUnavailable):
        store.write(content_id, cut(noise(size)))
    assert read(store, content_id) == data
    store.delete(content_id)
    assert not is_there(store, content_id)


def test_the_check_at_start_up(store: ObjectContents, endpoint: str) -> None:
    store.check()
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        ObjectContents(f"s3://nowhere?endpoint={endpoint}&timeout=5").check()


def test_a_signed_url_sends_the_signed_type_and_name(store: ObjectContents) -> None:
    content_id, disposition = new_id(), "attachment; filename=\"a b.pdf\"; filename*=UTF-8''%E2%82%AC.pdf"
    store.write(content_id, [b"data"])
    location = store.location(content_id, "text/plain; charset=UTF-8", disposition)
    assert location is not None
    with urllib.request.urlopen(urllib.request.Request(location, headers={"Range": "bytes=1-2"})) as answer:
        assert (answer.status, answer.read(), answer.headers["Content-Range"]) == (206, b"at", "bytes 1-2/4")
        assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert answer.headers["Content-Disposition"] == disposition


def test_a_quota_that_is_reached(full: ObjectContents) -> None:
    """The store refuses a later part, when it already has earlier ones."""
    content_id = new_id()
    with pytest.raises(StorageFull):
        full.write(content_id, (bytes(MIB) for _ in range(3 * swift.ROOM // MIB)))
    assert not is_there(full, content_id)
    assert content_id not in set(full.ids(datetime.now(UTC) + LATER))
    full.write(content_id, [b"data"])  # there is room, because the parts were deleted
    full.delete(content_id)


def test_an_upload_beyond_the_quota_is_a_507(full: ObjectContents, tmp_path: Path) -> None:
    """It leaves only a row in the journal, which the next sweep deletes."""
    with make_desk(f"sqlite:///{tmp_path / 'taskvars.db'}", full) as desk:
        desk.storage.add_scope(TASK)
        refused = upload(desk, f"{TASK}/variables/large", part("data", bytes(3 * swift.ROOM)))
        assert (refused.status_code, refused.get_json()["type"]) == (507, StorageFull.type)
        assert not desk.storage.get_all(TASK)
        assert not stored(full)
        journaled = count(parts(desk)[1], "taskvars_journal")
        parts(desk)[0].sweep(older_than=0)
        assert journaled - count(parts(desk)[1], "taskvars_journal") == 1
