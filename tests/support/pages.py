"""Read the pages of the documentation: their blocks of code, sections and tables."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of one language in a page, or in a part of one."""
    return [block["text"] for block in _BLOCK.finditer(text) if block["language"] == language]


def section(page: Path, heading: str) -> str:
    """Return the text under a heading, up to the next heading of the same or a higher level."""
    rank = len(heading.split(" ")[0])
    _, found, rest = page.read_text().partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading!r}"
    return re.split(rf"^#{{1,{rank}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the first table, without its head."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table, "there is no table"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()[2:]]


@contextmanager
def loaded(program: str, folder: Path) -> Iterator[ModuleType]:
    """Load a program as the module `app`, from a file in the folder."""
    path = folder / "app.py"
    path.write_text(program)
    spec = importlib.util.spec_from_file_location("app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["app"] = module  # where Flask looks for the folder of its app
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules["app"]
