"""The gate for media types, with the forms and documents of the contract."""

from __future__ import annotations

import gzip
import io
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from flask_taskvars.errors import ConfigError
from tests.conftest import missing
from tests.support.desk import Desk, make_desk
from tests.support.forms import error_type, message, part, upload

if TYPE_CHECKING:
    from flask_taskvars.gates import MediaTypes

PDF, PNG = b"%PDF-1.7\n1 0 obj\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"
PROGRAM = b"MZ\x90\0" + bytes(100)
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def office() -> bytes:
    """Return a ZIP whose first bytes are those of a Word document."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml"):
            archive.writestr(name, "<?xml version='1.0'?><x/>")
    return file.getvalue()


@pytest.fixture(scope="module")
def media_types() -> type[MediaTypes]:
    """The gate. The test is skipped if the gate's library is missing."""
    try:
        from flask_taskvars.gates import MediaTypes
    except ImportError as absence:
        missing(str(absence))
        raise
    return MediaTypes


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A task `t` in memory."""
    with make_desk(None) as made:
        made.storage.add_scope("t")
        yield made


@pytest.mark.parametrize(
    ("allowed", "declared", "data", "status"),
    [
        (["application/pdf"], "application/pdf", PDF, 204),
        (["application/pdf"], "Application/PDF; version=1", PDF, 204),
        (["APPLICATION/pdf"], "application/pdf", PDF, 204),
        (["application/pdf"], None, PDF, 204),
        (["application/pdf"], "application/pdf", b"", 204),
        (["application/pdf"], "application/pdf", PNG, 415),
        (["application/pdf"], "application/pdf", PROGRAM, 415),
        (["application/pdf"], "application/pdf", b"\0" * 100, 415),
        (["application/pdf"], "application/pdf", b"text", 415),
        (["application/pdf"], "image/png", PDF, 415),
        (["application/pdf"], None, PNG, 415),
        (["image/*", "application/pdf"], "image/png", PNG, 204),
        (["image/*"], "image/png", PAGE, 415),
        (["image/*"], "image/png", gzip.compress(PNG, mtime=0), 415),
        (["image/*"], "imagery/png", PNG, 415),
        (["image/png"], "image/*", PNG, 415),
        (["text/plain", "text/csv"], "text/csv", b"a,b\r\n1,2\r\n", 204),
        (["text/plain"], "text/plain", PAGE, 415),
        (["text/plain"], "text/plain", "ä".encode() * 100_000, 204),
        (["text/plain"], "text/plain", b"x" + "ä".encode() * 100_000, 204),
        (
            ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            office(),
            204,
        ),
    ],
)
def test_forms(
    desk: Desk, media_types: type[MediaTypes], allowed: list[str], declared: str | None, data: bytes, status: int
) -> None:
    desk.taskvars.accept(media_types(*allowed))
    file = (part("data", data, "a.bin", declared), part("valueType", "File"))
    answer = upload(desk, "t/variables/v", *(file if declared else [part("data", data)]))
    assert answer.status_code == status, answer.text
    if status == 415:
        assert error_type(answer) == "RefusedException"
        assert ", ".join(allowed).lower() in message(answer)


def test_documents(desk: Desk, media_types: type[MediaTypes]) -> None:
    desk.taskvars.accept(media_types("application/pdf"))
    told: list[tuple[dict[str, str], int]] = [
        ({"filename": "a", "mimeType": "application/pdf"}, 204),
        ({"filename": "a", "mimeType": "text/html"}, 415),
        ({"filename": "a"}, 204),
    ]
    for info, status in told:
        document: dict[str, object] = {"type": "File", "value": b64encode(PDF).decode(), "valueInfo": info}
        assert desk.client.put("/task/t/variables/v", json=document).status_code == status
    assert desk.client.put("/task/t/variables/v", json={"type": "Bytes", "value": "AAAA"}).status_code == 415
    for other in ({"value": "text"}, {"type": "Bytes", "value": None}):
        assert desk.client.put("/task/t/variables/v", json=other).status_code == 204


@pytest.mark.parametrize("wrong", ["", "pdf", "application/", "*/*", "application/pdf; a=b", "image/p*", "a/b/c"])
def test_an_impossible_media_type_is_refused(media_types: type[MediaTypes], wrong: str) -> None:
    with pytest.raises(ConfigError, match="is not a media type: give one such as 'application/pdf' or 'image/"):
        media_types("text/plain", wrong)


def test_an_empty_list_of_media_types_is_refused(media_types: type[MediaTypes]) -> None:
    with pytest.raises(ConfigError, match="would accept nothing"):
        media_types()
