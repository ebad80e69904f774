"""The requests of the conformance tables, and checks of their answers against RFC 9110."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from flask_taskvars.http.hardened import HARDENING
from tests.support.rawhttp import Answer, Connection
from tests.support.served_world import TASK, stored
from tests.support.servers import Served

CONNECTION_ONLY = {"connection", "date", "keep-alive", "server"}
"""Headers that servers add. They describe the connection or the moment, not the variable."""

ETAG = re.compile(r'"[\x21\x23-\x7e]+"')


@dataclass(frozen=True)
class Case:
    """A row of a table: one request and its expected answer.

    :param clause: the section of RFC 9110 that demands it.
    :param headers: the request's header lines; :func:`facts` fills in the braces.
    :param ranges: the first and last byte of each part of a 206, in order.
    """

    name: str
    clause: str
    headers: str
    status: int
    ranges: tuple[tuple[int, int], ...] = ()
    variable: str = "multi"
    method: str = "GET"

    def __str__(self) -> str:
        return self.name


def path(variable: str, task: str = TASK) -> str:
    """Return the path of a variable's bytes. The name is not escaped."""
    return f"/task/{task}/variables/{variable}/data"


def run(case: Case, server: Served) -> None:
    """Send the request on a kept-alive connection. Check the answer and its exact end."""
    with Connection(server.address) as connection:
        plain = connection.ask(path(case.variable), method="HEAD")
        headers = case.headers.format(**facts(plain)) if "ETag" in plain else case.headers
        answer = connection.ask(path(case.variable), headers, case.method)
        assert answer.status == case.status, f"RFC 9110 {case.clause}"
        CHECKS[case.status](case, plain, answer)
        assert_ended(connection, answer)


def facts(plain: Answer) -> dict[str, str]:
    """Return what a client can put into a condition: the tag, the date in three forms, and dates around it."""
    known = {"etag": plain["ETag"], "opaque": plain["ETag"].strip('"')}
    if "Last-Modified" in plain:
        modified = parsedate_to_datetime(plain["Last-Modified"])
        for name, seconds in (("earlier", -1), ("same", 0), ("later", 1)):
            moment = modified + timedelta(seconds=seconds)
            known |= {f"{name}{form}": text for form, text in dates(moment).items()}
    return known


def dates(moment: datetime) -> dict[str, str]:
    """Write a moment in the three forms of an HTTP-date (RFC 9110 5.6.7)."""
    return {
        "": format_datetime(moment, usegmt=True),
        "_rfc850": f"{moment:%A, %d-%b-%y %H:%M:%S} GMT",
        "_asctime": f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}",
    }


def assert_ended(connection: Connection, answer: Answer) -> None:
    """Check that no byte follows an answer, before the next answer or the end of the connection."""
    if (answer.get("Connection") or "").lower() == "close":
        assert connection.read(1) == b""
        return
    assert connection.ask(path("untyped")).body == stored("untyped")


def described(answer: Answer) -> dict[str, str]:
    """Return the headers of an answer that describe the variable."""
    names = [name.decode("ascii").lower() for name, _ in answer.fields]
    assert len(names) == len(set(names)), "a header occurs twice"
    return {name: answer[name] for name in names if name not in CONNECTION_ONLY}


def check_full(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a 200 (15.3.1). HEAD has the same headers (9.3.2), also the content's Content-Length (8.6)."""
    content = stored(case.variable)
    assert described(answer) == described(plain)
    assert answer["Content-Length"] == str(len(content))
    assert answer.body == (b"" if case.method == "HEAD" else content)
    assert "Content-Range" not in answer
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Repr-Digest"] == f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"
    assert ETAG.fullmatch(answer["ETag"])


def check_partial(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a 206 (15.3.7): it has the headers of the 200. After If-Range (13.1.5), the client has some already."""
    expected, shown = described(plain), described(answer)
    content = stored(case.variable)
    wanted = [(f"bytes {one}-{two}/{len(content)}", content[one : two + 1]) for one, two in case.ranges]
    if "If-Range" in case.headers:
        del expected["last-modified"]
        if len(wanted) == 1:
            del expected["content-type"]
    if len(wanted) == 1:
        assert [(shown.pop("content-range"), answer.body)] == wanted
    else:
        assert "content-range" not in shown, "15.3.7.2: forbidden in the headers of a multipart answer"
        assert parts(answer, plain["Content-Type"]) == wanted
        expected["content-type"] = shown["content-type"]
    assert int(shown["content-length"]) == len(answer.body)
    assert shown == expected | {"content-length": shown["content-length"]}


def parts(answer: Answer, content_type: str) -> list[tuple[str, bytes]]:
    """Read `multipart/byteranges` (14.6) by the lengths that its parts declare. Each part has the whole's type."""
    kind = re.fullmatch(r"multipart/byteranges; boundary=([0-9A-Za-z]{1,70})", answer["Content-Type"])
    assert kind, answer["Content-Type"]
    delimiter, rest, found = b"--" + kind[1].encode(), b"\r\n" + answer.body, []
    while not rest.startswith(b"\r\n" + delimiter + b"--"):
        head, blank, rest = rest.partition(b"\r\n\r\n")
        assert blank
        start, *fields = head.decode("ascii").removeprefix("\r\n").split("\r\n")
        assert start == delimiter.decode("ascii")
        named = dict(field.split(": ") for field in fields)
        assert named.pop("Content-Type") == content_type
        [(name, value)] = named.items()
        assert name == "Content-Range"
        span = re.fullmatch(r"bytes ([0-9]+)-([0-9]+)/[0-9]+", value)
        assert span, value
        length = int(span[2]) - int(span[1]) + 1
        found.append((value, rest[:length]))
        rest = rest[length:]
    assert rest == b"\r\n" + delimiter + b"--\r\n"
    return found


def check_not_modified(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a 304 (15.4.5): it has the headers that update a cache, and none that describe a content.

    The hardening headers are among the former: a cache takes them from the 304 (RFC 9111 3.2), and the host could
    otherwise set its own.
    """
    kept = ("etag", "cache-control", "vary", *map(str.lower, HARDENING))
    assert described(answer) == {name: plain[name] for name in kept}
    assert answer.body == b""


def check_problem(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a JSON error. It has no headers about the variable's content."""
    assert answer["Content-Type"] == "application/json"
    assert "Content-Range" not in answer
    assert "Repr-Digest" not in answer
    if case.method == "HEAD":
        assert answer.body == b""
    else:
        assert set(json.loads(answer.body)) == {"type", "message", "code"}


def check_precondition_failed(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a 412 (15.5.13). The ETag (8.8.3) tells the client the present version."""
    check_problem(case, plain, answer)
    assert answer["ETag"] == plain["ETag"]


def check_unsatisfiable(case: Case, plain: Answer, answer: Answer) -> None:
    """Check a 416 (15.5.17): Content-Range has the current length."""
    assert answer["Content-Range"] == f"bytes */{len(stored(case.variable))}"
    assert answer["Content-Type"] == "application/json"
    assert set(json.loads(answer.body)) == {"type", "message", "code"}


CHECKS = {
    200: check_full,
    206: check_partial,
    304: check_not_modified,
    400: check_problem,
    404: check_problem,
    412: check_precondition_failed,
    416: check_unsatisfiable,
}
