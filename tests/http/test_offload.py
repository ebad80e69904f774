"""Offload: which answers another server sends, and the headers that tell it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_taskvars import File, TaskVars, everybody
from flask_taskvars.settings import Offload
from flask_taskvars.signals import variable_read
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Content, Variable

PATH = "/srv/con tents/ab/abcd"
URL = "https://store.example/bucket/abcd?signature=x"


class Placed(Content):
    """Bytes with a location."""

    size, etag, sha256, modified = 10, "a", None, None

    def __init__(self, place: str | None) -> None:
        self._place = place

    def open_at(self, offset: int) -> Iterator[bytes]:
        yield b"0123456789"[offset:]

    def location(self, content_type: str, disposition: str | None) -> str | None:
        assert disposition == 'attachment; filename="f.txt"'
        return self._place


class PlacedStorage(MemoryStorage):
    """A storage that finds the same file in every task."""

    offloadable = True

    def __init__(self, place: str | None) -> None:
        super().__init__()
        self._place = place

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        return Variable(name, task_id, File(Placed(self._place), filename="f.txt", mimetype="text/plain"))


def ask(offload: Offload, place: str | None, headers: dict[str, str], method: str = "GET") -> TestResponse:
    app = Flask("offloading")
    TaskVars(PlacedStorage(place), everybody, offload=offload).init_app(app)
    return app.test_client().open("/task/t/variables/f/data", method=method, headers=headers)


ETAG = ask("", None, {}).headers["ETag"]
ONE = {"Range": "bytes=2-5"}
SAME = {**ONE, "If-Range": ETAG}
OTHER = {**ONE, "If-Range": '"other"'}
JOINED = {"Range": "bytes=2-3,4-5"}

UNPLAIN = [{"Range": "lines=1"}, {"If-None-Match": '"other"'}, {"If-Match": "*"}]

# The setting, the location of the bytes, the request's headers; and the header of the answer.
HANDED: list[tuple[Offload, str, dict[str, str], dict[str, str]]] = [
    ("x-accel", PATH, {}, {"X-Accel-Redirect": "/taskvars-whole/srv/con%20tents/ab/abcd"}),
    *(
        ("x-accel", PATH, headers, {"X-Accel-Redirect": "/taskvars-files/srv/con%20tents/ab/abcd"})
        for headers in UNPLAIN
    ),
    *(("x-accel", PATH, headers, {"X-Taskvars-Range": "bytes=2-5"}) for headers in (ONE, SAME, JOINED)),
    ("x-accel", PATH, OTHER, {"X-Accel-Redirect": "/taskvars-files/srv/con%20tents/ab/abcd"}),
    ("x-accel", URL, {}, {"X-Accel-Redirect": "/taskvars-objects", "X-Taskvars-Url": URL}),
    ("x-accel", URL, ONE, {"X-Taskvars-Range": "bytes=2-5", "X-Taskvars-Url": URL}),
    *(("x-sendfile", PATH, headers, {"X-Sendfile": PATH}) for headers in ({}, ONE)),
]


@pytest.mark.parametrize(("offload", "place", "headers", "told"), HANDED)
def test_the_header_for_another_server(
    offload: Offload, place: str, headers: dict[str, str], told: dict[str, str]
) -> None:
    answer, own = ask(offload, place, headers), ask("", place, {})
    assert (answer.status_code, answer.data) == (200, b"")
    assert told.items() <= dict(answer.headers).items()
    assert ("X-Taskvars-Range" in answer.headers) == ("X-Taskvars-Range" in told)
    left_out = {"Content-Type", "Last-Modified"} if headers == SAME else set()
    for name in set(own.headers.keys()) - {"Content-Length"} - left_out:
        assert answer.headers[name] == own.headers[name]


@pytest.mark.parametrize("headers", [{}, ONE])
def test_a_redirect_to_the_store(headers: dict[str, str]) -> None:
    answer = ask("redirect", URL, headers)
    assert (answer.status_code, answer.location, answer.headers["Cache-Control"]) == (307, URL, "no-store")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Requests that the app answers itself.
OWN: list[tuple[Offload, str | None, dict[str, str], int]] = [
    *((offload, None, {}, 200) for offload in ("x-accel", "x-sendfile", "redirect")),
    ("x-sendfile", URL, {}, 200),
    ("x-sendfile", "/srv/ä/abcd", {}, 200),
    ("redirect", PATH, {}, 200),
    *(("redirect", URL, headers, status) for headers, status in ((SAME, 206), (OTHER, 200), (JOINED, 206))),
    *(("x-sendfile", PATH, headers, status) for headers, status in ((SAME, 206), (OTHER, 200), (JOINED, 206))),
    ("redirect", URL, {"Range": "bytes=-5"}, 206),
    ("x-sendfile", PATH, {"If-None-Match": '"other"'}, 200),
    ("x-sendfile", PATH, {"Range": "lines=1"}, 200),
    ("x-sendfile", PATH, {"Range": f"bytes=0-{'9' * 40}"}, 206),
    ("x-accel", PATH, {"Range": "bytes=0-0,-1"}, 206),
    ("x-accel", PATH, {"Range": "bytes=99-"}, 416),
    ("x-accel", PATH, {"If-None-Match": ETAG}, 304),
    ("x-accel", PATH, {"If-Match": '"other"'}, 412),
]


@pytest.mark.parametrize(("offload", "place", "headers", "status"), OWN)
def test_answers_that_the_app_sends_itself(
    offload: Offload, place: str | None, headers: dict[str, str], status: int
) -> None:
    answer, own = ask(offload, place, headers), ask("", place, headers)
    assert answer.status_code == own.status_code == status
    assert not {"X-Accel-Redirect", "X-Sendfile", "Location"} & set(answer.headers.keys())
    if not (answer.content_type or "").startswith("multipart/byteranges"):  # its boundary is random
        assert answer.data == own.data


@pytest.mark.parametrize("offload", ["x-accel", "x-sendfile", "redirect"])
def test_head_opens_nothing(offload: Offload) -> None:
    answer = ask(offload, PATH, {}, "HEAD")
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "10")


@pytest.mark.parametrize(("offload", "place"), [("x-accel", PATH), ("x-sendfile", PATH), ("redirect", URL)])
def test_an_offloaded_read_sends_a_signal(offload: Offload, place: str) -> None:
    told: list[str] = []

    def hear(sender: Flask, name: str, **about: object) -> None:
        told.append(name)

    with variable_read.connected_to(hear):
        ask(offload, place, {})
    assert told == ["f"]


@pytest.mark.parametrize(
    ("offload", "place"), [("x-accel", PATH), ("x-sendfile", PATH), ("x-accel", URL), ("redirect", URL)]
)
def test_a_refused_reader_learns_no_location(offload: Offload, place: str) -> None:
    app = Flask("offloading")
    TaskVars(PlacedStorage(place), lambda action, task_id, name: False, offload=offload).init_app(app)
    answer = app.test_client().get("/task/t/variables/f/data")
    assert answer.status_code == 403
    assert not {"X-Accel-Redirect", "X-Taskvars-Url", "X-Sendfile", "Location"} & set(answer.headers.keys())
