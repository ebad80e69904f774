"""Contents in a directory: the contract of stores, and failures of the file system."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flask_taskvars.contents import ContentStore, DirectoryContents
from flask_taskvars.contents.base import MARKER, new_id
from flask_taskvars.errors import ConfigError, StorageFull, StorageUnavailable
from flask_taskvars.values import BLOCK
from tests.conftest import missing
from tests.support.served_world import noise
from tests.support.store_contract import ContentStoreContract, cut, is_there, read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "contents"


@pytest.fixture
def store(root: Path) -> ContentStore:
    return DirectoryContents(root)


class TestDirectory(ContentStoreContract):
    """The contract, in a directory that does not exist at first."""


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_content_is_one_file_in_a_small_folder(store: ContentStore, root: Path) -> None:
    content_id = new_id()
    store.write(content_id, [b"data"])
    assert files(root) == [root / content_id[-2:] / content_id]
    assert store.location(content_id, "a/b", None) == str(files(root)[0])


def test_the_file_of_a_killed_write_is_listed_and_deleted(store: DirectoryContents, root: Path) -> None:
    content_id = new_id()
    program = (
        "import os, sys; from flask_taskvars.contents import DirectoryContents\n"
        "def blocks():\n    yield b'x' * 1_000_000\n    os.kill(os.getpid(), 9)\n"
        "DirectoryContents(sys.argv[1]).write(sys.argv[2], blocks())"
    )
    subprocess.run([sys.executable, "-c", program, root, content_id], check=False)
    assert not is_there(store, content_id)
    assert [path.name for path in files(root)] == [f"{content_id}.part"]
    assert list(store.ids(datetime.now(UTC) + timedelta(hours=1))) == [content_id]
    store.delete(content_id)
    assert files(root) == []


def test_two_writes_of_one_id_are_not_mixed(store: ContentStore, root: Path) -> None:
    content_id = new_id()

    def twice() -> Iterator[bytes]:
        yield b"first"
        with pytest.raises(StorageUnavailable):
            store.write(content_id, [b"second"])
        yield b" of two"

    store.write(content_id, twice())
    assert read(store, content_id) == b"first of two"


def test_a_write_never_replaces_a_content(store: ContentStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise two databases could both write their marker into one directory."""

    def no_links(*paths: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    first, second = new_id(), new_id()
    store.write(first, [b"first"])
    with pytest.raises(StorageUnavailable):
        store.write(first, [b"second"])
    monkeypatch.setattr(os, "link", no_links)  # FAT has no hard links
    store.write(second, [b"first"])
    with pytest.raises(StorageUnavailable):
        store.write(second, [b"second"])
    assert [read(store, one) for one in (first, second)] == [b"first", b"first"]
    assert len(files(root)) == 2


@pytest.fixture
def small_files() -> Iterator[int]:
    """Set a limit of the operating system for the size of files, and yield it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BLOCK + 50, before[1]))
    yield BLOCK + 50
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_at_the_last_bytes(store: ContentStore, root: Path, small_files: int) -> None:
    """The last bytes are in a buffer until the file is closed."""
    with pytest.raises(StorageFull):
        store.write(new_id(), [bytes(BLOCK), bytes(100)])
    assert files(root) == []


def test_a_failed_clean_up_does_not_hide_the_first_error(store: ContentStore, root: Path) -> None:
    content_id = new_id()

    def blocks() -> Iterator[bytes]:
        yield b"data"
        shutil.rmtree(root / content_id[-2:])
        (root / content_id[-2:]).write_bytes(b"")
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.write(content_id, blocks())


def test_a_listing_continues_while_a_sweep_deletes_files(store: ContentStore) -> None:
    contents = [f"{number:032x}" for number in range(0xAA, 5000, 0x100)]  # these ids share one folder
    for content_id in contents:
        store.write(content_id, [b"data"])
    listed = store.ids(datetime.now(UTC) + timedelta(hours=1))
    first = next(listed)
    for content_id in contents:
        if content_id != first:
            store.delete(content_id)
    assert list(listed) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few blocks."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 * BLOCK}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        missing("No file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    store, content_id = DirectoryContents(small_disk), new_id()
    with pytest.raises(StorageFull) as failure:
        store.write(content_id, cut(noise(20 * BLOCK)))
    assert isinstance(failure.value.__cause__, OSError)
    assert failure.value.__cause__.errno == errno.ENOSPC
    assert files(small_disk) == []
    store.write(content_id, cut(noise(2 * BLOCK)))  # the failed write has left no bytes


def test_an_unusable_directory_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"can't be stored in .*file.*: .*Not a directory.*Create the directory"):
        DirectoryContents(tmp_path / "file" / "below")
    DirectoryContents(tmp_path / "new").check()
    assert files(tmp_path / "new") == []


def test_a_lost_directory_is_not_taken_for_an_empty_one(store: ContentStore, root: Path) -> None:
    """Its disk may be unmounted: the store refuses writes, and reports no content as deleted."""
    content_id = new_id()
    store.write(content_id, [b"data"])
    shutil.move(root, root.with_name("elsewhere"))
    assert not is_there(store, content_id)
    with pytest.raises(StorageUnavailable):
        store.write(new_id(), [b"more"])
    with pytest.raises(StorageUnavailable):
        store.delete(content_id)
    assert not root.exists()
    shutil.move(root.with_name("elsewhere"), root)
    assert read(store, content_id) == b"data"


def test_an_empty_mount_point_is_not_taken_for_the_store(store: ContentStore, root: Path) -> None:
    content_id, disk = new_id(), root.with_name("disk")
    store.write(MARKER, [b"database"])
    store.write(content_id, [b"data"])
    shutil.move(root, disk)
    root.mkdir()
    for use in (
        lambda: store.write(new_id(), [b"more"]),
        lambda: store.delete(content_id),
        lambda: read(store, content_id),
        lambda: list(store.ids(datetime.now(UTC))),
    ):
        with pytest.raises(StorageUnavailable) as refusal:
            use()
        assert "Is its disk mounted?" in str(refusal.value.__cause__)
    assert files(root) == []
    shutil.rmtree(root)
    shutil.move(disk, root)
    store.write(new_id(), [b"more"])
    assert read(store, content_id) == b"data"
