"""Variables, prepared for the list of a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import Content, Variable

from .kinds import Kind, kind_of

WHOLE, TAIL = 20, 10
"""A name of up to WHOLE characters is never cut. Of a longer name, the last TAIL characters always show."""


@dataclass(frozen=True)
class Listed:
    """A variable that a task sees.

    :param own: whether the task itself holds it.
    :param hides: the value of the same name in an outer scope, which this variable hides.
    :param by: the id of the user who wrote it; None if unknown.
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
        """The file's name, or the variable's name for any other type."""
        return self.value.filename if isinstance(self.value, File) else self.name

    @property
    def folder(self) -> str:
        """The path of a file that was uploaded with its folder, up to the last slash. The variable's name has it."""
        return self.name.removesuffix(self.title) if self.name.endswith(f"/{self.title}") else ""

    @property
    def ends(self) -> tuple[str, str]:
        """The title in two parts. A narrow column cuts the end of the first part and shows the whole second part."""
        cut = len(self.title) - TAIL if len(self.title) > WHOLE else len(self.title)
        while cut < len(self.title) and unicodedata.combining(self.title[cut]):
            cut -= 1  # keep a letter and its accent together
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
    """List the variables that a task sees, by name.

    :param outer: the variables that the scope around the task sees.
    :param authors: the ids of the users who wrote the variables, by scope and name.
    """
    found = []
    for name, variable in sorted(visible.items()):
        own = variable.scope == task_id
        hides = outer[name].value if own and name in outer else None
        by = (authors or {}).get((variable.scope, name))
        found.append(Listed(name, variable.value, own, hides, by))
    return found
