"""The example app stays an example: its files are short, and its page shows the lines about flask-taskvars."""

from __future__ import annotations

import re

from tests.support.pages import ROOT, blocks

APP = ROOT / "example_app"
OURS = {".py", ".html", ".js", ".css", ".md"}


def test_every_file_is_short() -> None:
    files = [path for path in APP.rglob("*") if path.suffix in OURS and ".min." not in path.name]
    long = {str(path.relative_to(APP)): count for path in files if (count := len(path.read_text().splitlines())) >= 150}
    assert len(files) > 40
    assert long == {}


def test_the_ten_lines_exist() -> None:
    [block] = blocks((APP / "README.md").read_text(), "python")
    told = [part.splitlines() for part in block.split("\n\n")]
    for comment, *lines in told:
        [name] = re.findall(r"# (\w+\.py):", comment)
        assert set(lines) <= set((APP / name).read_text().splitlines()), name
    assert sum(len(lines) - 1 for lines in told) == 10


def test_the_page_names_every_module() -> None:
    page = (APP / "README.md").read_text()
    modules = {path.name for path in [*APP.glob("*.py"), *APP.glob("static/js/*.js")]}
    shared = {"__main__.py", "kinds.py", "desk.js", "messages.js", "requests.js", "words.js"}
    assert {name for name in modules if name not in page} <= shared
