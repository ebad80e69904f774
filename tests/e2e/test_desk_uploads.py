"""The demo's tray of uploads in a browser. A failed upload stays there, with its cause and the possible actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from example_app.seed import Noise
from tests.e2e.desk_visits import ask, browser, data_of, desk, page, said, slow_down, url

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page, Route

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

PASTE = """() => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["pixels"], "image.png", {type: "image/png"}));
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
}"""


def give(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose files with these names and contents."""
    chosen: list[FilePayload] = [{"name": name, "mimeType": "text/plain", "buffer": body} for name, body in files]
    page.locator("#chosen").set_input_files(chosen)


def line(page: Page, text: str) -> Locator:
    """Return the first line of the tray that contains a text."""
    return page.locator("#uploads li").filter(has_text=text).first


def press(page: Page, button: str) -> None:
    page.locator("#uploads").get_by_role("button", name=button).click()


def test_each_file_fails_by_itself_and_stays_until_read(desk: Page, url: str) -> None:
    def busy(route: Route) -> None:
        if "second" in route.request.url and not refused:
            refused.append(route.request.url)
            route.fulfill(status=503, json={"message": "no"})
        else:
            route.continue_()

    refused: list[str] = []
    desk.route("**/data", busy)
    give(desk, ("first.txt", b"1"), ("second.txt", b"2"), ("third.txt", b"3"))
    said(desk, "third.txt is stored.")
    line(desk, "The desk is busy.").wait_for()
    assert line(desk, "second.txt").locator("span").inner_text() == "The desk is busy. Please try again in a moment."
    assert ask(data_of(url, "second.txt"))[0] == 404
    press(desk, "Try again second.txt")
    said(desk, "second.txt is stored.")
    assert [ask(data_of(url, f"{name}.txt"))[1] for name in ("first", "second", "third")] == [b"1", b"2", b"3"]
    desk.get_by_role("button", name="Clear what is done").click()
    assert desk.locator("#uploads li").count() == 0


def test_offline_and_online_again_then_speed_and_time_left(desk: Page, url: str) -> None:
    content = bytes(3_000_000)
    desk.context.set_offline(True)
    give(desk, ("away.bin", content))
    line(desk, "The desk does not answer.").wait_for()
    desk.context.set_offline(False)
    said(desk, "away.bin is stored.")
    assert ask(data_of(url, "away.bin")) == (200, content)
    slow_down(desk, 600_000)
    give(desk, ("slow.bin", content))
    line(desk, "of 3 MB").get_by_text("/s, ").wait_for()
    assert " left" in line(desk, "slow.bin").inner_text()


def test_a_taken_name_offers_to_keep_both_to_replace_or_to_skip(desk: Page, url: str) -> None:
    give(desk, ("taken.txt", b"first"))
    said(desk, "taken.txt is stored.")
    desk.get_by_role("button", name="Clear what is done").click()
    for button, stored in (("Skip", b"first"), ("Keep both", b"first"), ("Replace", b"second")):
        give(desk, ("taken.txt", b"second"))
        line(desk, "There is a file of this name already.").wait_for()
        press(desk, f"{button} taken.txt")
        if button == "Keep both":
            said(desk, "taken (2).txt is stored.")
        elif button == "Replace":
            said(desk, "taken.txt is stored.")
        assert ask(data_of(url, "taken.txt")) == (200, stored)
    assert ask(data_of(url, "taken (2).txt")) == (200, b"second")


def test_an_upload_cancelled_while_it_is_stored_is_deleted_again(desk: Page, url: str) -> None:
    held: list[str] = []
    network = desk.context.new_cdp_session(desk)

    def hold(paused: dict[str, Any]) -> None:
        if paused["request"]["method"] == "POST":
            held.append(paused["requestId"])
        else:
            network.send("Fetch.continueRequest", {"requestId": paused["requestId"]})

    network.on("Fetch.requestPaused", hold)
    network.send("Fetch.enable", {"patterns": [{"urlPattern": "*/data", "requestStage": "Response"}]})
    give(desk, ("unwanted.txt", b"x"))
    line(desk, "All is sent.").wait_for()
    press(desk, "Cancel unwanted.txt")
    line(desk, "It will be taken back.").wait_for()
    desk.wait_for_timeout(100)
    network.send("Fetch.continueRequest", {"requestId": held[0]})
    said(desk, "unwanted.txt is cancelled.")
    assert ask(data_of(url, "unwanted.txt"))[0] == 404


def test_a_folder_and_a_pasted_image(desk: Page, url: str, tmp_path: Path) -> None:
    inner = tmp_path / "claim" / "photos"
    inner.mkdir(parents=True)
    (inner / "roof.txt").write_bytes(b"roof")
    (tmp_path / "claim" / "list.txt").write_bytes(b"list")
    box = desk.locator("#add").bounding_box()
    assert box is not None
    dragged = {"items": [], "files": [str(tmp_path / "claim")], "dragOperationsMask": 1}
    mouse = desk.context.new_cdp_session(desk)
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + 20, "y": box["y"] + 20, "data": dragged}
        mouse.send("Input.dispatchDragEvent", {"type": kind, **place})
    desk.get_by_role("link", name="roof.txt", exact=True).wait_for()
    desk.get_by_role("link", name="list.txt", exact=True).wait_for()
    row = desk.locator("[data-name='claim/photos/roof.txt']")
    assert row.locator(".label").get_attribute("title") == "claim/photos/roof.txt"
    with desk.expect_download() as started:
        row.get_by_role("link", name="Download roof.txt").click()
    assert started.value.path().read_bytes() == b"roof"

    desk.evaluate(PASTE)
    pasted = desk.locator("[data-title^='Pasted 2']")
    pasted.wait_for()
    assert ask(data_of(url, pasted.get_attribute("data-name") or ""))[1] == b"pixels"


def test_a_large_upload_pauses_and_continues_after_a_reload(desk: Page, url: str, tmp_path: Path) -> None:
    content = Noise(20 * 2**20, lambda _: None).read(20 * 2**20)
    large = tmp_path / "film.bin"
    large.write_bytes(content)
    network = slow_down(desk, 12_000_000)
    desk.locator("#chosen").set_input_files(large)
    desk.wait_for_event("response", lambda response: response.request.method == "PATCH")
    press(desk, "Pause film.bin")
    line(desk, "Paused, ").wait_for()
    assert ask(data_of(url, "film.bin"))[0] == 404, "the variable is visible before the upload's end"
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.reload()
    network.limit()
    desk.locator("#count:not(:empty)").wait_for()
    with desk.expect_request(lambda request: request.method == "PATCH") as resumed:
        desk.locator("#chosen").set_input_files(large)
    assert int(resumed.value.headers["upload-offset"]) >= 8 * 2**20, "what was sent counts"
    said(desk, "film.bin is stored.")
    assert ask(data_of(url, "film.bin")) == (200, content)
