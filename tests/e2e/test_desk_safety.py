"""The demo in a browser: uploads that try to run, other sites, and accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from flask import Flask

from tests.e2e.desk_visits import ask, browser, data_of, desk, log_in, page, preview, said, slow_down, url
from tests.e2e.test_browser_names import ACTIVE
from tests.support.browser import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

HTML, SVG = ACTIVE["text/html"], ACTIVE["image/svg+xml"]


def add(page: Page, name: str, mimetype: str, content: bytes) -> None:
    """Upload a file with this name and type."""
    payload: FilePayload = {"name": name, "mimeType": mimetype, "buffer": content}
    page.locator("#chosen").set_input_files(payload)
    said(page, f"{name} is stored.")


@pytest.fixture
def asked(desk: Page) -> Iterator[list[str]]:
    """The paths that the browser asks for. A path that an uploaded file asks for must not be among them."""
    paths: list[str] = []
    desk.context.on("request", lambda request: paths.append(request.url))
    yield paths
    assert paths != []
    assert [path for path in paths if "/pwned-by" in path] == []


@pytest.mark.parametrize(("name", "mimetype"), [("evil.html", "text/html"), ("evil.svg", "image/svg+xml")])
def test_files_that_could_run_have_no_preview(desk: Page, url: str, asked: list[str], name: str, mimetype: str) -> None:
    from playwright.sync_api import Error

    add(desk, name, mimetype, ACTIVE[mimetype])
    row = desk.locator(f"[data-name='{name}']")
    preview(desk, name)
    desk.locator("#preview").get_by_text("There is no preview of files of this kind.").wait_for()
    desk.get_by_role("button", name="Close").click()
    assert row.locator("img").count() == 0
    with desk.expect_download() as started:
        row.get_by_role("link", name="Download").click()
    assert started.value.path().read_bytes() == ACTIVE[mimetype]
    with desk.expect_download(), pytest.raises(Error, match="Download is starting"):
        desk.goto(data_of(url, name), wait_until="networkidle")
    assert desk.title() == "Check the policy · Claims desk"


@pytest.mark.parametrize(
    ("name", "mimetype", "content"),
    [
        ("html.txt", "text/plain", HTML),
        ("html.pdf", "application/pdf", HTML),
        ("html.png", "image/png", HTML),
        ("svg.png", "image/png", SVG),
    ],
)
def test_a_file_is_shown_as_its_declared_type(
    desk: Page, asked: list[str], name: str, mimetype: str, content: bytes
) -> None:
    add(desk, name, mimetype, content)
    desk.wait_for_load_state("networkidle")  # not after the preview: with a PDF in it, a page may never be idle
    shown = desk.locator("#preview .shown")
    if mimetype == "application/pdf":
        with desk.context.expect_event("request", lambda request: request.url.startswith("chrome-extension:")):
            preview(desk, name)  # Chromium's viewer of PDFs is an extension
        shown.locator("iframe").wait_for()
    else:
        preview(desk, name)
    if mimetype == "text/plain":
        shown.locator("pre").wait_for()
        assert shown.locator("pre").text_content() == content.decode()
    elif mimetype == "image/png":
        shown.get_by_text("This image can't be shown.").wait_for()
    assert desk.title() == "Check the policy · Claims desk"


def test_a_name_with_markup(desk: Page, asked: list[str]) -> None:
    name = "<img src=x onerror=document.title='pwned'>.txt"
    add(desk, name, "text/plain", b"calm")
    preview(desk, name)
    desk.locator("#preview").get_by_role("heading", name=name).wait_for()
    desk.wait_for_load_state("networkidle")
    assert desk.title() == "Check the policy · Claims desk"


def test_a_page_of_another_site_changes_nothing(desk: Page, url: str) -> None:
    other = Flask("other")
    place = f"{url}/task/aTaskId/variables/forged.txt/data"
    form = f'<form method="post" action="{place}" enctype="multipart/form-data"><input name="data" value="x"></form>'
    other.add_url_rule("/", view_func=lambda: f"{form}<button form>go</button><script src=/go></script>")
    other.add_url_rule("/go", "go", lambda: "document.forms[0].submit()")
    with serving(other) as origin, desk.expect_response(place) as answered:
        desk.goto(origin)
    sent = answered.value.request.all_headers()
    assert "claims-desk=" in sent["cookie"], "the browser sends the cookie, because another port is the same site"
    assert sent["sec-fetch-site"] == "same-site"
    assert answered.value.status == 403
    assert ask(data_of(url, "forged.txt"))[0] == 404


@pytest.mark.parametrize(("width", "scheme"), [(1180, "light"), (390, "dark")])
def test_axe_finds_no_barrier(
    browser: Browser, url: str, width: int, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    size = {"width": width, "height": 800}
    with closing(browser.new_context(color_scheme=scheme, viewport=size)) as profile:  # type: ignore[arg-type]
        page = profile.new_page()
        page.goto(url)
        check(page)
        log_in(page, "Ada")
        check(page)
        page.get_by_role("link", name="Check the policy").click()
        page.locator("#count:not(:empty)").wait_for()
        check(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the window"
        preview(page, "someFile.txt")
        page.locator(".shown pre").wait_for()
        check(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="More for someFile.txt").click()
        check(page)
        page.locator("#menu").get_by_role("button", name="Delete").click()
        check(page)
        page.get_by_role("button", name="Keep it").click()
        page.get_by_role("button", name="Change amount").click()
        page.locator("form.fact").wait_for()
        check(page)
        fill_tray(page, tmp_path)
        check(page)
        page.once("dialog", lambda dialog: dialog.accept())  # the page asks because of the running uploads
        page.goto(f"{url}/tasks/assess-damage")
        check(page)


def fill_tray(page: Page, folder: Path) -> None:
    """Start four uploads: one is refused, one has a taken name, one runs and one waits."""
    page.route("**/refused.txt/data", lambda route: route.fulfill(status=422, json={}))
    files = [folder / name for name in ("refused.txt", "aVarName", "running.bin", "waiting.txt")]
    for file in files:
        file.write_bytes(bytes(9 * 2**20) if file.name == "running.bin" else b"x")
    slow_down(page, 100_000)
    page.locator("#chosen").set_input_files(files)
    page.locator("#uploads [data-state=sending]").get_by_text("/s, ").wait_for()
    for state in ("failed", "taken", "waiting"):
        page.locator(f"#uploads [data-state={state}]").wait_for()


def check(page: Page) -> None:
    """Check the page with axe-core (WCAG 2 and its own best practices)."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_load_state("networkidle")
    page.evaluate("() => Promise.all(document.getAnimations().map(one => one.finished))")  # fading lowers the contrast
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
