"""Errors about what a storage can't do, for the moment or at all."""

from __future__ import annotations

from .base import TaskVarsError


class ReadOnly(TaskVarsError):
    """The storage is read-only (RFC 9110 15.5.6)."""

    status = 405
    type = "NotAllowedException"

    def __init__(self) -> None:
        super().__init__("These variables can only be read.")

    def headers(self) -> dict[str, str]:
        return {"Allow": "GET, HEAD, OPTIONS"}


class EngineRefused(TaskVarsError):
    """The engine behind the storage refused a change. The caller gets its status, type, message and code.

    :param status: the status of the engine's answer.
    """

    def __init__(self, status: int, kind: str, message: str, code: int | None) -> None:
        super().__init__(message)
        self.status, self.type, self.code = status, kind, code


class Unavailable(TaskVarsError):
    """Something behind the app can't be reached now. The chained cause goes to the log, not to the caller."""

    status = 503
    type = "ServiceUnavailableException"
    what = ""
    """What it is, for the log."""

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class StorageUnavailable(Unavailable):
    """The storage can't be reached now."""

    what = "storage"

    def __init__(self) -> None:
        super().__init__("The storage of the variables can't be reached now: try again in a moment.")


class TablesMissing(StorageUnavailable):
    """The database does not have one of the tables."""


class ScannerUnavailable(Unavailable):
    """A value can't be scanned now, and is not accepted without."""

    what = "scanner"

    def __init__(self) -> None:
        super().__init__("The value can't be scanned now, and was not stored: try again in a moment.")


class StorageFull(StorageUnavailable):
    """There is no room for the bytes (RFC 4918 11.5)."""

    status = 507
    type = "InsufficientStorageException"

    def __init__(self) -> None:
        TaskVarsError.__init__(self, "There is no room for the bytes: nothing was stored.")


class ContentVanished(StorageUnavailable):
    """The bytes were replaced or deleted between the look-up and the read. A new look-up finds the new bytes."""
