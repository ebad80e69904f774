"""Contents in object stores: nginx sends them as docs/offload.md says, or the store itself after a redirect."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")
pytest.importorskip("requests")

from tests.e2e.test_deploying import nginx
from tests.e2e.test_offload import CASES, FILES, OBJECTS, assert_failed
from tests.http.conformance import Case, path, run
from tests.support import stores
from tests.support.offload_app import fill
from tests.support.rawhttp import ask
from tests.support.relay import Relay, relay
from tests.support.served_world import MULTI
from tests.support.servers import Served, serve

pytestmark = pytest.mark.tools

SPANS: dict[str, tuple[int | None, int | None]] = {
    "": (None, None),
    "5-9": (5, 10),
    "1200000-": (1_200_000, None),
}


@contextmanager
def serving(kind: str, endpoint: str, offload: str, folder: Path) -> Iterator[Served]:
    """Run gunicorn with the variables of `served_world` in their own prefix."""
    contents, url = stores.empty_prefix(kind, endpoint), f"sqlite:///{folder / 'taskvars.db'}"
    env = {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_CONTENTS": contents, "TASKVARS_TEST_OFFLOAD": offload}
    fill(url, contents)
    with serve("gunicorn", folder, "tests.support.offload_app:app", env) as served:
        yield served


@dataclass(frozen=True)
class Behind:
    """A server behind nginx, and the relay through which both talk to the store."""

    served: Served
    store: Relay


@pytest.fixture(scope="module")
def behind(object_store: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    (kind, endpoint), folder = object_store, tmp_path_factory.mktemp("nginx")
    server = FILES.replace("/run/taskvars-files.sock", f"{folder}/files.sock")
    server = server.replace("    location /taskvars-files/ {", f"{OBJECTS}\n    location /taskvars-files/ {{")
    with ExitStack() as stack:
        store = stack.enter_context(relay(endpoint))
        served = stack.enter_context(serving(kind, store.url, "x-accel", folder))
        address = stack.enter_context(nginx(folder, served.address, server))
        yield Behind(replace(served, address=address), store)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_row_of_the_tables(case: Case, behind: Behind) -> None:
    run(case, behind.served)


def test_no_headers_of_the_client_reach_the_store(behind: Behind) -> None:
    behind.store.heard.clear()
    secret = "Authorization: Bearer secret\nCookie: session=secret\nX-Forwarded-For: secret\nReferer: http://secret/"
    assert ask(behind.served.address, path("multi"), f"{secret}\nRange: bytes=5-9").body == MULTI[5:10]
    [asked] = re.findall(rb"^GET .*?\r\n\r\n", b"".join(behind.store.heard), re.MULTILINE | re.DOTALL)
    assert b"secret" not in asked
    assert {line.partition(b":")[0] for line in asked.split(b"\r\n")[1:-2]} == {b"Host", b"Range"}


def test_a_store_that_is_down_is_a_503(behind: Behind) -> None:
    with behind.store.down():
        assert_failed(ask(behind.served.address, path("multi")))
        assert ask(behind.served.address, path("bytes")).status == 200
    assert ask(behind.served.address, path("multi")).body == MULTI


@pytest.fixture(scope="module")
def redirecting(object_store: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    kind, endpoint = object_store
    with serving(kind, endpoint, "redirect", tmp_path_factory.mktemp("redirect")) as served:
        yield replace(served, name=kind)


@pytest.mark.parametrize("span", SPANS)
def test_clients_follow_to_the_store(span: str, redirecting: Served, tmp_path: Path) -> None:
    """They get the bytes. On S3 they also get the type and the name, which Azure's URLs can't carry."""
    import requests

    url, (start, end) = f"http://{redirecting.address}{path('multi')}", SPANS[span]
    answer = requests.get(url, headers={"Range": f"bytes={span}"} if span else {}, timeout=30)
    assert [one.status_code for one in (*answer.history, answer)] == [307, 206 if span else 200]
    assert answer.content == MULTI[start:end]
    shown = (answer.headers["Content-Type"], answer.headers.get("Content-Disposition"))
    named, nameless = ("application/x-noise", 'attachment; filename="multi.bin"'), ("application/octet-stream", None)
    assert shown == (named if redirecting.name == "s3" else nameless)
    curl = ["curl", "-sSfL", "-OJ" if redirecting.name == "s3" else "-omulti.bin", *(["-r", span] if span else []), url]
    subprocess.run(curl, check=True, cwd=tmp_path, timeout=60)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("multi.bin", MULTI[start:end])]


@pytest.mark.parametrize("object_store", ["s3"], indirect=True)
def test_the_url_holds_for_a_minute_and_for_one_answer(redirecting: Served) -> None:
    import requests

    answer = ask(redirecting.address, path("multi"))
    assert (answer.status, answer.body, answer["Cache-Control"]) == (307, b"", "no-store")
    assert parse_qs(urlsplit(answer["Location"]).query)["X-Amz-Expires"] == ["60"]
    older = re.sub(r"X-Amz-Date=\d{8}", "X-Amz-Date=20200101", answer["Location"])
    page = re.sub("response-content-type=[^&]*", "response-content-type=text%2Fhtml", answer["Location"])
    shown = re.sub("response-content-disposition=[^&]*", "response-content-disposition=inline", answer["Location"])
    longer = answer["Location"].replace("X-Amz-Expires=60", "X-Amz-Expires=3600")
    other = re.sub("[0-9a-f]{32}[?]", f"{'0' * 32}?", answer["Location"])
    assert len({page, shown, longer, other, answer["Location"]}) == 5
    for changed in (older, longer, page, shown, other):
        assert requests.get(changed, timeout=30).status_code in (400, 403)


def test_the_app_itself_answers_requests_that_the_store_would_answer_differently(redirecting: Served) -> None:
    """The store has other tags and dates, and Azure does not support ranges such as `bytes=-5`."""
    etag = ask(redirecting.address, path("multi"), method="HEAD")["ETag"]
    for headers, status in {
        f"Range: bytes=5-9\nIf-Range: {etag}": 206,
        'Range: bytes=5-9\nIf-Range: "other"': 200,
        f"If-None-Match: {etag}": 304,
        'If-Match: "other"': 412,
        "Range: bytes=0-0,9-9": 206,
        "Range: bytes=-5": 206,
        "Range: bytes=1200007-": 416,
    }.items():
        assert ask(redirecting.address, path("multi"), headers).status == status
