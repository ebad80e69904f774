"""Resumable uploads in memory."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..errors import UploadLocked, UploadNotFound
from ..values import Content
from .resumable import ResumableStorage, Upload, new_upload_id


@dataclass(frozen=True, slots=True)
class MemoryUpload(Upload):
    """An upload with its bytes.

    :param turn: the number of requests that appended so far. Only the request of the last turn may go on.
    """

    turn: int = 0
    data: bytes = field(default=b"", repr=False)


class MemoryUploads(ResumableStorage):
    """Uploads in a dictionary; they are lost when the process ends."""

    def __init__(self) -> None:
        self._uploads: dict[str, MemoryUpload] = {}
        self._changing = threading.Lock()

    def begin_upload(self, task_id: str, length: int, about: str) -> Upload:
        upload = MemoryUpload(new_upload_id(), task_id, about, length, 0, int(time.time()))
        self._uploads[upload.id] = upload
        return upload

    def find_upload(self, upload_id: str) -> Upload:
        return self._known(upload_id)

    def append(self, upload: Upload, blocks: Iterable[bytes], *, whole: bool) -> Upload:
        mine = self._change(upload, replace(self._known(upload.id), turn=_turn(upload) + 1))
        came = bytearray()
        try:
            for block in blocks:
                came += block
        except BaseException:
            if not whole:
                self._keep(mine, came)
            raise
        return self._keep(mine, came)

    def _keep(self, upload: MemoryUpload, came: bytearray) -> MemoryUpload:
        """Store the new bytes. The upload's last byte is stored, but does not count before the variable is set."""
        data = upload.data[: upload.offset] + came
        full = replace(upload, offset=len(data), data=data)
        self._change(upload, replace(full, offset=full.offset - 1) if full.is_done and came else full)
        return full

    @contextmanager
    def uploaded(self, upload: Upload) -> Iterator[Content]:
        mine = self._change(upload, replace(self._known(upload.id), turn=_turn(upload)))
        with self.staging(io.BytesIO(mine.data)) as content:
            yield content
        self._change(mine, replace(mine, offset=mine.length, data=b""))

    def remove_upload(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)

    def _known(self, upload_id: str) -> MemoryUpload:
        if (upload := self._uploads.get(upload_id)) is None:
            raise UploadNotFound
        return upload

    def _change(self, before: Upload, after: MemoryUpload) -> MemoryUpload:
        with self._changing:
            there = self._uploads.get(before.id)
            if there is None or there.turn != _turn(before) or not there.offset <= before.offset <= there.offset + 1:
                raise UploadLocked
            self._uploads[before.id] = after
        return after


def _turn(upload: Upload) -> int:
    return upload.turn if isinstance(upload, MemoryUpload) else -1
