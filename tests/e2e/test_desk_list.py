"""The demo's list of files in a browser: sorting, filtering, selecting, several files at once, and two languages."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.desk_visits import ask, browser, data_of, desk, more, page, said, url

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

FIRST = ["ceiling.png", "Grüße.txt", "policy.pdf", "someFile.txt"]


def titles(page: Page) -> list[str]:
    """Return the titles of the visible files, from the top."""
    rows = page.locator("#files tr[data-url]:not([hidden])")
    return [str(title) for title in rows.evaluate_all("rows => rows.map(row => row.dataset.title)")]


def add(page: Page, *names: str) -> None:
    files: list[FilePayload] = [{"name": one, "mimeType": "text/plain", "buffer": one.encode()} for one in names]
    page.locator("#chosen").set_input_files(files)
    for name in names:
        page.get_by_role("link", name=name, exact=True).wait_for()


def undo_within(page: Page, seconds: int) -> None:
    page.locator(".desk").evaluate("(desk, seconds) => { desk.dataset.undo = seconds; }", seconds)


def test_sorted_by_any_column_and_filtered(desk: Page) -> None:
    assert titles(desk) == FIRST
    for column, order in (
        ("Name", FIRST[::-1]),
        ("Size", ["Grüße.txt", "someFile.txt", "ceiling.png", "policy.pdf"]),
        ("Size", ["policy.pdf", "ceiling.png", "someFile.txt", "Grüße.txt"]),
        ("From", ["Grüße.txt", "someFile.txt", "ceiling.png", "policy.pdf"]),
        ("By", ["Grüße.txt", "someFile.txt", "ceiling.png", "policy.pdf"]),
    ):
        desk.get_by_role("columnheader", name=column).get_by_role("button").click()
        assert titles(desk) == order, column
    assert desk.get_by_role("columnheader", name="By").get_attribute("aria-sort") == "ascending"
    assert desk.locator("#count").inner_text() == "4 files, 31.2 kB"
    desk.get_by_label("Filter files").fill("TXT")
    assert titles(desk) == ["Grüße.txt", "someFile.txt"]
    assert desk.locator("#count").inner_text() == "2 of 4 files, 108 bytes"
    desk.get_by_label("Filter files").fill("no such")
    assert desk.get_by_text("No file fits.").is_visible()
    assert not desk.locator("#menu").is_visible(), "the menu is open"


def test_a_row_is_low_and_a_long_name_is_cut_in_the_middle(desk: Page, url: str) -> None:
    name = f"A report about {'very ' * 30}much water, final version.txt"
    add(desk, name)
    row = desk.locator(f"[data-title='{name}']")
    box = row.bounding_box()
    assert box is not None
    assert box["height"] <= 42
    link = row.get_by_role("link", name=name, exact=True)
    assert link.locator(".label").get_attribute("title") == name
    assert link.locator(".end").inner_text() == "ersion.txt"
    assert link.locator(".start").evaluate("one => one.scrollWidth > one.clientWidth")
    assert "just now" in row.inner_text() or "minute" in row.inner_text()
    assert "Ada Keller" in row.inner_text()
    drawn = "all => all.map(one => getComputedStyle(one, '::before').maskImage.split('/').at(-1))"
    assert row.locator(".act [data-do]").evaluate_all(drawn) == ['download.svg")', 'ellipsis-vertical.svg")']
    more(desk, name, "Delete")
    desk.get_by_role("button", name="Delete it").click()
    said(desk, "is deleted.")


def test_several_as_one_archive(desk: Page, url: str) -> None:
    add(desk, "twin.txt", "other.txt")
    ask_with_body = {
        "type": "File",
        "value": "Mg==",
        "valueInfo": {"filename": "../twin.txt", "mimeType": "text/plain"},
    }
    assert desk.request.put(f"{url}/task/aTaskId/localVariables/second", data=ask_with_body).status == 204
    desk.reload()
    desk.get_by_label("Select ceiling.png").check()
    for name in ("Select ../twin.txt", "Select twin.txt"):
        desk.get_by_label(name, exact=True).check()
    with desk.expect_download() as started:
        desk.get_by_role("button", name="Download 3 files as ZIP").click()
    assert started.value.suggested_filename == "Check_the_policy.zip"
    with zipfile.ZipFile(io.BytesIO(started.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["ceiling.png", "twin (2).txt", "twin.txt"]
        assert {archive.read("twin.txt"), archive.read("twin (2).txt")} == {b"2", b"twin.txt"}
        assert archive.read("ceiling.png") == ask(data_of(url, "photo"))[1]
    for name in ("second", "twin.txt", "other.txt"):
        assert desk.request.delete(f"{url}/task/aTaskId/variables/{name}").status == 204


def test_several_deleted_by_keyboard_after_one_question_and_undone(desk: Page, url: str) -> None:
    names = [f"old {number}.txt" for number in (1, 2, 10)]
    add(desk, *names)
    desk.get_by_label("Filter files").fill("old")
    assert titles(desk) == names, "numbers are not sorted by value"
    desk.get_by_role("link", name="old 1.txt", exact=True).focus()
    desk.keyboard.press("Shift+ArrowDown")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    assert desk.locator("tr.selected").count() == 3
    for wanted in (False, True):
        undo_within(desk, 1 if wanted else 60)
        desk.get_by_role("link", name="old 2.txt", exact=True).focus()
        desk.keyboard.press("Delete")
        desk.get_by_role("heading", name="Delete 3 files?").wait_for()
        desk.get_by_role("button", name="Delete it").click()
        said(desk, "Deleting 3 files …")
        assert titles(desk) == []
        if not wanted:
            desk.get_by_role("button", name="Undo").click()
            said(desk, "3 files stay.")
            assert titles(desk) == names
            desk.keyboard.press("Escape")
            desk.get_by_role("link", name="old 10.txt", exact=True).focus()
            desk.keyboard.press("Control+a")
    said(desk, "3 files are deleted.")
    assert [ask(data_of(url, name))[0] for name in names] == [404] * 3


def test_a_deletion_is_carried_out_when_the_page_is_left(desk: Page, url: str) -> None:
    add(desk, "left.txt")
    undo_within(desk, 60)
    more(desk, "left.txt", "Delete")
    desk.get_by_role("button", name="Delete it").click()
    said(desk, "Deleting left.txt …")
    assert ask(data_of(url, "left.txt"))[0] == 200
    desk.get_by_role("link", name="Your tasks").click()
    desk.get_by_role("heading", name="Your tasks").wait_for()
    until = time.monotonic() + 30
    while ask(data_of(url, "left.txt"))[0] != 404:
        assert time.monotonic() < until, "the file still exists"


def test_a_range_with_the_mouse(desk: Page) -> None:
    rows = desk.locator("#files tr[data-url]")
    rows.nth(0).locator(".size").click()
    rows.nth(2).locator(".size").click(modifiers=["Shift"])
    assert desk.locator("tr.selected").count() == 3
    assert desk.get_by_label("Select all files").evaluate("one => one.indeterminate")
    desk.get_by_label("Select all files").check()
    assert desk.locator("tr.selected").count() == 4


def test_in_german(browser: Browser, url: str) -> None:
    with closing(browser.new_context(locale="de-AT")) as profile:
        german = profile.new_page()
        german.goto(url)
        german.get_by_role("button", name="Als Ada anmelden").click()
        german.get_by_role("link", name="Check the policy").click()
        german.get_by_text("4 Dateien, 31,2 kB").wait_for()
        assert german.locator("html").get_attribute("lang") == "de"
        row = german.locator("[data-name=photo]")
        assert "10,2 kB" in row.inner_text()
        assert "vor 1 Minute" in row.inner_text()
        german.get_by_label("Auswählen: ceiling.png").check()
        german.get_by_role("button", name="1 Datei als ZIP laden").wait_for()
