"""For any stored file and any request, headers are clean, bytes are whole, and no answer is a 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_taskvars import File
from flask_taskvars.errors import InvalidRequest
from tests.http.conformance import assert_ended, path
from tests.support.desk import Desk, make_desk
from tests.support.rawhttp import Answer, Connection, ask
from tests.support.served_world import HARMLESS, HOSTILE, HOSTILE_TEXTS, NAMED_TASK, NAMES, TASK, name_bytes
from tests.support.servers import Served

pytest_plugins = ["tests.support.served_fixtures"]

DISPOSITION = re.compile(r"""attachment; filename="[^"\\%/:]+"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?""")
TOKEN = r"[\w!#$%&'*^`|~.+-]+"
MEDIA_TYPE = re.compile(rf"""{TOKEN}/{TOKEN}(; {TOKEN}=({TOKEN}|"([^"\\]|\\.)*"))*""", re.ASCII)
PRINTABLE = re.compile(r"[ -~]*")
HEAD_SIZE = 4096
"""The most bytes for all headers of an answer. nginx accepts no more from the app by default."""


def assert_clean(headers: list[tuple[str, str]], expected: set[str]) -> None:
    """Check that the headers are those of a harmless file, and their values printable ASCII."""
    assert {name.lower() for name, _ in headers} == expected
    assert len(headers) == len(expected)
    assert not [value for _, value in headers if not PRINTABLE.fullmatch(value)]
    assert sum(len(name) + len(value) + 4 for name, value in headers) <= HEAD_SIZE
    named = {name.lower(): value for name, value in headers}
    assert DISPOSITION.fullmatch(named["content-disposition"])
    assert MEDIA_TYPE.fullmatch(named["content-type"])


def as_text(answer: Answer) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.fields]


@pytest.mark.tools
@pytest.mark.parametrize("variable", HOSTILE)
def test_hostile_files_over_the_wire(variable: str, server: Served) -> None:
    expected = {name.lower() for name, _ in as_text(ask(server.address, path("hostile-harmless")))}
    with Connection(server.address) as connection:
        answer = connection.ask(path(variable))
        assert (answer.status, answer.body) == (200, HARMLESS.content)
        assert_clean(as_text(answer), expected)
        assert_ended(connection, answer)


def test_parts_of_hostile_files_have_clean_headers(memory_desk: Desk) -> None:
    """This test needs no server, because all servers get the same bytes for the parts."""
    for name, file in HOSTILE.items():
        memory_desk.storage.set(TASK, name, file)
        answer = memory_desk.client.get(path(name), headers={"Range": "bytes=0-3,6-9"})
        assert answer.status_code == 206
        assert re.findall(rb"^\r?\n?([\w-]+):", answer.data, re.MULTILINE) == [b"Content-Type", b"Content-Range"] * 2


@pytest.fixture(scope="module")
def memory_desk() -> Iterator[Desk]:
    with make_desk(None) as desk:
        desk.storage.add_scope(TASK)
        yield desk


@pytest.fixture(scope="module")
def database_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(f"sqlite:///{tmp_path_factory.mktemp('hardening') / 'taskvars.db'}") as desk:
        desk.storage.add_scope(TASK)
        yield desk


DANGEROUS = [*HOSTILE_TEXTS.values(), "\r\n", '"', "\\", ";", "/", "text/plain", "charset=", "é", "."]
ANY_TEXT = st.text(st.characters(codec=None)) | st.lists(st.sampled_from(DANGEROUS) | st.text()).map("".join)
"""Any text, including surrogates, and text made of dangerous pieces."""


@settings(deadline=None, max_examples=200)
@given(filename=ANY_TEXT, mimetype=st.none() | ANY_TEXT, encoding=st.none() | ANY_TEXT)
def test_any_file_has_clean_headers(
    memory_desk: Desk, filename: str, mimetype: str | None, encoding: str | None
) -> None:
    expected = {name.lower() for name, _ in fetch(memory_desk, "plain", HARMLESS).headers}
    file = File(b"content", filename=filename, mimetype=mimetype, encoding=encoding)
    response = fetch(memory_desk, "file", file)
    assert response.status_code == 200
    assert response.data == b"content"
    assert_clean(list(response.headers), expected)


CONDITIONAL = ("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
FRAGMENTS = [
    *("bytes=", "BYTES=", "items=", "0-0", "0-", "-1", "-0", "5-2", "7-99", "9" * 50, "-", ",", " ", "\t", "*", '"'),
    *("{etag}", "W/", '"a,b"', "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"),
]
LATIN = "".join(chr(code) for code in range(256) if chr(code).isprintable())
HEADER = st.lists(st.sampled_from(FRAGMENTS)).map("".join) | st.text(LATIN)


@settings(deadline=None, max_examples=200)
@given(headers=st.dictionaries(st.sampled_from(CONDITIONAL), HEADER))
def test_any_request_headers_get_an_exact_answer(memory_desk: Desk, headers: dict[str, str]) -> None:
    content = HARMLESS.content
    assert isinstance(content, bytes)
    etag = fetch(memory_desk, "plain", HARMLESS).headers["ETag"]
    filled = {name: value.replace("{etag}", etag).strip() for name, value in headers.items()}
    response = memory_desk.client.get(path("plain"), headers=filled)
    assert response.status_code in (200, 206, 304, 412, 416)
    assert response.status_code == 304 or response.headers["Content-Length"] == str(len(response.data))
    if response.status_code == 200:
        assert response.data == content
    elif span := response.content_range:
        assert response.data == content[span.start : span.stop] or response.status_code == 416


def fetch(desk: Desk, name: str, value: object) -> TestResponse:
    desk.storage.set(TASK, name, value)
    return desk.client.get(path(quote(name, safe="")))


def test_any_name_is_served_or_refused(memory_desk: Desk, database_desk: Desk) -> None:
    @settings(deadline=None, max_examples=200)
    @given(name=st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from(NAMES))
    def check(name: str) -> None:
        for desk in (memory_desk, database_desk):
            try:
                response = fetch(desk, name, name_bytes(name))
            except InvalidRequest:  # the database can't store this name
                response = desk.client.get(path(quote(name, safe="")))
            if response.status_code == 200:
                assert response.data == name_bytes(name)
            else:
                assert response.status_code in (400, 404)
                assert_error(response.content_type, response.data)

    check()


def assert_error(content_type: str | None, body: bytes) -> None:
    assert content_type == "application/json"
    assert set(json.loads(body)) == {"type", "message", "code"}


UNREACHABLE: dict[str, Callable[[str], bool]] = {
    "cheroot": lambda name: "/" in name,  # it doesn't decode escaped slashes
    "uwsgi": lambda name: ".." in name or name == ".",  # it resolves dots in the path
}
"""Names that a server changes before the app sees them."""

ROUTELESS = re.compile(r"/|.*\n", re.DOTALL)
"""Names that may get a 404: they start with a slash or contain a line feed."""


@pytest.mark.tools
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_over_the_wire(name: str, server: Served) -> None:
    answer = ask(server.address, path(quote(name, safe=""), NAMED_TASK))
    changed = UNREACHABLE.get(server.name)
    if changed and changed(name):
        assert answer.status in (200, 404)
    elif answer.status == 200 or not ROUTELESS.match(name):
        assert answer.body == name_bytes(name)
    else:
        assert answer.status == 404
        assert_error(answer["Content-Type"], answer.body)


RAW_NAMES = [
    *(b"%ff", b"%C3%28", b"%C0%AF", b"%ED%A0%80", b"%F5%80%80%80", b"%E2%82", b"%00", b"a%00b", b"%u0041"),
    *(b"%zz", b"%", b"%2", b"%25", b"%2500", b"%252F", b"a%252Fb", b"a%2Fb", b"a%2fb", b"%2F", b"%2F%2F", b"/"),
    *(b"a/b", b"a//b", b"a/", b"a%5Cb", b"%0d%0aX-Injected:%201", b"a%0Ab", b"%7f", b"%20", b"+", b"a;b=c", b"%3F"),
    *(b"%23", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"x" * 255, b"x" * 256, b"x" * 4000, b"%F0%9F%98%80" * 1000, b""),
    *(b"'%20OR%201=1--", b"%27;DROP%20TABLE%20taskvars_variable;--", b"{{7*7}}", b"${jndi:x}", b"%3Cscript%3E"),
]
"""Valid URL segments, used as the name of a variable."""

UNSENDABLE = ["你好".encode(), b"\xff", b"\x80a", b'"<script>', b"a\x0bb", b"a\x00b", b"a\x1bb", b"\\^`|"]
"""Segments that RFC 3986 forbids. Some servers refuse them with their own error pages."""


@pytest.mark.tools
@pytest.mark.parametrize("segment", [*RAW_NAMES, *UNSENDABLE], ids=lambda segment: ascii(segment)[2:42])
def test_raw_names_over_the_wire(segment: bytes, server: Served) -> None:
    with Connection(server.address) as connection:
        answer = connection.ask(b"/task/%s/variables/%s/data" % (NAMED_TASK.encode(), segment))
        assert b"X-Injected" not in [name for name, _ in answer.fields]
        if answer.status == 200:
            assert answer.body in map(name_bytes, meanings(segment))
            return
        assert answer.status in (400, 404)
        if segment not in UNSENDABLE:
            assert_error(answer["Content-Type"], answer.body)
            assert_ended(connection, answer)


def meanings(segment: bytes) -> set[str]:
    """Return the names that a URL segment may mean. Cheroot doesn't decode escaped slashes."""
    kept = re.sub(b"%2f", b"%252F", segment, flags=re.IGNORECASE)
    return {unquote_to_bytes(form).decode() for form in (segment, kept)}
