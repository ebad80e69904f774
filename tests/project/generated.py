"""`python -m tests.project.generated`: write the parts of pages that come from the code, between two comments there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields

from flask_taskvars.settings import PREFIX, Settings
from tests.project.compatibility import table
from tests.project.picture import picture
from tests.project.test_layers import LAYERS, MODULES, room
from tests.support.pages import ROOT

DOCS = ROOT / "docs"
PICTURE = DOCS / "images" / "house.svg"


def settings() -> str:
    """Return the table of all keys, from the docstring of Settings."""
    told = dict(re.findall(r"^:param (\w+): (.*(?:\n    .*)*)", inspect.getdoc(Settings) or "", re.MULTILINE))
    lines = [
        (f"`{PREFIX}{one.name.upper()}`", f"`{one.default!r}`", _sentence(" ".join(told[one.name].split())))
        for one in fields(Settings)
    ]
    return table(("Key", "Default", "Meaning"), lines)


def house() -> str:
    """Return the table of all packages by layer, with the first lines of their docstrings and their modules."""
    lines = []
    for number, rooms in enumerate(LAYERS, 1):
        for one in sorted(rooms):
            docstring = ast.get_docstring(ast.parse(MODULES[one].read_text())) or ""
            inside = sorted(name.rpartition(".")[2] for name in MODULES if room(name) == one and name != one)
            listed = ", ".join(f"`{name}`" for name in inside)
            lines.append((str(number), f"`{one}`", _sentence(docstring.splitlines()[0]), listed))
    return table(("Layer", "Package or module", "What it does", "Modules in it"), lines)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "configuration.md": {"settings": settings},
    "design.md": {"house": house},
}


def page(name: str) -> str:
    """Return a page with its generated parts."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for part, write in PARTS[name].items():
        start = f"<!-- {part}: python -m tests.project.generated -->\n"
        before, found, rest = text.partition(start)
        assert found, f"{name} has no comments for {part}"
        text = f"{before}{start}\n{write()}\n\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


if __name__ == "__main__":
    for name in PARTS:
        (DOCS / name).write_text(page(name), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
