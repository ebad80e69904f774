"""The interface of a storage for resumable uploads: five methods more than a StorageAdapter."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..values import Content
from .base import StorageAdapter


@dataclass(frozen=True, slots=True)
class Upload:
    """A resumable upload, as it was when the storage found it. A storage may add fields in a subclass.

    :param id: 32 random hexadecimal digits, from :func:`~flask_taskvars.storage.new_upload_id`.
    :param task_id: the task that will get the variable.
    :param about: a text from the library about the variable; the storage returns it unchanged.
    :param length: the bytes of the whole upload.
    :param offset: the bytes that are stored and won't be lost. It reaches `length` only in the transaction that sets
        the variable. So no client takes an upload for finished whose variable was not set.
    :param created: when the upload began: seconds since 1970.
    """

    id: str
    task_id: str
    about: str
    length: int
    offset: int
    created: int

    @property
    def is_done(self) -> bool:
        """Whether all bytes are there. If :meth:`ResumableStorage.find_upload` says so, the variable is set."""
        return self.length == self.offset


class ResumableStorage(StorageAdapter):
    """A storage that keeps the bytes of unfinished uploads between requests. No variable shows them before the end."""

    @abstractmethod
    def begin_upload(self, task_id: str, length: int, about: str) -> Upload:
        """Store a new upload without bytes, and return it with a new id.

        :param length: the bytes of the whole upload.
        :param about: a text to keep unchanged, of up to 100 KiB.
        """

    @abstractmethod
    def find_upload(self, upload_id: str) -> Upload:
        """Find an upload. Keep finished ones for a day too, for clients that lost the last answer.

        :raises UploadNotFound: no upload has this id, or it was removed.
        """

    @abstractmethod
    def append(self, upload: Upload, blocks: Iterable[bytes], *, whole: bool) -> Upload:
        """Add bytes at the offset of the upload.

        If two requests append to one upload, the later one wins: the earlier one gets UploadLocked when it stores bytes
        the next time. A client that lost its connection need not wait until the server notices.

        :param upload: the upload as :meth:`find_upload` or :meth:`begin_upload` returned it.
        :param blocks: the bytes, never more than are missing. If the iterator raises an exception, pass it on.
        :param whole: whether to store all of the blocks or none, because a checksum belongs to them. Otherwise keep the
            bytes that came before an exception.
        :return: the upload with its new offset. If it equals the length, :meth:`find_upload` must still return one byte
            less, until :meth:`uploaded` has set the variable.
        :raises UploadLocked: another request appends to this upload, or has removed it.
        """

    @abstractmethod
    def uploaded(self, upload: Upload) -> AbstractContextManager[Content]:
        """Provide the bytes of a complete upload as one content, inside a `with`.

        An :meth:`update` inside the `with` sets a variable to this content. The upload becomes finished in the same
        transaction: from then on its offset is its length. If the update fails, the upload stays as it was, so that the
        client can send its last byte again.

        :param upload: the upload as :meth:`append` returned it.
        :raises UploadLocked: another request appends to this upload; the update may raise this too.
        """

    @abstractmethod
    def remove_upload(self, upload: Upload) -> None:
        """Delete an upload and its bytes. If it is finished, the variable keeps its bytes.

        It is not an error if the upload doesn't exist.
        """


def new_upload_id() -> str:
    """Make a random id for an upload: 128 bits in hexadecimal digits, which nobody can guess."""
    return secrets.token_hex(16)
