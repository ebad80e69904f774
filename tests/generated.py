"""Writes what pages take out of the code, between two comments of theirs: `python -m tests.generated`."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields

from flask_taskvars.settings import PREFIX, Settings
from tests.compatibility import table
from tests.pages import ROOT
from tests.test_layers import LAYERS, MODULES

DOCS = ROOT / "docs"


def settings() -> str:
    """Every key, as the docstring of Settings explains it."""
    told = dict(re.findall(r"^:param (\w+): (.*(?:\n    .*)*)", inspect.getdoc(Settings) or "", re.MULTILINE))
    lines = [
        (f"`{PREFIX}{one.name.upper()}`", f"`{one.default!r}`", _sentence(" ".join(told[one.name].split())))
        for one in fields(Settings)
    ]
    return table(("Key", "Default", "Meaning"), lines)


def house() -> str:
    """Every module in the order of the layers, with the first line of its docstring."""
    lines = [
        (str(floor), f"`{name}`", _sentence(docstring.splitlines()[0]))
        for floor, names in enumerate(LAYERS, 1)
        for name in sorted(names)
        if (docstring := ast.get_docstring(ast.parse(MODULES[name].read_text())))
    ]
    return table(("Layer", "Module", "What it does"), lines)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "configuration.md": {"settings": settings},
    "design.md": {"house": house},
}


def page(name: str) -> str:
    """A page with what it takes out of the code."""
    text = (DOCS / name).read_text(encoding="utf-8")
    for part, write in PARTS[name].items():
        start = f"<!-- {part}: python -m tests.generated -->\n"
        before, found, rest = text.partition(start)
        assert found, f"{name} has no place for {part}"
        text = f"{before}{start}\n{write()}\n\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


if __name__ == "__main__":
    for name in PARTS:
        (DOCS / name).write_text(page(name), encoding="utf-8")
