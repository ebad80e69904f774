"""docs/compatibility.md is up to date with the table of differences, and has every row once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.golden.differences import BESIDE, DIFFERENCES, Beside, row_of
from tests.contract.golden.row import Difference
from tests.contract.golden.world import ENGINES
from tests.project.compatibility import PATH, STEPS, page
from tests.support.pages import ROOT, rows, section


def test_it_is_up_to_date() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "write it again: python -m tests.project.compatibility"


@pytest.mark.parametrize("heading", ["## Different in both profiles", "## Different by profile"])
def test_no_text_breaks_its_table(heading: str) -> None:
    assert {len(cells) for cells in rows(section(PATH, heading))} == {4}


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row.of[0]}-{row.asked}")
def test_a_row_is_under_the_heading_of_its_profiles(row: Difference) -> None:
    headings = ["## Different by profile", "## Different in both profiles"]
    found = [
        heading
        for heading in headings
        for asked, engines, ours, why in rows(section(PATH, heading))
        if (asked, ours, why) == (row.asked, row.ours, row.why) and row.engines in engines and row.as_engine in engines
    ]
    assert found == [headings[not row.documented]]


@pytest.mark.parametrize("one", BESIDE, ids=lambda one: one.asked)
def test_each_exception_beside_an_engine_belongs_to_a_row(one: Beside) -> None:
    labels = [step.label for step in STEPS if re.search(one.steps, step.label)]
    rows = [row_of(label, engine, "documented") for label in labels for engine in ENGINES]
    assert one.asked in {row.asked for row in rows if row}


def test_the_links_of_the_page_have_targets() -> None:
    links = re.findall(r"\]\(([^)#]+)(#[^)]+)?\)", PATH.read_text(encoding="utf-8"))
    assert links
    for file, anchor in links:
        path = (PATH.parent / file).resolve()
        assert path.is_relative_to(ROOT)
        assert path.exists()
        assert not anchor or anchor in anchors(path)


def anchors(path: Path) -> list[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return ["#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
