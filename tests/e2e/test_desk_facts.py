"""The demo's facts in a browser. They are edited in place, and never overwrite a change that the user hasn't seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.desk_visits import ask, browser, desk, page, said, url
from tests.support.demo import authorization

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

__all__ = ["browser", "desk", "page", "url"]  # fixtures
pytestmark = pytest.mark.tools


def change(page: Page, name: str) -> Locator:
    """Open a fact's field with the keyboard."""
    page.get_by_role("button", name=f"Change {name}", exact=True).press("Enter")
    field = page.locator("form.fact").get_by_label(name, exact=True)
    field.wait_for()
    return field


def stored(url: str, name: str) -> Any:
    return json.loads(ask(f"{url}/task/aTaskId/variables/{name}")[1])


def test_each_type_has_its_field(desk: Page, url: str) -> None:
    assert desk.request.put(f"{url}/task/aTaskId/localVariables/urgent", data={"value": False}).status == 204
    desk.reload()
    for name, kind, value, shown in (
        ("amount", "number", "1300", "1,300"),
        ("insured", "text", "Grace O'Sample", "Grace O'Sample"),
        ("due", "datetime-local", "2030-01-02T03:04:05", "Jan 2, 2030"),
        ("urgent", "checkbox", None, "yes"),
    ):
        field = change(desk, name)
        assert field.get_attribute("type") == kind
        if value is None:
            field.check()
        else:
            field.fill(value)
        desk.keyboard.press("Enter")
        said(desk, f"{name} is saved.")
        assert shown in desk.locator(f"[data-fact={name}]").inner_text()
        assert desk.evaluate("document.activeElement.id") == f"{name}-edit", "the focus is not where it was"
    assert stored(url, "amount") == {"type": "Integer", "value": 1300, "valueInfo": {}}
    assert stored(url, "urgent")["value"] is True
    assert stored(url, "due")["type"] == "Date"


def test_a_faster_change_is_shown_and_not_overwritten(desk: Page, url: str) -> None:
    field = change(desk, "insured")
    ben = {"Authorization": authorization("ben"), "Cookie": ""}
    theirs = desk.request.put(
        f"{url}/task/assess-damage/variables/insured", data={"type": "String", "value": "Ben's"}, headers=ben
    )
    assert theirs.status == 204
    field.fill("mine")
    desk.keyboard.press("Enter")
    desk.get_by_text("Ben Moreau changed this 1 minute ago. It is Ben's now: save again to replace it.").wait_for()
    assert stored(url, "insured")["value"] == "Ben's"
    desk.keyboard.press("Enter")
    said(desk, "insured is saved.")
    assert stored(url, "insured")["value"] == "mine"
    change(desk, "insured").fill("never")
    desk.locator("form.fact").get_by_role("button", name="Cancel").click()
    desk.locator("#facts").get_by_text("mine").wait_for()
    assert stored(url, "insured")["value"] == "mine"
