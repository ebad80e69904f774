"""The demo's large uploads in a browser. When the network fails or the server is killed, nothing is sent twice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from example_app.seed import Noise
from tests.e2e.desk_visits import Network, ask, browser, data_of, log_in, said, slow_down
from tests.support.browser import new_tab
from tests.support.demo import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.tools

CONTENT = Noise(20 * 2**20, lambda _: None).read(20 * 2**20)


def is_patch(response: Response) -> bool:
    return response.request.method == "PATCH"


def open_desk(page: Page, url: str) -> None:
    page.goto(url)
    log_in(page, "Ada")
    page.goto(f"{url}/tasks/aTaskId")
    page.locator("#count:not(:empty)").wait_for()


def begin(page: Page, folder: Path) -> Network:
    """Send a file slowly until the desk has its first part."""
    large = folder / "film.bin"
    large.write_bytes(CONTENT)
    network = slow_down(page, 12_000_000)
    with page.expect_response(is_patch):
        page.locator("#chosen").set_input_files(large)
    return network


def test_an_upload_continues_after_the_network_was_away(browser: Browser, tmp_path: Path) -> None:
    """Chromium is offline for a while (`Network.emulateNetworkConditions`). Then the upload continues by itself."""
    with serving(tmp_path, FLASK_RECORDING_SIZE="1000") as demo, new_tab(browser) as page:
        open_desk(page, demo.url)
        network = begin(page, tmp_path)
        network.limit(offline=True)
        page.locator("#uploads").get_by_text("The desk does not answer.").wait_for()
        with page.expect_request(lambda request: request.method == "PATCH") as resumed:
            network.limit()
        assert int(resumed.value.headers["upload-offset"]) >= 8 * 2**20, "what was sent counts"
        said(page, "film.bin is stored.")
        assert ask(data_of(demo.url, "film.bin")) == (200, CONTENT)


@pytest.mark.parametrize("keeps_logins", [True, False])
def test_an_upload_continues_after_the_desk_was_killed(browser: Browser, tmp_path: Path, keeps_logins: bool) -> None:
    """If the app keeps its secret key, the upload continues by itself. If not, the user logs in again and clicks."""
    key = {"FLASK_SECRET_KEY": "kept"} if keeps_logins else {}
    with new_tab(browser) as page:
        with serving(tmp_path, FLASK_RECORDING_SIZE="1000", **key) as demo:
            open_desk(page, demo.url)
            network = begin(page, tmp_path)
            demo.process.send_signal(signal.SIGKILL)
            demo.process.wait()
        port = demo.url.rpartition(":")[2]
        page.locator("#uploads").get_by_text("Trying again …").wait_for()
        network.limit()
        with serving(tmp_path, FLASK_RECORDING_SIZE="1000", PORT=port, **key) as again:
            if not keeps_logins:
                page.locator("#uploads").get_by_text("You are logged out.").wait_for()
                log_in_elsewhere(page, again.url)
            with page.expect_request(lambda request: request.method == "PATCH") as resumed:
                if not keeps_logins:
                    page.get_by_role("button", name="Try again film.bin").click()
            assert int(resumed.value.headers["upload-offset"]) >= 8 * 2**20, "what was sent counts"
            said(page, "film.bin is stored.")
            assert ask(data_of(again.url, "film.bin")) == (200, CONTENT)


def log_in_elsewhere(page: Page, url: str) -> None:
    """Log in again in another tab of the same browser."""
    other = page.context.new_page()
    other.goto(url)
    log_in(other, "Ada")
    other.close()
