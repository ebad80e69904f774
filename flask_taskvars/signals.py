"""Signals for the host's audit trail. The app sends them after success, and never with a content.

Each has `task_id`, `name` and `size` (in bytes; None if the value is not binary or was deleted). `variable_read` means
that an answer with the value, a list with it, or a range of it has begun; the client may hang up before the end.
`variable_deleted` is sent only if the variable existed.
"""

from __future__ import annotations

from blinker import Namespace, Signal
from flask import current_app

from .values import Bytes, Content, File, TypedValue

_signals = Namespace()

variable_read = _signals.signal("taskvars-variable-read")
variable_written = _signals.signal("taskvars-variable-written")
variable_deleted = _signals.signal("taskvars-variable-deleted")


def tell(signal: Signal, task_id: str, name: str, value: TypedValue | None) -> None:
    """Send a signal about a variable."""
    content = value.content if isinstance(value, (Bytes, File)) else None
    size = content.size if isinstance(content, Content) else len(content) if isinstance(content, bytes) else None
    signal.send(current_app._get_current_object(), task_id=task_id, name=name, size=size)  # type: ignore[attr-defined]
