"""Variables as a page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import Variable

PREVIEWS = {
    "application/pdf": "pdf",
    "image/gif": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "text/plain": "text",
}
"""What the desk shows, by media type. Not HTML and SVG: what can run is for downloading only."""


@dataclass(frozen=True)
class Listed:
    """One variable that a task sees.

    :param own: whether it is the task's own.
    :param hides: the value of the same name further out, which the task does not see because of this one.
    """

    name: str
    value: Bytes | File | Value
    own: bool
    hides: Bytes | File | Value | None

    @property
    def binary(self) -> bool:
        return not isinstance(self.value, Value)

    @property
    def title(self) -> str:
        """The file's own name, where it has one."""
        return self.value.filename if isinstance(self.value, File) else self.name

    @property
    def size(self) -> int:
        content = None if isinstance(self.value, Value) else self.value.content
        return getattr(content, "size", 0)

    @property
    def preview(self) -> str | None:
        """How to show it: as `image`, `pdf` or `text`; None for not at all."""
        return PREVIEWS.get(self.value.mimetype or "") if isinstance(self.value, File) else None


def listed(visible: Mapping[str, Variable], task_id: str, outer: Mapping[str, Variable]) -> list[Listed]:
    """What a task sees, by name.

    :param outer: what can be seen from the scope around the task.
    """
    found = []
    for name, variable in sorted(visible.items()):
        own = variable.scope == task_id
        hides = outer[name].value if own and name in outer else None
        found.append(Listed(name, variable.value, own, hides))
    return found
