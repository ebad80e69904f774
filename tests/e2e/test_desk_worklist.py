"""The demo's worklist in a browser: for users with tasks, for an auditor, and with many files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.desk_visits import ask, browser, log_in
from tests.support.browser import new_tab
from tests.support.demo import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder, FLASK_RECORDING_SIZE="1000", FLASK_SEED="large") as demo:
        yield demo.url


def visit(page: Page, url: str, name: str) -> None:
    page.goto(url)
    log_in(page, name)


def cells(page: Page, column: str) -> list[str]:
    return page.locator(f".tasks td.{column}").all_inner_texts()


def test_the_line_of_a_task_has_its_facts(browser: Browser, url: str) -> None:
    with new_tab(browser) as page:
        visit(page, url, "Ada")
        line = page.get_by_role("row").filter(has_text="Sort the photos")
        texts = [" ".join(text.split()) for text in line.locator("td").all_inner_texts()]
        assert texts == [
            "Sort the photos",
            "Fire in a block of flats",
            "Elm Street Housing",
            texts[3],
            "500",
            "Ada Keller",
        ]
        assert len(cells(page, "title")) == 8, "the small claims have two tasks for her, the large claim six"
        assert set(cells(page, "who")) == {"Ada Keller"}
        assert page.locator("td .late:visible").first.is_visible()
        for _ in range(2):
            page.get_by_role("columnheader", name="Files").get_by_role("link").click()
        assert page.get_by_role("columnheader", name="Files").get_attribute("aria-sort") == "descending"
        assert cells(page, "files")[:2] == ["500", "4"]


def test_an_auditor_reads_everything_and_changes_nothing(browser: Browser, url: str) -> None:
    with new_tab(browser) as page:
        visit(page, url, "Cleo")
        assert page.get_by_text("You may read everything, and change nothing.").is_visible()
        assert len(cells(page, "title")) == 16
        page.get_by_role("link", name="Check the policy").click()
        page.get_by_text("4 files, 31.2 kB").wait_for()
        assert page.get_by_role("button", name="Choose files").count() == 0
        assert page.locator("#delete-chosen, [data-do=replace]").count() == 0
        with page.expect_download():
            page.get_by_role("link", name="Download policy.pdf").click()
        for task in ("aTaskId", "assess-damage"):
            assert ask(f"{url}/task/{task}/variables/policy/data", "cleo")[0] == 200
            assert page.request.delete(f"{url}/task/{task}/variables/policy").status == 403
            assert page.request.put(f"{url}/task/{task}/variables/x", data={"value": 1}).status == 403


def test_five_hundred_files_are_filtered_while_typing(browser: Browser, url: str) -> None:
    with new_tab(browser) as page:
        visit(page, url, "Ada")
        page.goto(f"{url}/tasks/fire-02")
        page.get_by_text("500 files, ").wait_for()
        page.get_by_label("Filter files").press_sequentially("csv 31")
        page.get_by_text("7 of 500 files").wait_for()
        page.get_by_label("Select all files").check()
        assert page.locator("tr.selected").count() == 7
        assert page.get_by_role("button", name="Download 7 files as ZIP").is_enabled()
