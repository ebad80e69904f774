"""Variables as a page lists them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import Content, Variable

from .kinds import Kind, kind_of

WHOLE, TAIL = 20, 10
"""Characters of a name that is never cut, and of the end of a longer one that always stays."""


@dataclass(frozen=True)
class Listed:
    """One variable that a task sees.

    :param own: whether it is the task's own.
    :param hides: the value of the same name further out, which the task does not see because of this one.
    :param by: the id of the user who wrote it; None where that is not known.
    """

    name: str
    value: Bytes | File | Value
    own: bool
    hides: Bytes | File | Value | None
    by: str | None = None

    @property
    def binary(self) -> bool:
        return not isinstance(self.value, Value)

    @property
    def content(self) -> Content | None:
        content = None if isinstance(self.value, Value) else self.value.content
        return content if isinstance(content, Content) else None

    @property
    def title(self) -> str:
        """The file's own name, where it has one."""
        return self.value.filename if isinstance(self.value, File) else self.name

    @property
    def folder(self) -> str:
        """The folders that the file was dropped in, with a slash at the end; they are part of the variable's name."""
        return self.name.removesuffix(self.title) if self.name.endswith(f"/{self.title}") else ""

    @property
    def ends(self) -> tuple[str, str]:
        """The title in two parts: in a narrow column the first is cut at its end, and the second stays whole."""
        cut = len(self.title) - TAIL if len(self.title) > WHOLE else len(self.title)
        while cut < len(self.title) and unicodedata.combining(self.title[cut]):
            cut -= 1  # not between a letter and its accent
        return self.title[:cut], self.title[cut:]

    @property
    def size(self) -> int:
        return self.content.size if self.content else 0

    @property
    def modified(self) -> datetime | None:
        return self.content.modified if self.content else None

    @property
    def mimetype(self) -> str | None:
        return self.value.mimetype if isinstance(self.value, File) else None

    @property
    def kind(self) -> Kind:
        return kind_of(self.mimetype, self.title)


def listed(
    visible: Mapping[str, Variable],
    task_id: str,
    outer: Mapping[str, Variable],
    authors: Mapping[tuple[str, str], str] | None = None,
) -> list[Listed]:
    """What a task sees, by name.

    :param outer: what can be seen from the scope around the task.
    :param authors: the ids of those who wrote the variables, by scope and name.
    """
    found = []
    for name, variable in sorted(visible.items()):
        own = variable.scope == task_id
        hides = outer[name].value if own and name in outer else None
        by = (authors or {}).get((variable.scope, name))
        found.append(Listed(name, variable.value, own, hides, by))
    return found
