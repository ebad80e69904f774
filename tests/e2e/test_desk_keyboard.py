"""The demo in a browser without a mouse: the keyboard reaches each action of the worklist and of the task page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.desk_visits import RECORDING, browser, slow_down
from tests.support.demo import serving
from tests.support.faults import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Frame, Page

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.tools

TO_FILES = 60
"""The limit for pressing Tab. The page has fewer elements that take the focus."""

FOCUSED = """() => {
  const one = document.activeElement;
  const { left, top, width, height } = one.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + height / 2);
  const name = one.ariaLabel ?? (one.labels?.[0] ?? one).textContent.trim();
  return [name.split(/\\s+/).join(" "), Boolean(seen) && (one.contains(seen) || seen.contains(one))];
}"""
"""A script that returns the name of the focused element, and whether it is visible and not covered."""

NUMBER_OF_FOCUSED = """(hasFrames) => {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  if (!one || (hasFrames && one.matches("iframe, embed")) || (window !== top && one.matches("body"))) return 0;
  window.numbers ??= new Map();
  if (!numbers.has(one)) numbers.set(one, numbers.size + 1);
  return numbers.get(one);
}"""
"""A script that returns a number for the focused element of a frame, or 0 if another frame has the focus."""

FILES: dict[str, bytes] = {
    "keys.txt": b"keys",
    "new.txt": b"new",
    "busy.txt": b"busy",
    "film.bin": bytes(9 * 2**20),
}

# For each action its keys and its effect. `@name` means Tab until this element has the focus; `:text` is typed. The
# effect is a selector, `download NAME`, `pdf NAME` if a PDF is shown, or `choose NAME` if the browser asks for a file.
WORKLIST = [
    ("log in", ["@Name", ":ada", "@Password", ":ada", "Enter"], ".tasks"),
    ("sort the tasks", ["@Task", "Enter"], ".title[aria-sort=ascending]"),
    ("open a task", ["@Check the policy", "Enter"], "#count:not(:empty)"),
]
TASK = [
    ("filter", ["@Filter files", ":txt"], "#count >> text=2 of 4 files"),
    ("filter no more", ["Control+a", "Backspace"], "#count >> text=4 files,"),
    ("sort the files", ["@Size", "Enter"], "[aria-sort=ascending] >> text=Size"),
    ("go to the next row", ["@Download Grüße.txt", "ArrowDown"], ":focus[aria-label='Download someFile.txt']"),
    ("download", ["@Download policy.pdf", "Enter"], "download policy.pdf"),
    ("preview", ["@ceiling.png", "Enter"], "#preview img"),
    ("zoom", ["@Larger", "Enter"], "#preview img.zoomed"),
    ("zoom out", ["@Fit", "Space"], "#preview img:not(.zoomed)"),
    ("previous file", ["@Previous file", "Enter"], "#preview h2 >> text=someFile.txt"),
    ("next file", ["@Next file", "Enter"], "#preview h2 >> text=ceiling.png"),
    ("next file by an arrow", ["ArrowRight"], "pdf policy.pdf"),
    ("download what is shown", ["@Download", "Enter"], "download policy.pdf"),
    ("close", ["@Close", "Enter"], ":focus[aria-label='policy.pdf']"),
    ("close by Escape", ["@someFile.txt", "Enter", "Escape"], ":focus[aria-label='someFile.txt']"),
    ("add to the claim", ["@this task", "ArrowDown"], ":checked[value$='/variables']"),
    ("add to the task", ["ArrowUp"], ":checked[value$='/localVariables']"),
    ("choose a folder", ["@Choose a folder", "Space"], "choose folder"),
    ("upload", ["@Choose files", "Enter"], "choose keys.txt"),
    ("that is in the list", [], "[data-name='keys.txt']"),
    ("dismiss", ["@Dismiss keys.txt", "Enter"], "#uploads:empty"),
    ("copy the link", ["@More for keys.txt", "Enter", "ArrowUp", "Enter"], "#done >> text=The link is copied."),
    ("replace", ["@More for keys.txt", "Enter", "Enter"], "choose new.txt"),
    ("that has its new name", [], "[data-title='new.txt']"),
    ("clear what is done", ["@Clear what is done", "Enter"], "#uploads:empty"),
    ("delete", ["@More for new.txt", "Enter", "ArrowDown", "Enter"], "#delete >> text=Delete new.txt?"),
    ("keep it", ["@Keep it", "Enter"], "#delete:not([open])"),
    ("rather delete it", ["@new.txt", "Space", "Delete", "@Delete it", "Enter"], "#done >> text=Deleting new.txt …"),
    ("undo", ["@Undo", "Enter"], "#done >> text=new.txt stays."),
    ("select", ["@Select new.txt", "Space"], "tr.selected[data-title='new.txt']"),
    ("download as ZIP", ["@Download 1 file as ZIP", "Enter"], "download Check_the_policy.zip"),
    ("select several", ["@ceiling.png", "Space", "Shift+ArrowDown"], "tr.selected >> nth=2"),
    ("delete several", ["@Delete", "Enter"], "#delete >> text=Delete 3 files?"),
    ("by Escape keep them", ["Escape"], "#delete:not([open])"),
    ("select all", ["@Select all files", "Space"], "#zip-chosen >> text=Download 5 files as ZIP"),
    ("select none", ["@ceiling.png", "Escape"], "#zip-chosen >> text=Download as ZIP"),
    ("edit a fact", ["@Change amount", "Enter"], "form.fact :focus"),
    ("save it", ["Control+a", ":1300", "Enter"], "#done >> text=amount is saved."),
    ("edit it again", ["@Change amount", "Enter"], "form.fact :focus"),
    ("leave it", ["@Cancel", "Enter"], ":focus[aria-label='Change amount']"),
    ("upload a name that is taken", ["@Choose files", "Enter"], "choose keys.txt"),
    ("skip", ["@Skip keys.txt", "Enter"], "#uploads:empty"),
    ("upload it once more", ["@Choose files", "Enter"], "choose keys.txt"),
    ("keep both", ["@Keep both keys.txt", "Enter"], "[data-name='keys (2).txt']"),
    ("upload it again", ["@Choose files", "Enter"], "choose keys.txt"),
    ("replace the one there", ["@Replace keys.txt", "Enter"], "[data-title='keys.txt']"),
    ("upload while the desk is busy", ["@Choose files", "Enter"], "choose busy.txt"),
    ("retry", ["@Try again busy.txt", "Enter"], "[data-name='busy.txt']"),
    ("upload a large file", ["@Choose files", "Enter"], "choose film.bin"),
    ("pause", ["@Pause film.bin", "Enter"], "#uploads >> text=Paused, "),
    ("resume", ["@Go on film.bin", "Enter"], "#uploads [data-state=sending]"),
    ("cancel", ["@Cancel film.bin", "Enter"], "#done >> text=film.bin is cancelled."),
    ("log out", ["@Log out", "Enter"], "text=Log in as Ada"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder, FLASK_RECORDING_SIZE=str(RECORDING), FLASK_UNDO_SECONDS="60") as demo:
        yield demo.url


def test_every_action(browser: Browser, url: str) -> None:
    with closing(browser.new_context(permissions=["clipboard-write"])) as profile:
        page = profile.new_page()
        page.goto(url)
        page.route("**/busy.txt/data", lambda route: route.fulfill(status=503, json={}), times=1)
        for action, keys, leads_to in WORKLIST + TASK:
            try:
                perform(page, keys, leads_to)
            except Exception as error:
                error.add_note(f"while trying to {action}")
                raise


def perform(page: Page, keys: list[str], leads_to: str) -> None:
    """Press the keys, and wait for their effect."""
    kind, _, name = leads_to.partition(" ")
    if kind == "download":
        with page.expect_download() as started:
            press(page, keys)
        assert started.value.suggested_filename == name
    elif kind == "choose":
        with page.expect_file_chooser() as asked:
            press(page, keys)
        if name == "film.bin":
            slow_down(page, 1_000_000)
        chosen: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": FILES.get(name, b"")}
        if name in FILES:
            asked.value.set_files(chosen)
    elif kind == "pdf":
        with page.expect_event("framenavigated", is_in_viewer):
            press(page, keys)
        page.locator(f"#preview h2 >> text={name}").wait_for()
    else:
        press(page, keys)
        gone = leads_to.endswith((":empty", ":not([open])"))  # such elements are never visible
        page.locator(leads_to).first.wait_for(state="attached" if gone else "visible")


def is_in_viewer(frame: Frame) -> bool:
    """Whether Chromium's viewer shows a PDF in this frame."""
    return frame.parent_frame is not None and frame.parent_frame.url.startswith("chrome-extension:")


def press(page: Page, keys: list[str]) -> None:
    for key in keys:
        if key.startswith("@"):
            tab_to(page, key[1:])
        elif key.startswith(":"):
            page.keyboard.type(key[1:])
        else:
            page.keyboard.press(key)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until this element has the focus, and check that it is visible."""
    passed = []
    for _ in range(TO_FILES):
        tab(page)
        focused = page.evaluate(FOCUSED)[0]
        passed.append(focused)
        if focused == name:
            # On a busy machine the browser may not have scrolled yet.
            until(lambda: page.evaluate(FOCUSED) == [name, True], f"{name!r} has the focus, but can't be seen")
            return
    raise AssertionError(f"Tab never comes to {name!r}, but to {passed}")


def tab(page: Page) -> None:
    """Press Tab, and wait until the focus has moved. In a PDF it moves late, and a Tab too early skips an element."""
    before = focus(page)
    page.keyboard.press("Tab")
    until(lambda: focus(page) not in (before, None), "Tab does not move the focus")


def focus(page: Page) -> tuple[Frame, int] | None:
    """Return where the focus is, or None while it moves from one frame to another. A PDF is shown in several frames."""
    for frame in reversed(page.frames):  # inner frames first
        if number := frame.evaluate(NUMBER_OF_FOCUSED, bool(frame.child_frames)):
            return frame, number
    return None
