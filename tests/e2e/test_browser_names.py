"""Stored files in a real browser: the names under which it saves them, and that they never run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Response, request

from flask_taskvars import File
from flask_taskvars.http.headers import MAX_NAME
from tests.support.browser import chromium, new_tab, save_downloads, serving
from tests.support.desk import Desk, make_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Page

pytestmark = pytest.mark.tools

KEPT = [
    "plain.txt",
    "two words.txt",
    "two  spaces.txt",
    "it's.txt",
    "100%.txt",
    "percent%41.txt",
    "%2e%2e%2fpath.txt",
    "%00.txt",
    "plus+.txt",
    "ampersand&.txt",
    "hash#.txt",
    "semicolon;.txt",
    "comma,.txt",
    "equals=.txt",
    "[square](round){curly}.txt",
    "inner~tilde.txt",
    "exclamation!.txt",
    "at@.txt",
    "caret^.txt",
    "back`tick`.txt",
    "$HOME.txt",
    "-option.txt",
    "under_score.txt",
    "README",
    "archive.tar.gz",
    "two..dots.txt",
    "page.html",
    "program.exe",
    "shortcut.lnk",
    "café.txt",
    "Straße.txt",
    "no\u00a0break.txt",
    "Ελληνικά.txt",
    "Русский.txt",
    "عربي.txt",
    "עברית.txt",
    "中文文件.txt",
    "日本語.txt",
    "한국어.txt",
    "ภาษาไทย.txt",
    "हिन्दी.txt",
    "😀.txt",
    "❤\ufe0f.txt",
    "𐍈 beyond the BMP.txt",
    "fullwidth\uff0fslash.txt",
    "division\u2215slash.txt",
]
"""Harmless names, which are saved unchanged."""

CHANGED_BY_CHROMIUM = [
    ("the ASCII double quote is not for Windows", 'say "hi".txt', "say _hi_.txt"),
    ("the asterisk is not for Windows", "star*.txt", "star_.txt"),
    ("the pipe is not for Windows", "pipe|.txt", "pipe_.txt"),
    ("angle brackets are not for Windows", "<angle>.txt", "_angle_.txt"),
    ("the colon is not for Windows", "12:30.txt", "12_30.txt"),
    ("the question mark is not for Windows", "why?.txt", "why_.txt"),
    ("an encoded word: its question marks, no decoding", "=?utf-8?q?x?=.txt", "=_utf-8_q_x_=.txt"),
    ("Windows drops a dot at the end", "trailing dot.", "trailing dot"),
    ("a dot at the start would hide the file", ".hidden", "hidden"),
    ("dots at the start", "..parent.txt", "parent.txt"),
    ("dots only", "...", "download"),
    ("a tilde at the start is a home folder to a shell", "~tilde~.txt", "_tilde~.txt"),
    ("a decomposed accent is composed (NFC)", "cafe\u0301.txt", "café.txt"),
    ("a joiner is invisible, also within an emoji", "👩\u200d👩\u200d👧.txt", "👩_👩_👧.txt"),
    ("a soft hyphen is invisible", "soft\u00adhyphen.txt", "soft_hyphen.txt"),
    ("a tag character is invisible", "tag\U000e0041.txt", "tag_.txt"),
    ("a noncharacter", "non\ufffe.txt", "non_.txt"),
]
"""Names that `filename*` has unchanged, but that Chromium changes. The keys name Chromium's reasons."""

MADE_SAFE = [
    ("backslash: a path on Windows", "back\\slash.txt", "slash.txt"),
    ("path up", "../../etc/passwd", "passwd"),
    ("path up, Windows", "..\\..\\boot.ini", "boot.ini"),
    ("path", "dir/file.txt", "file.txt"),
    ("path with a drive", "C:\\x\\y.txt", "y.txt"),
    ("path that ends in a slash", "dir/", "dir"),
    ("the folder above", "..", "download"),
    ("this folder", ".", "download"),
    ("empty", "", "download"),
    ("blank", " ", "download"),
    ("spaces at both ends", "  spaces  .txt ", "spaces  .txt"),
    ("wide spaces at both ends", "\u00a0wide.txt\u3000", "wide.txt"),
    ("bidi override that shows an exe as a jpg", "\u202egpj.exe", "gpj.exe"),
    ("bidi isolates", "\u2066in\u2069.txt", "in.txt"),
    ("bidi marks", "\u200el\u200fr\u061ca.txt", "lra.txt"),
    ("byte order mark", "\ufeffbom.txt", "bom.txt"),
    ("control characters", "a\x01\x1b\x7f\x85b.txt", "a____b.txt"),
    ("header injection", "a\r\nSet-Cookie: x=1.txt", "a__Set-Cookie_ x=1.txt"),
    ("NUL", "a\0b.txt", "a_b.txt"),
    ("tab", "a\tb.txt", "a_b.txt"),
    ("line separator", "a\u2028b.txt", "a_b.txt"),
    ("lone surrogate", "lone\ud800.txt", "lone_.txt"),
    ("device of Windows", "CON.txt", "_CON.txt"),
    ("device of Windows without an extension", "lpt1", "_lpt1"),
]
"""Names that could harm the user who saves them. We never send them unchanged."""

LONG = [
    ("n" * 300 + ".txt", "n" * (MAX_NAME - 4) + ".txt"),
    ("中" * 200 + ".pdf", "中" * ((MAX_NAME - 4) // 3) + ".pdf"),
]

NAMES = [
    *(pytest.param(name, name, id=ascii(name)) for name in KEPT),
    *(pytest.param(stored, saved, id=why) for why, stored, saved in CHANGED_BY_CHROMIUM + MADE_SAFE),
]

BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
PATHS_AND_MARKS = set("/\\\u200e\u200f\u061c")

ACTIVE = {
    "text/html": b"<!doctype html><title>calm</title><p>shown</p><img src=/pwned-by-markup>"
    b"<script src=/pwned-by-source></script><script>document.title = 'pwned'; fetch('/pwned-by-script')</script>",
    "image/svg+xml": b"""<svg xmlns="http://www.w3.org/2000/svg" onload="fetch('/pwned-by-event')"><title>calm</title>
    <text y="20">shown</text><image href="/pwned-by-markup" width="1" height="1"/>
    <script>document.title = "pwned"; fetch("/pwned-by-script")</script></svg>""",
}
"""Files that send a request to the server when they run."""


def dangers(name: str) -> set[str]:
    """Return the dangerous parts of a saved file's name, whatever the tables say."""
    controls = {char for char in name if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")}
    return controls | {char for char in name if unicodedata.bidirectional(char) in BIDI} | set(name) & PATHS_AND_MARKS


@dataclass
class Site:
    """A desk behind a real server, with the paths of all requests."""

    desk: Desk
    origin: str
    requests: list[str]


@contextmanager
def site_in(folder: Path, **config: object) -> Iterator[Site]:
    """Serve a desk with a page that links to one variable's data, and with unprotected copies of :data:`ACTIVE`."""
    requests: list[str] = []
    with make_desk(f"sqlite:///{folder / 'taskvars.db'}", **config) as desk:
        desk.app.before_request(lambda: requests.append(request.path))
        desk.app.add_url_rule("/", view_func=lambda: '<a href="/task/one/variables/file/data">file</a>')
        desk.app.add_url_rule("/bare/<path:mime>", "bare", lambda mime: Response(ACTIVE[mime], content_type=mime))
        desk.storage.add_scope("one")
        with serving(desk.app) as origin:
            yield Site(desk, origin, requests)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_in(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def showing_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose host lets browsers show the files of :data:`ACTIVE`."""
    with site_in(tmp_path_factory.mktemp("showing-site"), TASKVARS_INLINE_TYPES=list(ACTIVE)) as made:
        yield made


@pytest.fixture(scope="module")
def downloads_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture
def downloads(downloads_folder: Path) -> Path:
    """The empty folder in which `saving_tab` saves."""
    for earlier in downloads_folder.iterdir():
        earlier.unlink()
    return downloads_folder


@pytest.fixture(scope="module")
def saving_tab(browser: Browser, downloads_folder: Path) -> Iterator[Page]:
    """One tab for many downloads, which are saved as a user's are."""
    with new_tab(browser) as page:
        save_downloads(page, downloads_folder)
        yield page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_tab(browser) as opened:
        yield opened


def click(site: Site, page: Page, file: File) -> Download:
    """Store a file as the variable that the site's page links to, and follow the link."""
    site.desk.storage.set("one", "file", file)
    page.goto(site.origin)
    with page.expect_download() as started:
        page.click("a")
    assert started.value.failure() is None
    return started.value


@pytest.mark.parametrize(("stored", "saved"), NAMES)
def test_a_file_is_saved_under_its_name(site: Site, saving_tab: Page, downloads: Path, stored: str, saved: str) -> None:
    content = f"the content of {stored!a}".encode()
    download = click(site, saving_tab, File(content, filename=stored, mimetype="text/plain"))
    assert download.suggested_filename == saved
    [file] = downloads.iterdir()
    assert file.name == saved
    assert dangers(file.name) == set()
    assert file.read_bytes() == content


@pytest.mark.parametrize(("stored", "cut"), LONG, ids=["ASCII", "CJK"])
def test_a_long_name_keeps_its_extension(site: Site, page: Page, stored: str, cut: str) -> None:
    download = click(site, page, File(cut.encode(), filename=stored, mimetype="text/plain"))
    assert download.suggested_filename == cut
    assert download.path().read_bytes() == cut.encode()


@pytest.mark.parametrize(("stored", "cut"), LONG, ids=["ASCII", "CJK"])
def test_a_long_name_can_be_saved(site: Site, saving_tab: Page, downloads: Path, stored: str, cut: str) -> None:
    click(site, saving_tab, File(cut[1:].encode(), filename=stored, mimetype="text/plain"))
    assert [file.name for file in downloads.iterdir()] == [cut]


def test_a_new_name_for_the_same_bytes_is_used(site: Site, page: Page) -> None:
    assert click(site, page, File(b"same", filename="draft.txt")).suggested_filename == "draft.txt"
    assert click(site, page, File(b"same", filename="final.txt")).suggested_filename == "final.txt"


@pytest.mark.parametrize("mimetype", ACTIVE)
def test_without_protection_these_files_run(site: Site, page: Page, mimetype: str) -> None:
    site.requests.clear()
    page.goto(f"{site.origin}/bare/{mimetype}", wait_until="networkidle")
    assert page.title() == "pwned"
    assert page.evaluate("origin") == site.origin
    assert {"/pwned-by-markup", "/pwned-by-script"} <= set(site.requests)


@pytest.mark.parametrize("mimetype", ACTIVE)
def test_a_file_that_could_run_is_downloaded(site: Site, page: Page, mimetype: str) -> None:
    from playwright.sync_api import Error

    path = store_active(site, mimetype)
    with page.expect_download() as started, pytest.raises(Error, match="Download is starting"):
        page.goto(site.origin + path, wait_until="networkidle")
    assert started.value.path().read_bytes() == ACTIVE[mimetype]
    assert page.url == "about:blank"
    assert site.requests == [path]


@pytest.mark.parametrize("mimetype", ACTIVE)
def test_a_file_that_is_shown_inline_is_sandboxed(showing_site: Site, page: Page, mimetype: str) -> None:
    path = store_active(showing_site, mimetype)
    page.goto(showing_site.origin + path, wait_until="networkidle")
    assert page.get_by_text("shown").is_visible()
    assert page.title() == "calm"
    assert page.evaluate("origin") == "null"
    assert showing_site.requests == [path]


def store_active(site: Site, mimetype: str) -> str:
    """Store a file of :data:`ACTIVE`, clear the list of requests, and return the path of its data."""
    site.desk.storage.set("one", "active", File(ACTIVE[mimetype], filename="active", mimetype=mimetype))
    site.requests.clear()
    return "/task/one/variables/active/data"
