"""What can go wrong with an upload that resumes (tus 1.0.0)."""

from __future__ import annotations

from .base import NotFound, TaskVarsError


class UnsupportedVersion(TaskVarsError):
    """The request speaks another version of tus, or names none."""

    status = 412
    type = "PreconditionFailedException"

    def __init__(self, version: str) -> None:
        super().__init__(f"A resumable upload speaks tus {version}: send Tus-Resumable: {version}.")
        self.version = version

    def headers(self) -> dict[str, str]:
        return {"Tus-Version": self.version}


class UploadNotFound(NotFound):
    """The task has no upload of this id, or somebody else began it."""

    type = "UploadNotFoundException"

    def __init__(self) -> None:
        super().__init__("There is no such upload: it was ended, or has expired. Begin a new one.")


class UploadExpired(TaskVarsError):
    """The upload was not finished in time."""

    status = 410
    type = "GoneException"

    def __init__(self) -> None:
        super().__init__("This upload has expired: begin a new one.")


class WrongOffset(TaskVarsError):
    """The bytes do not continue what is there."""

    status = 409
    type = "ConflictException"

    def __init__(self, offset: int) -> None:
        super().__init__(f"The next byte of this upload is at offset {offset}: ask for it with HEAD, and go on there.")


class UploadLocked(TaskVarsError):
    """Another request goes on with the same upload (RFC 4918 11.3)."""

    status = 423
    type = "LockedException"

    def __init__(self) -> None:
        super().__init__("Another request goes on with this upload: ask for its offset with HEAD, and try again.")


class ChecksumMismatch(TaskVarsError):
    """The bytes are not those that the client made its checksum of."""

    status = 460
    type = "ChecksumMismatchException"

    def __init__(self) -> None:
        super().__init__("The bytes do not have the checksum of Upload-Checksum: send them again.")


class NotResumable(TaskVarsError):
    """The storage takes uploads only as a whole."""

    status = 501
    type = "NotImplementedException"

    def __init__(self) -> None:
        super().__init__("This storage can't go on with an upload: send the whole form to …/data.")
