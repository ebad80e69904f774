"""`python -m tests.project.figures`: measure the demo in Chromium, and print the table of example_app/README.md."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.browser import chromium
from tests.support.demo import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

PAGES = {
    "worklist, 8 tasks": "/",
    "task, 4 files": "/tasks/aTaskId",
    "task, 500 files (`SEED=large`)": "/tasks/fire-02",
}
TIMES = 5
"""The number of visits of each page: each is one with an empty cache, and one with a filled cache."""


@dataclass(frozen=True)
class Visit:
    """The figures of one visit of a page.

    :param size: the received bytes, including headers.
    :param paint: milliseconds until the browser showed something.
    """

    requests: int
    size: int
    paint: float


class Counter:
    """Counts the requests and bytes of one tab."""

    def __init__(self, network: CDPSession) -> None:
        self.requests, self.size = 0, 0
        network.on("Network.responseReceived", self._count)
        network.on("Network.loadingFinished", self._add)
        network.send("Network.enable")

    def _count(self, event: dict[str, Any]) -> None:
        self.requests += not event["response"]["url"].startswith("data:")

    def _add(self, event: dict[str, Any]) -> None:
        self.size += event["encodedDataLength"]


def visit(page: Page, url: str) -> Visit:
    """Open a page, and wait until everything is loaded."""
    network = page.context.new_cdp_session(page)
    counter = Counter(network)
    page.goto(url, wait_until="networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-paint')[0].startTime")
    network.detach()
    return Visit(counter.requests, counter.size, paint)


def visits(browser: Browser, url: str, path: str) -> tuple[Visit, Visit]:
    """Measure Ada's first visit of a page, and the one after it."""
    with closing(browser.new_context()) as profile:
        profile.request.post(f"{url}/login", form={"user": "ada", "password": "ada"}, max_redirects=0)
        page = profile.new_page()
        return visit(page, f"{url}{path}"), visit(page, f"{url}{path}")


def line(name: str, seen: list[tuple[Visit, Visit]]) -> str:
    """Return one line of the table."""
    first, again = zip(*seen, strict=True)
    paints = [one.paint for one in first + again]
    kilobytes = [f"{statistics.median(one.size for one in some) / 1000:.0f}" for some in (first, again)]
    paint = f"{statistics.median(paints):.0f} ({min(paints):.0f} to {max(paints):.0f})"
    return f"| {name} | {first[0].requests} | {' | '.join(kilobytes)} | {paint} |"


def main() -> None:
    """Measure, and print the table. The pages take turns, so that other programs slow down all of them alike."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), FLASK_RECORDING_SIZE="1000", FLASK_SEED="large") as demo,
        chromium() as browser,
    ):
        rounds = [{name: visits(browser, demo.url, path) for name, path in PAGES.items()} for _ in range(TIMES)]
    print(
        "| Page | requests | kB, first visit | again | first paint, ms |", "| --- | --- | --- | --- | --- |", sep="\n"
    )
    for name in PAGES:
        print(line(name, [one[name] for one in rounds]))


if __name__ == "__main__":
    main()
