"""Shared by the tests of the demo in a browser: the browser, Ada's first task, and requests of programs."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.support.browser import chromium, new_tab
from tests.support.demo import authorization, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RECORDING = 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("demo"), FLASK_RECORDING_SIZE=str(RECORDING), FLASK_UNDO_SECONDS="1") as demo:
        yield demo.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The login page, in its own profile."""
    with new_tab(browser) as opened:
        opened.goto(url)
        yield opened


@pytest.fixture
def desk(page: Page) -> Page:
    """Ada's first task."""
    log_in(page, "Ada")
    page.get_by_role("link", name="Check the policy").click()
    page.locator("#count:not(:empty)").wait_for()  # the page's scripts have run
    return page


@pytest.fixture
def new_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def ask(url: str, user: str = "ada") -> tuple[int, bytes]:
    """Return the status and the bytes that a program gets from the desk."""
    request = urllib.request.Request(url, headers={"Authorization": authorization(user)})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def data_of(url: str, name: str) -> str:
    return f"{url}/task/aTaskId/variables/{quote(name)}/data"


def log_in(page: Page, name: str) -> None:
    """Log in on the login page, and wait for the tasks and their styles: a click does not wait for the next page."""
    page.get_by_role("button", name=f"Log in as {name}").click()
    page.locator(".tasks").wait_for()
    page.wait_for_load_state()


def choose(page: Page, button: str, *files: Path) -> None:
    """Click a button that asks for files, and choose these."""
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name=button).click()
    asked.value.set_files(files)


def more(page: Page, title: str, action: str) -> None:
    """Click an action in the menu of a file."""
    page.get_by_role("button", name=f"More for {title}").click()
    page.locator("#menu").get_by_role("button", name=action).click()


def preview(page: Page, title: str) -> None:
    """Click the name of a file."""
    page.get_by_role("link", name=title, exact=True).click()


def said(page: Page, text: str, role: str = "status") -> None:
    """Wait until the desk shows this message."""
    page.locator(f".said [role={role}]").get_by_text(text).wait_for()


class Network:
    """The network between a page and the desk, as Chromium emulates it.

    Make only one for each page: if there are two, the limits of the first hold whatever the second says.
    """

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def limit(self, bytes_a_second: int = -1, offline: bool = False) -> None:
        """Send at most so many bytes a second; -1 means no limit. When offline, send nothing."""
        limits = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
        self._session.send("Network.emulateNetworkConditions", limits)


def slow_down(page: Page, bytes_a_second: int) -> Network:
    """Send at most so many bytes a second, until the network gets another limit."""
    network = Network(page)
    network.limit(bytes_a_second)
    return network
