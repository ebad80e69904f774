"""Storage adapters: import the module of the one you use, or write your own with what is here."""

from ..values import Content, LongValue, Variable
from .base import Found, Guard, Scope, ScopedStorage, StorageAdapter
from .resumable import ResumableStorage, Upload, new_upload_id

__all__ = [
    "Content",
    "Found",
    "Guard",
    "LongValue",
    "ResumableStorage",
    "Scope",
    "ScopedStorage",
    "StorageAdapter",
    "Upload",
    "Variable",
    "new_upload_id",
]
