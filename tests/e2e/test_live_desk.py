"""The demo's second page: the same desk on the database of a real Camunda 7."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import urllib3

from tests.conftest import missing
from tests.e2e.desk_visits import ask, log_in, more, preview, said
from tests.engine.server import running_engine
from tests.support.browser import chromium, new_tab
from tests.support.databases import Missing
from tests.support.demo import serving

pytestmark = pytest.mark.tools

PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="desk"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <process id="claim" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start"/> <parallelGateway id="fork"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="fork"/>
    <sequenceFlow id="f2" sourceRef="fork" targetRef="check"/>
    <sequenceFlow id="f3" sourceRef="fork" targetRef="assess"/>
    <sequenceFlow id="f4" sourceRef="fork" targetRef="anybody"/>
    <userTask id="check" name="Check the claim" camunda:assignee="ada"/>
    <userTask id="assess" name="Assess the claim" camunda:assignee="ben"/>
    <userTask id="anybody"/>
  </process>
</definitions>"""
SCAN = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def database(postgresql_url: str) -> str:
    """The URL of a separate database, in which no other test has tasks."""
    engine = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE live_desk"))
    engine.dispose()
    return sa.make_url(postgresql_url).set(database="live_desk").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def rest(database: str) -> Iterator[str]:
    """The REST API of an engine with one claim."""
    try:
        with running_engine("camunda", database) as base:
            form = {"claim.bpmn": ("claim.bpmn", PROCESS.decode())}
            deployed = urllib3.request("POST", f"{base}/deployment/create", fields=form, timeout=120)
            assert deployed.status == 200
            scan = {"type": "File", "value": b64encode(SCAN).decode(), "valueInfo": {"filename": "scan.bin"}}
            variables = {"scan": scan, "amount": {"type": "Integer", "value": 1250}}
            call(base, "POST", "/process-definition/key/claim/start", {"variables": variables})
            yield base
    except Missing as absence:
        missing(str(absence))


def call(base: str, method: str, path: str, document: object = None) -> Any:
    answer = urllib3.request(method, f"{base}{path}", json=document, timeout=120)
    assert answer.status in (200, 204), answer.data
    return json.loads(answer.data) if answer.data else None


def task_id(base: str, key: str) -> str:
    [task] = call(base, "GET", f"/task?taskDefinitionKey={key}")
    return str(task["id"])


def test_the_same_desk(rest: str, database: str, tmp_path: Path) -> None:
    own, other = (task_id(rest, key) for key in ("check", "assess"))
    engine = {"FLASK_ENGINE_DATABASE_URI": database, "FLASK_ENGINE_REST_URL": rest}
    note = tmp_path / "note.txt"
    note.write_bytes(b"paid")
    with (
        serving(tmp_path, FLASK_RECORDING_SIZE="1000", FLASK_UNDO_SECONDS="1", **engine) as demo,
        chromium() as browser,
        new_tab(browser) as page,
    ):
        page.goto(demo.url)
        log_in(page, "Ada")
        page.get_by_role("link", name="Live engine").click()
        page.get_by_role("link", name="Check the claim").wait_for()
        assert page.locator(".tasks a").all_inner_texts() == ["Check the claim", "anybody"]
        page.get_by_role("link", name="Check the claim").click()
        page.wait_for_load_state()
        assert "1,250 From the process" in " ".join(page.locator("#facts").inner_text().split())
        with page.expect_download() as started:
            page.get_by_role("link", name="Download scan.bin").click()
        assert started.value.path().read_bytes() == SCAN

        page.locator("#chosen").set_input_files(note)
        said(page, "note.txt is stored.")
        [stored] = call(rest, "GET", f"/variable-instance?taskIdIn={own}")
        assert (stored["name"], stored["valueInfo"]["filename"]) == ("note.txt", "note.txt")
        preview(page, "note.txt")
        page.locator(".shown").get_by_text("paid").wait_for()
        page.keyboard.press("Escape")
        more(page, "note.txt", "Delete")
        page.get_by_role("button", name="Delete it").click()
        said(page, "note.txt is deleted.")
        assert call(rest, "GET", f"/variable-instance?taskIdIn={own}") == []

        assert ask(f"{demo.url}/engine-rest/task/{other}/variables/scan/data")[0] == 403
        assert ask(f"{demo.url}/engine-rest/task/{other}/variables/scan/data", "ben") == (200, SCAN)
        assert ask(f"{demo.url}/live/tasks/{other}")[0] == 404


def test_without_a_rest_api_it_is_read_only(rest: str, database: str, tmp_path: Path) -> None:
    own = task_id(rest, "check")
    with serving(tmp_path, FLASK_RECORDING_SIZE="1000", FLASK_ENGINE_DATABASE_URI=database) as demo:
        status, page = ask(f"{demo.url}/live/tasks/{own}")
        changes = (b"Replace \xe2\x80\xa6" in page, b"Choose files" in page)
        assert (status, b"Download" in page, *changes) == (200, True, False, False)
        assert ask(f"{demo.url}/tasks/aTaskId")[0] == 200
