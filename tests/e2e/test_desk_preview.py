"""The demo's previews in a browser: each kind of file, parts of long files, the keyboard, and a shared link."""

from __future__ import annotations

import io
import json
import wave
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.e2e.desk_visits import browser, data_of, desk, page, preview, said, url
from tests.support.browser import new_tab
from tests.support.demo import authorization

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

CSV = 'name;"the ""sum"""\nÄnne;"1;5"\n<b>x</b>;2\n'.encode()


def add(page: Page, name: str, mimetype: str, content: bytes) -> None:
    payload: FilePayload = {"name": name, "mimeType": mimetype, "buffer": content}
    page.locator("#chosen").set_input_files(payload)
    said(page, f"{name} is stored.")
    page.get_by_role("link", name=name, exact=True).wait_for()


def sound(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(44100)
        out.writeframes(bytes(2 * 44100 * seconds))
    return file.getvalue()


def test_text_tables_and_trees(desk: Page) -> None:
    shown = desk.locator("#preview .shown")
    add(desk, "sums.csv", "text/csv", CSV)
    preview(desk, "sums.csv")
    shown.locator("table").wait_for()
    rows = [row.locator("th, td").all_inner_texts() for row in shown.locator("tr").all()]
    assert rows == [["name", 'the "sum"'], ["Änne", "1;5"], ["<b>x</b>", "2"]]

    add(desk, "deep.json", "application/json", json.dumps({"a": {"b": [1, None, "<i>"]}}).encode())
    preview(desk, "deep.json")
    shown.get_by_text("a: {1}").click()
    shown.get_by_text("b: [3]").click()
    shown.get_by_text('2: "<i>"').wait_for()

    add(desk, "old.py", "text/x-python", 'print("Grüße")'.encode("latin-1"))
    preview(desk, "old.py")
    shown.get_by_text('print("Grüße")').wait_for()
    assert shown.get_by_text("windows-1252?").is_visible(), "the guessed charset is not shown"


def test_a_long_text_is_not_fetched_whole(desk: Page) -> None:
    add(desk, "long.log", "text/plain", b"0123456789\n" * 100_000)
    with desk.expect_response(lambda response: "long.log/data" in response.url) as answered:
        preview(desk, "long.log")
    assert answered.value.status == 206
    assert answered.value.header_value("content-length") == str(64 * 1024)
    desk.locator("#preview").get_by_text("The first 65.5 kB of 1.1 MB").wait_for()


def test_a_long_json_is_a_tree_up_to_a_mebibyte(desk: Page) -> None:
    shown = desk.locator("#preview .shown")
    for name, size, told in (
        ("long.json", 2**20, "[2]"),
        ("longer.json", 2**20 + 1, "It is too large for a tree, and is shown as text."),
    ):
        add(desk, name, "application/json", f'["{"x" * (size - 6)}",1]'.encode())
        preview(desk, name)
        shown.get_by_text(told, exact=True).wait_for()
    shown.get_by_text("The first 65.5 kB of 1 MB").wait_for()
    assert shown.locator("pre").evaluate("one => one.textContent.length") == 64 * 1024
    add(desk, "broken.json", "application/json", b'{"a": 1')
    preview(desk, "broken.json")
    shown.get_by_text("This is no valid JSON, and is shown as text.").wait_for()
    shown.get_by_text('{"a": 1').wait_for()


def test_no_preview_fetches_a_large_file_whole(desk: Page, url: str) -> None:
    """Unlike text, tables and trees above, these kinds can't be shown in part, or are played as they arrive."""
    read: list[int] = []
    network = desk.context.new_cdp_session(desk)
    network.send("Network.enable")
    network.on("Network.dataReceived", lambda event: read.append(event["dataLength"]))
    body = sound(250)
    for mimetype, told in (
        ("image/png", "text=This is too large to show."),
        ("application/pdf", "text=This is too large to show."),
        ("audio/wav", "audio"),
    ):
        stored = urllib3.request(
            "POST",
            data_of(url, "large.bin"),
            fields={"valueType": "File", "data": ("large.bin", body, mimetype)},
            headers={"Authorization": authorization("ada")},
        )
        assert stored.status == 204
        desk.reload()
        desk.locator("#count:not(:empty)").wait_for()
        read.clear()
        preview(desk, "large.bin")
        desk.locator(f"#preview .shown >> {told}").wait_for()
        if told == "audio":
            desk.locator("audio").evaluate("one => one.duration || new Promise(done => one.onloadedmetadata = done)")
        assert sum(read) < len(body) / 2, mimetype


def test_sound_seeks_by_ranges(desk: Page) -> None:
    add(desk, "call.wav", "audio/wav", sound(120))
    preview(desk, "call.wav")
    player = desk.locator("#preview audio")
    player.evaluate("one => one.duration || new Promise(done => one.onloadedmetadata = done)")
    assert player.evaluate("one => one.duration") == 120
    position = player.evaluate(
        "one => new Promise(done => { one.onseeked = () => done(one.currentTime); one.currentTime = 110; })"
    )
    assert position == 110


def test_an_image_is_zoomed(desk: Page) -> None:
    preview(desk, "ceiling.png")
    picture = desk.locator("#preview img")
    picture.wait_for()
    before = picture.bounding_box()
    desk.get_by_role("button", name="Larger").click()
    after = picture.bounding_box()
    assert before
    assert after
    assert after["width"] > 1.5 * before["width"]
    desk.get_by_role("button", name="Fit").click()
    assert picture.bounding_box() == before


def test_chromium_shows_no_pdf_in_a_sandbox(desk: Page) -> None:
    """This is why the frame of a PDF has no sandbox. test_desk_safety tests a page that claims to be a PDF."""
    with desk.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-extension:")):
        preview(desk, "policy.pdf")
    frame = desk.locator("#preview iframe")
    with desk.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-error:")):
        frame.evaluate("one => { one.sandbox = 'allow-scripts allow-same-origin'; one.src = one.src; }")


def test_next_and_previous_by_arrow_keys(desk: Page) -> None:
    title = desk.locator("#preview-title")
    preview(desk, "ceiling.png")
    desk.keyboard.press("ArrowDown")
    assert title.inner_text() != "ceiling.png"
    desk.keyboard.press("ArrowUp")
    assert title.inner_text() == "ceiling.png"
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("ArrowLeft")
    assert title.inner_text() == "ceiling.png"
    assert desk.url.endswith("?show=photo")
    desk.keyboard.press("Escape")
    assert not title.is_visible()
    assert desk.url.endswith("/tasks/aTaskId")


def test_a_shared_link_comes_back_after_the_login(browser: Browser, url: str) -> None:
    with new_tab(browser) as tab:
        tab.goto(f"{url}/tasks/aTaskId?show=letter")
        tab.get_by_role("button", name="Log in as Cleo").click()
        tab.locator("#preview").get_by_role("heading", name="Grüße.txt").wait_for()
        tab.get_by_text("Schöne Grüße aus der Küche").wait_for()
        assert tab.get_by_text("ISO-8859-1").is_visible()
