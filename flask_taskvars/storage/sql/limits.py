"""Limits for both SQL storages."""

from __future__ import annotations

INLINE = 64 * 1024
"""Bytes. A content up to this size is read with its variable's row; a longer one when it is opened."""

WINDOW = 4
"""Blocks in one query. A download holds so many in memory at a time."""

MAX_DEPTH = 900
"""The most scopes in a chain. It ends the walk if the rows form a circle; MySQL ends a recursion after 1,000 steps."""
