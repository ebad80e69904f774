"""How much a request may hold: our limits on our routes, the host's on the host's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import request

from tests.desk import Desk, make_desk
from tests.forms import CONTENT_TYPE, END, chunk_rows, message, part, upload
from tests.served_world import noise

V = "/task/t/variables/v"
JSON = "application/json"
HOST = {"MAX_CONTENT_LENGTH": 500, "MAX_FORM_MEMORY_SIZE": 200, "MAX_FORM_PARTS": 1}
OURS = {"TASKVARS_MAX_CONTENT_LENGTH": 1_000_000, "TASKVARS_MAX_JSON_LENGTH": 1000}


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Desk]:
    """A host with narrow limits of its own, and a route that reads forms."""
    with make_desk(f"sqlite:///{tmp_path / 'taskvars.db'}", **HOST, **OURS) as desk:
        desk.storage.add_scope("t")

        @desk.app.post("/host")
        def host() -> dict[str, object]:
            return {"form": request.form, "files": len(request.files), "limit": request.max_content_length}

        yield desk


def form_of(size: int) -> bytes:
    """A whole form of so many bytes."""
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
        assert message(answer) == "A value that is no file has at most 1000 bytes."


def test_the_limits_of_the_host_stay_on_its_own_routes(limited: Desk) -> None:
    assert upload(limited, "t/variables/v", part("data", noise(900_000)), part("more", "x" * 100)).status_code == 204
    assert limited.client.put(V, json={"value": "x" * 900}).status_code == 204
    form = part("data", "x") + END
    answer = limited.client.post("/host", data=form, content_type=CONTENT_TYPE)
    assert answer.json == {"form": {"data": "x"}, "files": 0, "limit": 500}
    for too_much in (b"x" * 501, part("a", "b") * 2 + END, part("data", "x" * 201) + END):
        assert limited.client.post("/host", data=too_much, content_type=CONTENT_TYPE).status_code == 413


def test_base64_in_a_document(limited: Desk) -> None:
    text = "QUJD" * 200
    for document in ({"type": "Bytes", "value": text}, {"type": "File", "value": text, "valueInfo": {"filename": "f"}}):
        assert limited.client.put(V, json=document).status_code == 204
        assert limited.client.get(f"{V}/data").data == b"ABC" * 200
    assert limited.client.put(V, json={"type": "Bytes", "value": text * 2}).status_code == 413
