"""The demo through a browser, as a new user meets it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from example_app.seed import Noise
from tests.e2e.desk_visits import (
    RECORDING,
    ask,
    browser,
    choose,
    data_of,
    desk,
    log_in,
    more,
    new_file,
    page,
    preview,
    said,
    slow_down,
    url,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["browser", "desk", "new_file", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

LARGE = 50_000_000
WATCH_BAR = """
  window.seen = [];
  new MutationObserver(() => {
    const bar = document.querySelector("#uploads progress");
    if (bar) window.seen.push(bar.hasAttribute("value") ? bar.value : "storing");
  }).observe(document.getElementById("uploads"), {subtree: true, childList: true, attributes: true});
"""


def test_a_first_visit(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill("nope")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Name", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill("ada")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.locator(".tasks").wait_for()
    assert page.locator(".tasks td a").all_inner_texts() == ["Pay out", "Check the policy"], "not sorted by due date"
    page.get_by_role("link", name="Pay out").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download dashcam.bin").click()
    assert started.value.suggested_filename == "dashcam.bin"
    assert started.value.path().read_bytes() == Noise(RECORDING, lambda _: None).read(RECORDING)


def test_where_variables_come_from(desk: Page) -> None:
    facts = desk.locator("#facts dl > div").filter(has_not_text="due").all_inner_texts()
    assert [" ".join(fact.split()) for fact in facts] == [
        "amount Integer 1,250 From the claim Change",
        "excess Integer 200 This task Hides the claim's: 150 Change",
        "insured String Grace Sample From the claim Change",
    ]


def test_previews(desk: Page, url: str) -> None:
    shown = desk.locator("#preview .shown")
    preview(desk, "ceiling.png")
    shown.locator("img").wait_for()
    assert shown.locator("img").evaluate("image => image.naturalWidth") == 640
    desk.keyboard.press("Escape")
    for file, text in (("someFile.txt", "the premium of 80 €"), ("Grüße.txt", "Schöne Grüße aus der Küche")):
        preview(desk, file)
        shown.get_by_text(text).wait_for()
        desk.get_by_role("button", name="Close").click()
    with desk.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-extension:")):
        preview(desk, "policy.pdf")  # Chromium's viewer is a frame inside our frame
    assert desk.frames[1].url.startswith(f"blob:{url}/")


def test_an_upload_with_a_progress_bar(desk: Page, url: str, new_file: Callable[[str, bytes], Path]) -> None:
    large = new_file("large.bin", Noise(LARGE, lambda _: None).read(LARGE))
    desk.evaluate(WATCH_BAR)
    slow_down(desk, 40_000_000)
    choose(desk, "Choose files", large)
    said(desk, "large.bin is stored.")
    seen = desk.evaluate("window.seen")
    moved = [value for value in dict.fromkeys(seen) if value != "storing"]
    assert moved == sorted(moved)
    assert len(moved) > 3
    assert "storing" in seen
    desk.get_by_role("link", name="large.bin", exact=True).wait_for()
    assert ask(data_of(url, "large.bin")) == (200, large.read_bytes())


def test_a_cancelled_upload_stores_nothing(desk: Page, url: str, new_file: Callable[[str, bytes], Path]) -> None:
    slow_down(desk, 2_000_000)
    choose(desk, "Choose files", new_file("cancelled.bin", bytes(LARGE)))
    desk.locator("#uploads").get_by_text(re.compile(r"[1-9] .?B of 50 MB")).wait_for()
    desk.get_by_role("button", name="Cancel cancelled.bin").click()
    said(desk, "cancelled.bin is cancelled. Nothing was stored.")
    desk.reload()
    assert desk.get_by_text("cancelled.bin").count() == 0
    assert ask(data_of(url, "cancelled.bin"))[0] == 404


def test_drag_and_drop(desk: Page, url: str, new_file: Callable[[str, bytes], Path]) -> None:
    files = [new_file("first.txt", b"1"), new_file("two words & more.txt", b"2")]
    desk.get_by_label("the whole claim").check()
    box = desk.locator("#add").bounding_box()
    assert box is not None
    dragged = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    place = {"x": box["x"] + 20, "y": box["y"] + 20, "data": dragged}
    mouse = desk.context.new_cdp_session(desk)
    for kind in ("dragEnter", "dragOver"):
        mouse.send("Input.dispatchDragEvent", {"type": kind, **place})
    desk.locator("#add.over").wait_for()
    mouse.send("Input.dispatchDragEvent", {"type": "drop", **place})
    said(desk, "two words & more.txt is stored.")
    assert [ask(data_of(url, file.name)) for file in files] == [(200, b"1"), (200, b"2")]
    row = desk.locator("[data-name='first.txt']")
    assert "The claim" in row.inner_text()
    assert ask(f"{url}/task/assess-damage/variables/first.txt/data", "ben") == (200, b"1")


def test_replace_and_delete(desk: Page, url: str, new_file: Callable[[str, bytes], Path]) -> None:
    choose(desk, "Choose files", new_file("draft.txt", b"draft"))
    said(desk, "draft.txt is stored.")
    with desk.expect_file_chooser() as asked:
        more(desk, "draft.txt", "Replace")
    asked.value.set_files(new_file("final.txt", b"final"))
    said(desk, "final.txt is stored.")
    assert ask(data_of(url, "draft.txt")) == (200, b"final")
    assert desk.get_by_role("button", name="More for final.txt").evaluate("one => one === document.activeElement")

    more(desk, "final.txt", "Delete")
    assert desk.get_by_role("heading", name="Delete final.txt?").is_visible()
    desk.get_by_role("button", name="Keep it").click()
    assert ask(data_of(url, "draft.txt")) == (200, b"final")
    more(desk, "final.txt", "Delete")
    desk.get_by_role("button", name="Delete it").click()
    said(desk, "final.txt is deleted.")
    assert desk.locator("[data-name='draft.txt']").count() == 0
    assert ask(data_of(url, "draft.txt"))[0] == 404


def test_a_change_by_somebody_else_is_not_overwritten(
    desk: Page, url: str, new_file: Callable[[str, bytes], Path]
) -> None:
    choose(desk, "Choose files", new_file("shared.txt", b"mine"))
    said(desk, "shared.txt is stored.")
    more(desk, "shared.txt", "Delete")
    desk.wait_for_load_state("networkidle")  # the page has the tag of the shown content
    changed = desk.request.put(
        f"{url}/task/aTaskId/variables/shared.txt", data={"type": "Bytes", "value": b64encode(b"theirs").decode()}
    )
    assert changed.status == 204
    desk.get_by_role("button", name="Delete it").click()
    said(desk, "Somebody else has changed it", "alert")
    assert ask(data_of(url, "shared.txt")) == (200, b"theirs")


def test_the_other_user_is_refused(page: Page, url: str) -> None:
    log_in(page, "Ben")
    assert page.locator(".tasks td a").all_inner_texts() == ["Assess the damage", "Inspect the car"]
    answer = page.goto(f"{url}/tasks/aTaskId")
    assert answer is not None
    assert answer.status == 403
    assert page.get_by_role("heading", name="Not yours").is_visible()
    assert page.request.get(data_of(url, "aVarName")).status == 403
    assert page.request.delete(f"{url}/task/aTaskId/variables/aVarName").status == 403
    assert ask(data_of(url, "aVarName"))[0] == 200


def test_logged_out_in_the_meantime(desk: Page, url: str, new_file: Callable[[str, bytes], Path]) -> None:
    desk.context.clear_cookies()
    choose(desk, "Choose files", new_file("late.txt", b"late"))
    said(desk, "You are logged out.", "alert")
    assert ask(data_of(url, "late.txt"))[0] == 404
    desk.get_by_role("link", name="Download policy.pdf").click()
    said(desk, "policy.pdf can't be downloaded. You are logged out.", "alert")
    desk.reload()
    assert desk.get_by_role("button", name="Log in as Ada").is_visible()
