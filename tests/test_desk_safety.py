"""The demo through a browser: uploads that would like to run, other sites, and everybody who uses it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pytest
from flask import Flask

from tests.browser import serving
from tests.desk_visits import ask, browser, data_of, desk, page, said, url
from tests.test_browser_names import ACTIVE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools

HTML, SVG = ACTIVE["text/html"], ACTIVE["image/svg+xml"]


def add(page: Page, name: str, mimetype: str, content: bytes) -> None:
    """Upload a file of any type under any name."""
    payload: FilePayload = {"name": name, "mimeType": mimetype, "buffer": content}
    page.locator("#chosen").set_input_files(payload)
    said(page, f"{name} is stored.")


@pytest.fixture
def asked(desk: Page) -> Iterator[list[str]]:
    """The paths that the browser asks for; nothing of what an uploaded file reaches for may be among them."""
    paths: list[str] = []
    desk.context.on("request", lambda request: paths.append(request.url))
    yield paths
    assert paths != []
    assert [path for path in paths if "/pwned-by" in path] == []


@pytest.mark.parametrize(("name", "mimetype"), [("evil.html", "text/html"), ("evil.svg", "image/svg+xml")])
def test_what_could_run_is_only_for_downloading(
    desk: Page, url: str, asked: list[str], name: str, mimetype: str
) -> None:
    from playwright.sync_api import Error

    add(desk, name, mimetype, ACTIVE[mimetype])
    row = desk.locator(f"[data-name='{name}']")
    assert row.get_by_role("button", name="Preview").count() == 0
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
def test_what_claims_to_be_harmless_is_shown_as_that(
    desk: Page, asked: list[str], name: str, mimetype: str, content: bytes
) -> None:
    add(desk, name, mimetype, content)
    desk.get_by_role("button", name=f"Preview {name}").click()
    shown = desk.locator("#preview .shown")
    if mimetype == "text/plain":
        shown.locator("pre").wait_for()
        assert shown.locator("pre").text_content() == content.decode()
    elif mimetype == "image/png":
        shown.get_by_text("This image can't be shown.").wait_for()
    else:
        shown.locator("iframe").wait_for()
    desk.wait_for_load_state("networkidle")
    assert desk.title() == "Check the policy · Claims desk"


def test_a_name_that_is_markup(desk: Page, asked: list[str]) -> None:
    name = "<img src=x onerror=document.title='pwned'>.txt"
    add(desk, name, "text/plain", b"calm")
    desk.get_by_role("button", name=f"Preview {name}").click()
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
    assert "claims-desk=" in sent["cookie"], "another port is the same site, so SameSite does not help here"
    assert sent["sec-fetch-site"] == "same-site"
    assert answered.value.status == 403
    assert ask(data_of(url, "forged.txt"))[0] == 404


def test_with_the_keyboard_only(page: Page, url: str) -> None:
    tab_to(page, "Name")
    page.keyboard.type("ada")
    tab_to(page, "Password")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")
    tab_to(page, "Check the policy")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/tasks/aTaskId")

    tab_to(page, "Preview someFile.txt")
    page.keyboard.press("Enter")
    page.locator(".shown pre").wait_for()
    page.keyboard.press("Escape")
    assert focused(page) == "Preview someFile.txt", "back where it was"

    tab_to(page, "Choose files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files({"name": "keys.txt", "mimeType": "text/plain", "buffer": b"keys"})
    said(page, "keys.txt is stored.")

    tab_to(page, "Delete keys.txt")
    page.keyboard.press("Enter")
    assert focused(page) == "Keep it", "the harmless answer comes first"
    tab_to(page, "Delete it")
    page.keyboard.press("Enter")
    said(page, "keys.txt is deleted.")
    assert focused(page) == "Files"
    assert ask(data_of(url, "keys.txt"))[0] == 404


def focused(page: Page) -> str:
    """What has the focus, by its text or its label."""
    script = "() => (document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
    return " ".join(str(page.evaluate(script)).split())


def tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab never comes to {name!r}")


@pytest.mark.parametrize(("width", "scheme"), [(1180, "light"), (390, "dark")])
def test_axe_finds_no_barrier(browser: Browser, url: str, width: int, scheme: Literal["light", "dark"]) -> None:
    size = {"width": width, "height": 800}
    with closing(browser.new_context(color_scheme=scheme, viewport=size)) as profile:  # type: ignore[arg-type]
        page = profile.new_page()
        page.goto(url)
        check(page)
        page.get_by_role("button", name="Log in as Ada").click()
        check(page)
        page.get_by_role("link", name="Check the policy").click()
        check(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out at the side"
        page.get_by_role("button", name="Preview someFile.txt").click()
        page.locator(".shown pre").wait_for()
        check(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Delete someFile.txt").click()
        check(page)
        page.goto(f"{url}/tasks/assess-damage")
        check(page)


def check(page: Page) -> None:
    """Look for what axe-core knows as barriers (WCAG 2 and its own good practice)."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_load_state("networkidle")
    page.evaluate("() => Promise.all(document.getAnimations().map(one => one.finished))")  # half faded has no contrast
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
