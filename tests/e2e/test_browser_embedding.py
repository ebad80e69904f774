"""Downloads in pages of a real browser. None of them runs there, whatever the host's own headers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response

from flask_taskvars import File, TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage
from tests.e2e.test_browser_names import ACTIVE
from tests.support.browser import chromium, new_tab, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.tools

SVG = "image/svg+xml"
DATA = "/task/t/variables/{}/data"
SCRIPT = b"document.title = 'pwned'"
WORKER = b"try { postMessage('pwned') } catch {}; self.onconnect = event => event.ports[0].postMessage('pwned')"
FILES = Path(__file__).parents[2] / "example_app/files"
STORED = {
    "script": File(SCRIPT, filename="a.js", mimetype="text/javascript"),
    "module": File(b"document.title = 'pwned'; export default {}", filename="a.mjs", mimetype="text/javascript"),
    "style": File(b"p { display: none }", filename="a.css", mimetype="text/css"),
    "worker": File(WORKER, filename="w.js", mimetype="text/javascript"),
    "svg": File(ACTIVE[SVG], filename="a.svg", mimetype=SVG),
    "html": File(ACTIVE["text/html"], filename="a.html", mimetype="text/html"),
    "png": File((FILES / "ceiling.png").read_bytes(), filename="a.png"),
    "pdf": File((FILES / "policy.pdf").read_bytes(), filename="a.pdf", mimetype="application/pdf"),
}


@contextmanager
def site(setup: Callable[[Flask], object] | None = None, **settings: object) -> Iterator[str]:
    """Serve a host with an empty page, the stored files, and unprotected copies of them."""
    app, storage = Flask("host"), MemoryStorage()
    storage.add_scope("t")
    for name, file in STORED.items():
        storage.set("t", name, file)
    app.config.update(settings)
    TaskVars(storage, everybody).init_app(app)
    app.add_url_rule("/", view_func=lambda: "<!doctype html><title>calm</title><p>here</p>")
    app.add_url_rule(
        "/bare/<name>",
        "bare",
        lambda name: Response(STORED[name].content, mimetype=STORED[name].mimetype or "image/png"),  # type: ignore[arg-type]
    )
    if setup:
        setup(app)
    with serving(app) as origin:
        yield origin


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_tab(browser) as opened:
        yield opened


LOAD = """([tag, attributes]) => new Promise(resolve => {
    const one = Object.assign(document.createElement(tag), attributes)
    one.onload = () => resolve("load")
    one.onerror = () => resolve("error")
    document.body.append(one)
})"""
TAGS = [
    ("script", {"src": "script"}, "document.title === 'pwned'"),
    ("script", {"src": "module", "type": "module"}, "document.title === 'pwned'"),
    (
        "link",
        {"href": "style", "rel": "stylesheet"},
        "getComputedStyle(document.querySelector('p')).display === 'none'",
    ),
]


@pytest.mark.parametrize(("tag", "attributes", "ran"), TAGS)
@pytest.mark.parametrize("cache", ["private, no-cache", "private, max-age=3600"])
def test_no_page_can_run_a_download(page: Page, tag: str, attributes: dict[str, str], ran: str, cache: str) -> None:
    link = "href" if "href" in attributes else "src"
    bare, data = f"/bare/{attributes[link]}", DATA.format(attributes[link])
    with site(TASKVARS_CACHE_CONTROL=cache) as origin:
        page.goto(origin)
        assert page.evaluate(LOAD, [tag, attributes | {link: bare}]) == "load"
        assert page.evaluate(ran) is True, "even the unprotected copy does not run"
        page.goto(origin)
        # Now the download is in the browser's cache.
        assert page.evaluate("async url => (await fetch(url)).status", data) == 200
        assert page.evaluate(LOAD, [tag, attributes | {link: data}]) == "error"
        assert page.evaluate(ran) is False


WORKERS = {
    "Worker": "(resolve, one) => { one.onmessage = event => resolve(event.data) }",
    "SharedWorker": "(resolve, one) => { one.port.onmessage = event => resolve(event.data) }",
}


@pytest.mark.parametrize("kind", WORKERS)
def test_no_worker_runs_a_download(page: Page, kind: str) -> None:
    start = f"""url => new Promise(resolve => {{
        const one = new {kind}(url)
        one.onerror = () => resolve("refused");
        ({WORKERS[kind]})(resolve, one)
    }})"""
    with site() as origin:
        page.goto(origin)
        assert page.evaluate(start, "/bare/worker") == "pwned"
        assert page.evaluate(start, DATA.format("worker")) == "refused"


def test_no_download_becomes_a_service_worker(page: Page) -> None:
    register = "url => navigator.serviceWorker.register(url).then(() => 'registered', () => 'refused')"
    with site() as origin:
        page.goto(origin)
        assert page.evaluate(register, "/bare/worker") == "registered"
        assert page.evaluate(register, DATA.format("worker")) == "refused"


@pytest.mark.parametrize("tag", ["object", "embed"])
def test_no_page_can_embed_a_download(page: Page, tag: str) -> None:
    link = "data" if tag == "object" else "src"
    with site() as origin:
        page.goto(origin)
        with page.expect_response("**/variables/html/data") as answered:
            page.evaluate("html => { document.body.innerHTML = html }", f"<{tag} {link}={DATA.format('html')}></{tag}>")
        assert answered.value.status == 403


def test_an_image_is_shown(page: Page) -> None:
    with site() as origin:
        page.goto(origin)
        assert page.evaluate(LOAD, ["img", {"src": DATA.format("png")}]) == "load"
        assert page.evaluate(LOAD, ["img", {"src": DATA.format("svg")}]) == "load"
        page.wait_for_load_state("networkidle")
        assert page.title() == "calm"


@pytest.mark.parametrize("frame", ["<iframe src={}>", "<embed src={}>", "<object data={}>"])
def test_a_pdf_is_shown_if_its_type_is_inline(page: Page, frame: str) -> None:
    with site(TASKVARS_INLINE_TYPES=["application/pdf"]) as origin:
        page.goto(origin)
        with page.expect_event("framenavigated", lambda inside: inside.url.startswith("chrome-extension://")):
            page.evaluate("html => { document.body.innerHTML = html }", frame.format(DATA.format("pdf")))


def talisman(app: Flask) -> None:
    from flask_talisman import Talisman

    inline = {"default-src": "'self' 'unsafe-inline'"}
    Talisman(app, force_https=False, content_security_policy=inline)


def _note(statuses: list[int], response: Response) -> Response:
    statuses.append(response.status_code)
    return response


@pytest.mark.parametrize("setup", [None, talisman])
@pytest.mark.parametrize("name", ["svg", "html"])
def test_an_inline_download_is_sandboxed(page: Page, name: str, setup: Callable[[Flask], object] | None) -> None:
    statuses: list[int] = []

    def noting(app: Flask) -> None:
        app.after_request(partial(_note, statuses))
        if setup:
            setup(app)

    with site(noting, TASKVARS_INLINE_TYPES=list(ACTIVE)) as origin:
        page.goto(f"{origin}/bare/{name}", wait_until="networkidle")
        assert page.title() == "pwned", "even the unprotected copy does not run"
        statuses.clear()
        for _ in range(2):
            page.goto(origin + DATA.format(name), wait_until="networkidle")
            assert page.get_by_text("shown").is_visible()
            assert (page.title(), page.evaluate("origin")) == ("calm", "null")
        assert statuses == [200, 304], "the second answer did not come from the cache"


def test_only_pages_of_the_same_origin_can_frame_an_inline_download(page: Page) -> None:
    with site(TASKVARS_INLINE_TYPES=list(ACTIVE)) as origin, site() as other:
        for framing, shown in ((origin, True), (other, False)):
            page.goto(framing)
            frame = f"<iframe src={origin}{DATA.format('svg')}></iframe>"
            page.evaluate("html => { document.body.innerHTML = html }", frame)
            page.wait_for_load_state("networkidle")
            inside = page.frames[1]
            assert (inside.get_by_text("shown").count() == 1) is shown
            assert page.title() == "calm"
