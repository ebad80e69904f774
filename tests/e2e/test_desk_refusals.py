"""The demo with a gate, in a browser. A refusal is shown in words, and stays until the user dismisses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.desk_visits import ask, browser, data_of, said
from tests.support.demo import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.tools

LARGE = 8 * 2**20
ROOM = {
    "en": "The desk has no room left for it. Please tell whoever looks after the desk.",
    "de": "Am Schreibtisch ist kein Platz mehr dafür. Bitte sagen Sie es denen, die ihn betreuen.",
}
TOLD: dict[str, dict[str, str]] = {
    "413 a.txt": {
        "en": "It is larger than the desk takes. “The gate looked at 413 a.txt.”",
        "de": "Das ist größer, als der Schreibtisch annimmt. „The gate looked at 413 a.txt.“",
    },
    "415 a.txt": {
        "en": "The desk does not take files of this kind. “The gate looked at 415 a.txt.”",
        "de": "Der Schreibtisch nimmt keine Dateien dieser Art an. „The gate looked at 415 a.txt.“",
    },
    "422 a.txt": {
        "en": "A check has refused it. “The gate looked at 422 a.txt.”",
        "de": "Eine Prüfung hat das abgelehnt. „The gate looked at 422 a.txt.“",
    },
    "422 large.bin": {
        "en": "A check has refused it. “The gate looked at 422 large.bin.”",
        "de": "Eine Prüfung hat das abgelehnt. „The gate looked at 422 large.bin.“",
    },
    "507 a.txt": ROOM,
    "507 large.bin": ROOM,
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder, "tests.support.gated_demo", FLASK_RECORDING_SIZE="1000") as demo:
        yield demo.url


def line(page: Page, title: str) -> Locator:
    return page.locator("#uploads li").filter(has=page.locator("strong").get_by_text(title, exact=True))


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_refusal_is_told_in_words_and_stays(browser: Browser, url: str, language: str, tmp_path: Path) -> None:
    names = [*TOLD, f"good {language}.txt"]
    files = [tmp_path / name for name in names]
    for file in files:
        file.write_bytes(bytes(LARGE) if "large" in file.name else b"x")
    with closing(browser.new_context(locale=language)) as profile:
        page = profile.new_page()
        page.goto(url)
        page.locator("form button", has_text="Ada").click()
        page.locator(".tasks").wait_for()
        page.goto(f"{url}/tasks/aTaskId")
        page.locator("#count:not(:empty)").wait_for()
        page.locator("#chosen").set_input_files(files)
        said(page, f"good {language}.txt")
        page.locator("#clear").click()
        line(page, f"good {language}.txt").wait_for(state="detached")
        for name, texts in TOLD.items():
            line(page, name).get_by_text(texts[language], exact=True).wait_for()
            assert ask(data_of(url, name))[0] == 404
            again = line(page, name).locator("[data-act=retry]")
            assert again.is_visible() == name.startswith("507"), "another try is only offered for a full disk"
        for left in range(len(TOLD), 0, -1):
            assert page.locator("#uploads li").count() == left
            page.locator("#uploads [data-act=dismiss]:visible").first.click()
        page.locator("#uploads li").wait_for(state="detached")
        assert page.evaluate("document.activeElement.id") == "add-title"
