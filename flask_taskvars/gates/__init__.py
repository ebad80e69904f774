"""Gates: functions for `taskvars.accept`, which look at a value before it takes effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .limits import SizeLimit, TaskQuota

if TYPE_CHECKING:
    from .clamav import ClamAV
    from .media import MediaTypes

__all__ = ["ClamAV", "MediaTypes", "SizeLimit", "TaskQuota"]


def __getattr__(name: str) -> object:
    """Import a gate at its first use: its dependencies are optional."""
    match name:
        case "ClamAV":
            from .clamav import ClamAV

            return ClamAV
        case "MediaTypes":
            from .media import MediaTypes

            return MediaTypes
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
