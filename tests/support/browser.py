"""Debian's Chromium, driven by Playwright, and a WSGI server for it to visit.

Both are imported when they start, so that pytest can collect the tests where they are not installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.conftest import missing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox",  # root can't run Chromium's process sandbox; the CSP sandbox of a page works without it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium, for a fixture with the scope of a module.

    Don't use it for the whole session: while Playwright's driver runs, asyncio takes the thread for one inside an event
    loop, and `asyncio.run` fails in later tests.
    """
    program = shutil.which("chromium")
    if program is None:
        missing("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, closing(driver.chromium.launch(executable_path=program, args=FLAGS)) as browser:
        yield browser


@contextmanager
def new_tab(browser: Browser) -> Iterator[Page]:
    """Open an empty tab with its own profile."""
    with closing(browser.new_context()) as profile:
        yield profile.new_page()


def save_downloads(page: Page, folder: Path) -> None:
    """Let Chromium choose the names of downloaded files, as it does for a user. Playwright would use ids as names.

    The file is complete when its download's `failure()` has returned None.
    """
    browser = page.context.browser
    assert browser is not None, "the tab is not of a persistent context"
    profile = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    choice = {"behavior": "allow", "downloadPath": str(folder), "browserContextId": profile, "eventsEnabled": True}
    browser.new_browser_cdp_session().send("Browser.setDownloadBehavior", choice)


@contextmanager
def serving(app: WSGIApplication) -> Iterator[str]:
    """Serve an app on the loopback interface. Yield its origin, `http://127.0.0.1:<port>`."""
    from waitress import wasyncore
    from waitress.server import create_server

    sockets: dict[int, Any] = {}
    server: Any = create_server(app, map=sockets, host="127.0.0.1", port=0)

    def end() -> None:
        server.del_channel()
        server.trigger.del_channel()
        wasyncore.close_all(sockets)

    loop = Thread(target=server.run)
    loop.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # The loop's thread must close its sockets itself, because it may be waiting on them. An idle connection would
        # keep the loop alive. `end` doesn't close the trigger, because `pull_trigger` still writes to it.
        server.trigger.pull_trigger(end)
        loop.join()
        server.task_dispatcher.shutdown()
        server.close()
