"""The rest of RFC 9110: the same headers on all answers, HEAD, methods, and exact lengths on the wire."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from email.utils import parsedate_to_datetime

import pytest

from flask_taskvars import Value
from tests.http.conformance import Case, assert_ended, check_problem, described, path, run
from tests.support.rawhttp import Answer, Connection, ask, request
from tests.support.served_world import TASK, VARIABLES, stored
from tests.support.servers import NO_PIPELINES, Served

pytest_plugins = ["tests.support.served_fixtures"]
pytestmark = pytest.mark.tools

BINARY = [name for name, value in VARIABLES.items() if not isinstance(value, Value)]
CONTENT = [name for name in BINARY if stored(name)]
HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("variable", BINARY)
def test_every_variable_is_served_whole(variable: str, method: str, server: Served) -> None:
    run(Case(variable, "15.3.1, 9.3.2", "", 200, (), variable, method), server)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("variable", "status"), [("absent", 404), ("string", 400)])
def test_errors_have_exact_lengths(variable: str, status: int, method: str, server: Served) -> None:
    run(Case(variable, "8.6", "", status, (), variable, method), server)


@pytest.mark.parametrize("variable", CONTENT)
def test_validators_and_digest_are_the_same_on_every_answer(variable: str, server: Served) -> None:
    """A representation has one tag (8.8.3) and one digest (RFC 9530 3), whichever part of it is sent."""
    with Connection(server.address) as connection:
        answers = [
            connection.ask(path(variable)),
            connection.ask(path(variable), method="HEAD"),
            connection.ask(path(variable), "Range: bytes=1-2"),
            connection.ask(path(variable), "Range: bytes=0-0,2-3"),
            connection.ask(path(variable), "Range: bytes=-1\nIf-Match: *"),
        ]
    assert [answer.status for answer in answers] == [200, 200, 206, 206, 206]
    for name in ("ETag", "Repr-Digest", "Accept-Ranges", "Cache-Control", *HARDENING):
        assert len({answer[name] for answer in answers}) == 1, name
    digest = answers[0]["Repr-Digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest, validate=True) == hashlib.sha256(stored(variable)).digest()


@pytest.mark.parametrize(
    "headers", ["", "Range: bytes=0-0", "Range: bytes=0-0,2-3", "If-Range: {etag}\nRange: bytes=0-0"]
)
def test_contents_are_hardened(headers: str, server: Served) -> None:
    etag = ask(server.address, path("typed"), method="HEAD")["ETag"]
    answer = ask(server.address, path("typed"), headers.format(etag=etag))
    assert {name: answer[name] for name in HARDENING} == HARDENING
    assert answer["Content-Disposition"] == 'attachment; filename="report.pdf"'


def test_different_contents_have_different_tags(server: Served) -> None:
    """The tag is a strong validator (8.8.1)."""
    tags = [ask(server.address, path(name), method="HEAD")["ETag"] for name in CONTENT]
    assert len(set(tags)) == len(CONTENT)


@pytest.mark.parametrize("variable", BINARY)
def test_dates(variable: str, server: Served) -> None:
    """An answer has one Date (6.6.1), and its Last-Modified is not later (8.8.2.1)."""
    answer = ask(server.address, path(variable), method="HEAD")
    date = parsedate_to_datetime(answer["Date"])  # fails if there are two
    if "Last-Modified" in answer:
        assert parsedate_to_datetime(answer["Last-Modified"]) <= date
    assert ("Last-Modified" in answer) == (not variable.startswith("null"))


@pytest.mark.parametrize("variable", [*(f"/{name}" for name in VARIABLES), ""])
def test_documents_have_conditions_and_exact_lengths_too(variable: str, server: Served) -> None:
    """This holds for the JSON of one or all variables (13.1, 9.3.2). It has no ranges: Range is ignored (14.2)."""
    target = f"/task/{TASK}/variables{variable}"
    with Connection(server.address) as connection:
        plain = connection.ask(target)
        assert plain.status == 200
        assert plain["Content-Type"] == "application/json"
        json.loads(plain.body)
        etag = plain["ETag"]
        head = connection.ask(target, method="HEAD")
        assert described(head) == described(plain)
        ranged = connection.ask(target, f"Range: bytes=0-0\nIf-Match: {etag}")
        assert (ranged.status, ranged.body) == (200, plain.body)
        assert connection.ask(target, 'If-Match: "x"').status == 412
        fresh = connection.ask(target, f'If-None-Match: "a,b", W/{etag}')
        assert fresh.status == 304
        assert described(fresh).items() <= described(plain).items()
        assert_ended(connection, fresh)


def allowed(answer: Answer) -> set[str]:
    return {method.strip() for method in answer["Allow"].split(",")}


@pytest.mark.parametrize("variable", ["multi", "empty", "string", "absent"])
def test_options_names_the_methods(variable: str, server: Served) -> None:
    """See 9.3.7 and 10.2.1."""
    with Connection(server.address) as connection:
        answer = connection.ask(path(variable), method="OPTIONS")
        assert answer.status in (200, 204)
        assert {"GET", "HEAD", "OPTIONS"} <= allowed(answer)
        assert answer.body == b""
        assert_ended(connection, answer)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(method: str, server: Served) -> None:
    """See 15.5.6."""
    with Connection(server.address) as connection:
        plain = connection.ask(path("multi"), method="HEAD")
        answer = connection.ask(path("multi"), "If-Match: *\nRange: bytes=0-0\nContent-Length: 0", method)
        assert answer.status == 405
        assert {"GET", "HEAD", "OPTIONS"} <= allowed(answer)
        assert method not in allowed(answer)
        check_problem(Case(method, "15.5.6", "", 405, method=method), plain, answer)
        assert_ended(connection, answer)


ROUND = [
    ("GET", "multi", ""),
    ("HEAD", "multi", ""),
    ("GET", "empty", ""),
    ("GET", "multi", "Range: bytes=0-262144"),
    ("GET", "multi", "Range: bytes=0-0,7-262150"),
    ("GET", "multi", "Range: bytes=9999999-"),
    ("GET", "null", ""),
    ("GET", "multi", 'If-Match: "x"'),
    ("HEAD", "absent", ""),
    ("GET", "absent", ""),
    ("GET", "string", ""),
    ("HEAD", "null-file", ""),
    ("GET", "block", ""),
    ("OPTIONS", "block", ""),
    ("GET", "inline", ""),
]
"""Every kind of answer except 304, after which one server closes the connection."""


def test_one_connection_carries_every_kind_of_answer(server: Served) -> None:
    """The next bytes after an answer are those of the next answer (RFC 9112 9.3)."""
    apart = [ask(server.address, path(variable), headers, method) for method, variable, headers in ROUND]
    with Connection(server.address) as connection:
        together = [connection.ask(path(variable), headers, method) for method, variable, headers in ROUND]
        assert_ended(connection, together[-1])
    assert [(one.status, len(one.body)) for one in together] == [(one.status, len(one.body)) for one in apart]


def test_pipelined_requests_are_answered_in_order(server: Served) -> None:
    """See RFC 9112 9.3.2."""
    if server.name in NO_PIPELINES:
        pytest.skip(f"{server.name} takes one request at a time")
    with Connection(server.address) as connection:
        last = request(path("untyped"), "Connection: close")
        connection.send(b"".join(request(path(name), headers, method) for method, name, headers in ROUND) + last)
        for method, variable, headers in ROUND:
            answer = connection.answer(method)
            if (method, headers) == ("GET", "") and variable in BINARY:
                assert answer.body == stored(variable)
        assert connection.answer().body == stored("untyped")
        assert connection.read(1) == b""
