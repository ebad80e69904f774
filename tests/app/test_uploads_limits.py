"""Limits for the size of a request. Ours count for our routes, the host's for the host's routes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import request

from tests.support.desk import Desk, make_desk
from tests.support.forms import CONTENT_TYPE, END, chunk_rows, message, part, upload
from tests.support.served_world import noise

V = "/task/t/variables/v"
JSON = "application/json"
HOST = {"MAX_CONTENT_LENGTH": 500_000, "MAX_FORM_MEMORY_SIZE": 200, "MAX_FORM_PARTS": 1}
OURS = {"TASKVARS_MAX_CONTENT_LENGTH": 1_000_000, "TASKVARS_MAX_JSON_LENGTH": 1000}


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Desk]:
    """A mount with small limits, in a host that has only Flask's own limits."""
    with make_desk(f"sqlite:///{tmp_path / 'taskvars.db'}", **OURS) as desk:
        desk.storage.add_scope("t")
        yield desk


@pytest.fixture
def narrow() -> Iterator[Desk]:
    """A host whose own limits are smaller than the mount's, with a route that reads forms."""
    with make_desk(None, **HOST) as desk:
        desk.storage.add_scope("t")

        @desk.app.post("/host")
        def host() -> dict[str, object]:
            return {"form": request.form, "files": len(request.files), "limit": request.max_content_length}

        yield desk


def form_of(size: int) -> bytes:
    """Make a form of exactly `size` bytes."""
    around = len(part("data", b"") + END)
    return part("data", noise(size - around)) + END


@pytest.mark.parametrize("size", [999_999, 1_000_001, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_has_a_limit(limited: Desk, size: int, chunked: bool) -> None:
    headers = {"Transfer-Encoding": "chunked"} if chunked else {}
    environ = {"wsgi.input_terminated": True} if chunked else {}
    answer = limited.client.post(
        f"{V}/data", data=form_of(size), content_type=CONTENT_TYPE, headers=headers, environ_overrides=environ
    )
    if size < 1_000_000:
        assert answer.status_code == 204
        return
    assert (answer.status_code, answer.content_type) == (413, JSON)
    assert answer.json == {
        "type": "RequestEntityTooLargeException",
        "message": "The request is longer than 1000000 bytes, or its form is.",
        "code": None,
    }
    assert (chunk_rows(limited), limited.client.get(V).status_code) == (0, 404)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_document_has_a_limit(limited: Desk, method: str) -> None:
    path = V if method == "PUT" else "/task/t/variables"
    for size, status in ((1000, 204), (1001, 413)):
        body = b"{}".ljust(size)
        answer = limited.client.open(path, method=method, data=body, content_type=JSON)
        assert answer.status_code == status
    assert message(answer) == "The request is longer than 1000 bytes, or its form is."
    assert limited.client.get(V).status_code == (200 if method == "PUT" else 404)


@pytest.mark.parametrize(("size", "status"), [(1000, 204), (1001, 413)])
def test_a_text_in_a_form_has_the_limit_of_a_document(limited: Desk, size: int, status: int) -> None:
    answer = upload(limited, "t/variables/v", part("data", "x" * size), part("valueType", "String"))
    assert answer.status_code == status
    if status == 413:
        assert message(answer) == "A value that is not a file may have at most 1000 bytes."


def test_a_smaller_limit_of_the_host_wins(narrow: Desk) -> None:
    for size, status in ((500_000, 204), (500_001, 413)):
        answer = narrow.client.post(f"{V}/data", data=form_of(size), content_type=CONTENT_TYPE)
        assert answer.status_code == status
        assert narrow.client.put(V, data=b"{}".ljust(size), content_type=JSON).status_code == status
    assert message(answer) == "The request is longer than 500000 bytes, or its form is."


def test_a_larger_limit_of_the_host_changes_nothing(limited: Desk) -> None:
    limited.app.config["MAX_CONTENT_LENGTH"] = 2_000_000
    for size, status in ((1_000_000, 204), (1_000_001, 413)):
        assert limited.client.post(f"{V}/data", data=form_of(size), content_type=CONTENT_TYPE).status_code == status
    assert limited.client.put(V, data=b"{}".ljust(1001), content_type=JSON).status_code == 413


def test_a_limit_that_the_host_sets_for_one_request_counts(narrow: Desk) -> None:
    @narrow.app.before_request
    def widen() -> None:
        request.max_content_length = 600_000

    for size, status in ((600_000, 204), (600_001, 413)):
        assert narrow.client.post(f"{V}/data", data=form_of(size), content_type=CONTENT_TYPE).status_code == status


def test_the_hosts_memory_limit_counts_for_fields_of_a_form(narrow: Desk) -> None:
    """MAX_FORM_MEMORY_SIZE limits fields that are kept in memory. Bytes and Files are never kept there."""
    for size, status in ((200, 204), (201, 413)):
        assert (
            upload(narrow, "t/variables/v", part("data", "x" * size), part("valueType", "String")).status_code == status
        )
        assert upload(narrow, "t/variables/v", part("data", "x"), part("valueType", "x" * size)).status_code == max(
            status, 400
        )
    assert upload(narrow, "t/variables/v", part("data", noise(400_000)), part("valueType", "Bytes")).status_code == 204


def test_the_hosts_own_routes_keep_the_hosts_limits(narrow: Desk) -> None:
    form = part("data", "x") + END
    answer = narrow.client.post("/host", data=form, content_type=CONTENT_TYPE)
    assert answer.json == {"form": {"data": "x"}, "files": 0, "limit": 500_000}
    for too_much in (b"x" * 500_001, part("a", "b") * 2 + END, part("data", "x" * 201) + END):
        assert narrow.client.post("/host", data=too_much, content_type=CONTENT_TYPE).status_code == 413


def test_base64_in_a_document(limited: Desk) -> None:
    text = "QUJD" * 200
    for document in ({"type": "Bytes", "value": text}, {"type": "File", "value": text, "valueInfo": {"filename": "f"}}):
        assert limited.client.put(V, json=document).status_code == 204
        assert limited.client.get(f"{V}/data").data == b"ABC" * 200
    assert limited.client.put(V, json={"type": "Bytes", "value": text * 2}).status_code == 413


class BrokenChunk(Exception):
    """An error like the one that gunicorn raises."""


@pytest.mark.parametrize("error", [BrokenChunk, ValueError, OSError])
@pytest.mark.parametrize(("method", "path", "kind"), [("PUT", V, JSON), ("POST", f"{V}/data", CONTENT_TYPE)])
def test_a_body_that_does_not_arrive(limited: Desk, method: str, path: str, kind: str, error: type[Exception]) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise error

    environ = {"wsgi.input": Broken(), "wsgi.input_terminated": True}
    answer = limited.client.open(
        path, method=method, content_type=kind, headers={"Transfer-Encoding": "chunked"}, environ_overrides=environ
    )
    assert answer.status_code == 400
    assert answer.json == {
        "type": "InvalidRequestException",
        "message": "The body of the request did not arrive whole: send it again.",
        "code": None,
    }
    assert limited.client.get(V).status_code == 404
