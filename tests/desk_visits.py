"""Visits to the demo: the browser, Ada's first task, and what programs get."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.browser import chromium, new_tab
from tests.demo import authorization, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RECORDING = 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("demo"), FLASK_RECORDING_SIZE=str(RECORDING)) as demo:
        yield demo.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The login page in a profile of its own."""
    with new_tab(browser) as opened:
        opened.goto(url)
        yield opened


@pytest.fixture
def desk(page: Page) -> Page:
    """Ada's first task."""
    page.get_by_role("button", name="Log in as Ada").click()
    page.get_by_role("link", name="Check the policy").click()
    page.wait_for_load_state()  # its script is there
    return page


@pytest.fixture
def new_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def ask(url: str, user: str = "ada") -> tuple[int, bytes]:
    """What a program gets from the desk."""
    request = urllib.request.Request(url, headers={"Authorization": authorization(user)})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def data_of(url: str, name: str) -> str:
    return f"{url}/task/aTaskId/variables/{quote(name)}/data"


def choose(page: Page, button: str, *files: Path) -> None:
    """Click a button that asks for files, and choose some."""
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name=button).click()
    asked.value.set_files(files)


def said(page: Page, text: str, role: str = "status") -> None:
    """Wait until the desk says so."""
    page.locator(f".said [role={role}]").get_by_text(text).wait_for()
