"""The part of a SQLAlchemyStorage that makes it a ResumableStorage."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

from ...errors import UploadNotFound
from ...values import Content
from ..resumable import ResumableStorage, Upload
from .kept import KeptStorage
from .uploads import StoredUpload


class UploadingStorage(KeptStorage, ResumableStorage):
    """A storage that keeps the pieces of resumable uploads in its content stores."""

    def begin_upload(self, task_id: str, length: int, about: str) -> Upload:
        return self._uploads.begin(self._database, task_id, length, about)

    def find_upload(self, upload_id: str) -> Upload:
        return self._uploads.find(self._database, upload_id)

    def append(self, upload: Upload, blocks: Iterable[bytes], *, whole: bool) -> Upload:
        return self._uploads.append(self._database, self._databases.beside, _stored(upload), blocks, whole=whole)

    def uploaded(self, upload: Upload) -> AbstractContextManager[Content]:
        return self._uploads.uploaded(self._database, self._databases.beside, _stored(upload))

    def remove_upload(self, upload: Upload) -> None:
        self._uploads.remove(self._database, _stored(upload))


def _stored(upload: Upload) -> StoredUpload:
    if not isinstance(upload, StoredUpload):
        raise UploadNotFound  # another storage made it
    return upload
