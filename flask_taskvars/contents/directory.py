"""Contents as files in a directory, on a local disk or on a file system that the app's machines share."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigError, ContentVanished, StorageFull, StorageUnavailable
from ..values import BLOCK
from .base import ID, MARKER, ContentStore, check_id, new_id

_PART = ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What a file system without hard links answers, such as FAT."""


class DirectoryContents(ContentStore):
    """Keep each content in its own file: `xx/<content_id>`, where `xx` are the last two digits of the id.

    A write goes to a temporary file, which is synced and then gets its name; then its folder is synced. So a power
    failure loses no acknowledged content. Several processes may share the directory.

    If the directory is the mount point of a disk that is not mounted any more, the empty folder must not pass for an
    empty store. So once this object has read or written the store's marker, it works only where that marker is.

    :param path: the directory. It is created here, and never later.
    :raises ConfigError: the directory can't be created.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._root, self._marked = Path(path).absolute(), False
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def __repr__(self) -> str:
        return f"DirectoryContents({str(self._root)!r})"

    def check(self) -> None:
        """Make sure that the directory can be written to.

        :raises ConfigError: it can't be written to; the message has the reason.
        """
        probe = new_id()
        try:
            self.write(probe, [b"probe"])
            self.delete(probe)
        except StorageUnavailable as error:
            raise self._unusable(error.__cause__) from error

    def _unusable(self, cause: BaseException | None) -> ConfigError:
        return ConfigError(
            f"Contents can't be stored in {self._root}: {cause}. Create the directory, and let the user of this "
            "process write to it."
        )

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        if content_id != MARKER:
            self._require_marker()
        target = self._place(content_id)
        part = target.with_name(target.name + _PART)
        with _explained():
            file = _create(part)
        try:
            _fill(file, blocks)
            with _explained():
                _name(part, target)
        except BaseException:
            _remove(part)
            raise
        try:
            with _explained():
                _sync(target.parent)
        except BaseException:
            _remove(target)
            raise
        self._marked = self._marked or content_id == MARKER

    def open_at(self, content_id: str, offset: int) -> Iterator[bytes]:
        try:
            with _explained(), self._place(content_id).open("rb") as file:
                self._marked = self._marked or content_id == MARKER
                file.seek(offset)
                while block := file.read(BLOCK):
                    yield block
        except ContentVanished:
            self._require_marker()
            raise

    def delete(self, content_id: str) -> None:
        target = self._place(content_id)
        if content_id == MARKER:
            self._marked = False
        self._require_marker()
        if not self._root.is_dir():
            raise StorageUnavailable  # the disk may be unmounted, with the content on it
        with _explained():
            target.with_name(target.name + _PART).unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def ids(self, before: datetime) -> Iterator[str]:
        self._require_marker()
        with _explained():
            for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
                content_id = path.name.removesuffix(_PART)
                if ID.fullmatch(content_id) and _is_older(path, before):
                    yield content_id

    def location(self, content_id: str, content_type: str, disposition: str | None) -> str | None:
        return str(self._place(content_id))

    def _place(self, content_id: str) -> Path:
        return self._root / check_id(content_id)[-2:] / content_id

    def _require_marker(self) -> None:
        """Make sure that the directory is still the one whose marker was seen.

        :raises StorageUnavailable: the marker is gone.
        """
        if self._marked and not os.path.exists(self._place(MARKER)):
            raise StorageUnavailable from ConfigError(
                f"{self._root} has lost its marker, the content {MARKER}. Is its disk mounted?"
            )


def _fill(file: BinaryIO, blocks: Iterable[bytes]) -> None:
    """Write blocks into a new file, sync and close it. Exceptions of the iterator pass through."""
    try:
        for block in blocks:
            with _explained():
                file.write(block)
        with _explained():
            file.flush()
            os.fsync(file.fileno())
    finally:
        with suppress(OSError):  # if the last bytes could not be written, closing tries it again
            file.close()


def _name(part: Path, target: Path) -> None:
    """Give a complete file its name.

    :raises FileExistsError: there is a file with this name.
    """
    try:
        os.link(part, target)  # a rename would replace the other file
    except FileExistsError:
        if not part.samefile(target):  # NFS may repeat a link whose answer was lost
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        part.rename(target)
        return
    part.unlink()


def _remove(path: Path) -> None:
    """Delete what a failed write left, if possible: the caller must hear of the first failure, not of this one."""
    with suppress(OSError):
        path.unlink()


def _is_older(path: Path, moment: datetime) -> bool:
    """Whether a file was written before a moment. A file that was deleted after it was listed was not."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment
    except FileNotFoundError:
        return False


def _create(part: Path) -> BinaryIO:
    """Open a new file. If its folder is new too, sync that, so that it survives a power failure."""
    try:
        return part.open("xb")
    except FileNotFoundError:
        part.parent.mkdir(exist_ok=True)  # but never create the store's own directory
        _sync(part.parent.parent)
        return part.open("xb")


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn errors of the file system into ours. Their texts name paths, so they go only to the log."""
    try:
        yield
    except FileNotFoundError as error:
        raise ContentVanished from error
    except OSError as error:
        raise (StorageFull if error.errno in _FULL else StorageUnavailable) from error
