"""httplint, a linter for HTTP messages, checks every kind of answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.http.conformance import path
from tests.support.rawhttp import Answer, ask
from tests.support.served_world import VARIABLES
from tests.support.servers import Served

if TYPE_CHECKING:
    from httplint import Note

pytest_plugins = ["tests.support.served_fixtures"]
pytestmark = pytest.mark.tools

REQUESTS = [
    ("GET", ""),
    ("HEAD", ""),
    ("GET", "Range: bytes=1-2"),
    ("GET", "Range: bytes=0-0,2-3"),
    ("GET", "Range: bytes=99999999-"),
    ("GET", "If-Range: {etag}\nRange: bytes=1-2"),
    ("GET", "If-None-Match: {etag}"),
    ("HEAD", "If-None-Match: {etag}"),
    ("GET", 'If-Match: "x"'),
    ("OPTIONS", ""),
    ("PATCH", ""),
]


def notes(method: str, variable: str, headers: str, answer: Answer) -> list[Note]:
    """Return all notes of httplint about an answer to this request."""
    # Imported here, so that this module can be collected in runs with the oldest packages, which have no httplint.
    from httplint import HttpRequestLinter, HttpResponseLinter

    asked, answered = HttpRequestLinter(start_time=time.time()), HttpResponseLinter(start_time=time.time())
    asked.process_request_topline(method.encode(), b"http://127.0.0.1" + path(variable).encode(), b"1.1")
    lines = [line.partition(": ") for line in ("User-Agent: tests", *headers.splitlines())]
    asked.process_headers([(name.encode(), value.encode()) for name, _, value in lines])
    asked.finish_content(True)
    answered.request = asked
    answered.is_head_response = method == "HEAD"
    answered.process_response_topline(b"1.1", str(answer.status).encode())
    answered.process_headers(answer.fields)
    answered.feed_content(answer.body)
    answered.finish_content(True)
    return list(flat(answered.notes))


def flat(found: Iterable[Note]) -> Iterator[Note]:
    for note in found:
        yield note
        yield from flat(note.subnotes)


def excused(answer: Answer) -> set[str]:
    """Return the notes to ignore: they are wrong, or concern the server and not the app."""
    names = set()
    if answer.status == 400:
        names.add("STATUS_BAD_REQUEST")  # it warns of the status itself, which the contract demands
    if (answer.get("Content-Type") or "").startswith("multipart/byteranges"):
        names.add("PARTIAL_WITHOUT_RANGE")  # RFC 9110 15.3.7.2: a Content-Range MUST NOT be there
    return names


@pytest.mark.parametrize("variable", [*VARIABLES, "absent"])
def test_httplint_finds_no_faults(variable: str, server: Served) -> None:
    from httplint import levels

    etag = ask(server.address, path(variable), method="HEAD").get("ETag") or '"none"'
    for method, template in REQUESTS:
        headers = template.format(etag=etag)
        answer = ask(server.address, path(variable), headers, method)
        said = notes(method, variable, headers, answer)
        assert said, "httplint always has notes, at least good ones"
        bad = {type(note).__name__: str(note) for note in said if note.level in (levels.WARN, levels.BAD)}
        assert not bad.keys() - excused(answer), (method, headers, answer.status, bad)
