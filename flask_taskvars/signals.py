"""What happened, for the host's audit trail: sent after success, never with a content.

Each is sent by the app, with `task_id`, `name` and `size` (in bytes; None for what is not binary, or was deleted).
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

variable_read = _signals.signal("taskvars-variable-read")
variable_written = _signals.signal("taskvars-variable-written")
variable_deleted = _signals.signal("taskvars-variable-deleted")
