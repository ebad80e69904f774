"""`python -m tests.screenshots`: pictures of the demo for README.md and docs/, in docs/images."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.browser import chromium
from tests.demo import serving
from tests.pages import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / "docs" / "images"
SIZES = {"desktop": (1180, 760), "phone": (390, 800)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), FLASK_RECORDING_SIZE="48500000") as demo:
        with chromium() as browser:
            for size in SIZES:
                for scheme in SCHEMES:
                    take(browser, demo.url, size, scheme)
        demo.interrupt()


def take(browser: Browser, url: str, size: str, scheme: Literal["light", "dark"]) -> None:
    """Walk through the desk on a screen of one size, in one of its two colour schemes."""
    width, height = SIZES[size]
    profile = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    page = profile.new_page()
    page.goto(url)
    save(page, "login", size, scheme)
    page.get_by_role("button", name="Log in as Ada").click()
    save(page, "tasks", size, scheme)
    page.get_by_role("link", name="Check the policy").click()
    save(page, "task", size, scheme)
    page.get_by_role("button", name="Preview ceiling.png").click()
    page.locator(".shown img").wait_for()
    save(page, "preview", size, scheme)
    profile.close()


def save(page: Page, name: str, size: str, scheme: str) -> None:
    """Save what the screen shows."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}-{size}-{scheme}.png", animations="disabled")


if __name__ == "__main__":
    main()
