"""`python -m tests.project.screenshots`: take the pictures of the demo for README.md and docs/, in docs/images."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.support.browser import chromium
from tests.support.demo import serving
from tests.support.pages import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / "docs" / "images"
SIZES = {"desktop": (1180, 760), "phone": (390, 800)}
SHOWN: tuple[tuple[str, Literal["light", "dark"]], ...] = (("desktop", "light"), ("phone", "dark"))


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), FLASK_RECORDING_SIZE="48500000") as demo:
        with chromium() as browser:
            for size, scheme in SHOWN:
                take(browser, demo.url, size, scheme)
        demo.interrupt()


def take(browser: Browser, url: str, size: str, scheme: Literal["light", "dark"]) -> None:
    """Take a picture of Ada's first task, in one size and one colour scheme."""
    width, height = SIZES[size]
    profile = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    page = profile.new_page()
    page.goto(url)
    page.get_by_role("button", name="Log in as Ada").click()
    page.get_by_role("link", name="Check the policy").click()
    if size == "desktop":
        page.get_by_role("link", name="ceiling.png", exact=True).click()  # on a phone the preview would cover the list
        page.locator("#preview img").wait_for()
    save(page, "task", size, scheme)
    profile.close()


def save(page: Page, name: str, size: str, scheme: str) -> None:
    """Save a picture of the screen."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}-{size}-{scheme}.png", animations="disabled")


if __name__ == "__main__":
    main()
