"""The core protocol of tus 1.0.0."""

from __future__ import annotations

from tests.http.tus_rows import DATA, row
from tests.support.tus import BODY_TYPE, Tus

# Core protocol: headers


@row("The Tus-Resumable header MUST be included in every request and response except for OPTIONS requests.")
def version_in_every_answer(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    answers = [
        tus.create(tus.v, 5),
        tus.ask("HEAD", url),
        tus.patch(url, 0, b"abc"),
        tus.patch(url, 9, b"abc"),
        tus.patch(url, 0, b"abc", {"Content-Type": "text/plain"}),
        tus.ask("GET", url),
        tus.ask("DELETE", url),
        tus.ask("HEAD", url),
        tus.create("nobody/variables/v", 5),
    ]
    assert [one.headers.get("Tus-Resumable") for one in answers] == ["1.0.0"] * len(answers)


@row("If the version specified by the Client is not supported, it MUST respond with 412 and MUST include Tus-Version.")
def another_version(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    for version in ("1.0.1", "0.2.2", "", "1.0.0, 1.0.0", None):
        for answer in (
            tus.create(tus.v, 5, {"Tus-Resumable": version}),
            tus.ask("HEAD", url, {"Tus-Resumable": version}),
            tus.patch(url, 0, b"abc", {"Tus-Resumable": version}),
            tus.ask("DELETE", url, {"Tus-Resumable": version}),
        ):
            assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


@row("In addition, the Server MUST NOT process the request.")
def another_version_changes_nothing(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    tus.patch(url, 0, b"abc", {"Tus-Resumable": "2.0.0"})
    tus.ask("DELETE", url, {"Tus-Resumable": "2.0.0"})
    assert tus.offset(url) == 0


@row("The Upload-Offset value MUST be a non-negative integer.")
def offsets_are_numbers(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    for wrong in ("-1", "x", "", "1.0", "0x1", "\u0661", "1e1", "+1", " ", "0,0"):
        assert tus.patch(url, 0, b"abc", {"Upload-Offset": wrong}).status_code == 400
    assert tus.patch(url, 0, b"abc", {"Upload-Offset": None}).status_code == 400
    assert tus.offset(url) == 0


@row("The Upload-Length value MUST be a non-negative integer.")
def lengths_are_numbers(tus: Tus) -> None:
    for wrong in ("-1", "x", "", "1.0", "\u0661", "+1"):
        assert tus.create(tus.v, 0, {"Upload-Length": wrong}).status_code == 400


@row(
    "The Tus-Version response header MUST be a comma-separated list of protocol versions.",
    "A successful OPTIONS response indicated by 204 or 200 MUST contain the Tus-Version header.",
    "The Tus-Extension header MUST be a comma-separated list of the extensions supported.",
    "The Tus-Max-Size header MUST be a non-negative integer.",
    "The Tus-Checksum-Algorithm header MUST be included in the response to an OPTIONS request.",
    "The Client SHOULD NOT include Tus-Resumable in OPTIONS and the Server MUST ignore the header.",
)
def discovery(tus: Tus) -> None:
    for url in (f"/task/{tus.v}/uploads", tus.begun(tus.v, 5)):
        for version in (None, "1.0.0", "0.0.1", "nonsense"):
            answer = tus.ask("OPTIONS", url, {"Tus-Resumable": version})
            assert answer.status_code in (200, 204)
            assert answer.headers["Tus-Version"] == "1.0.0"
            extensions = answer.headers["Tus-Extension"].split(",")
            assert extensions == ["creation", "creation-with-upload", "checksum", "termination", "expiration"]
            assert int(answer.headers["Tus-Max-Size"]) == 5 * 2**30
            assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


@row("X-HTTP-Method-Override MUST be interpreted as the request's method; the actual method MUST be ignored.")
def method_override(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    over = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BODY_TYPE}
    assert tus.ask("POST", url, over, b"abc").status_code == 204
    head = tus.ask("POST", url, {"X-HTTP-Method-Override": "HEAD"})
    assert (head.status_code, head.headers["Upload-Offset"], head.data) == (200, "3", b"")
    assert tus.ask("POST", url, {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert tus.ask("HEAD", url).status_code == 404


# Core protocol: requests


@row(
    "The Server MUST always include the Upload-Offset header for a HEAD request, even if it is 0 or completed.",
    "If the size of the upload is known, the Server MUST include the Upload-Length header.",
    "The Server MUST prevent caching by adding Cache-Control: no-store.",
)
def head(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    for offset, data in ((0, b"abc"), (3, b"de"), (5, b"")):
        answer = tus.ask("HEAD", url)
        assert answer.status_code == 200
        found = (answer.headers["Upload-Offset"], answer.headers["Upload-Length"], answer.headers["Cache-Control"])
        assert found == (str(offset), "5", "no-store")
        assert tus.patch(url, offset, data).status_code == 204


@row(
    "If the resource is not found, the Server SHOULD return 404, 410 or 403 without the Upload-Offset header.",
    "If the Server receives a PATCH request against a non-existent resource it SHOULD return 404.",
)
def absent(tus: Tus) -> None:
    url = f"/task/{tus.task}/uploads/{'0' * 32}"
    for answer in (tus.ask("HEAD", url), tus.patch(url, 0, b"abc"), tus.ask("DELETE", url)):
        assert (answer.status_code, answer.headers.get("Upload-Offset")) == (404, None)


@row(
    "The Server SHOULD accept PATCH requests and apply the bytes at the given offset.",
    "The Server MUST acknowledge successful PATCH requests with 204 and MUST include Upload-Offset, the new offset.",
    "The new offset MUST be the sum of the offset before the PATCH request and the number of bytes received.",
)
def patch(tus: Tus) -> None:
    url, offset = tus.begun(tus.v, len(DATA)), 0
    for size in (1, 0, 300_000, 7, 262_144, len(DATA)):
        piece = DATA[offset : offset + size]
        answer = tus.patch(url, offset, piece)
        offset += len(piece)
        assert (answer.status_code, answer.data, answer.headers["Upload-Offset"]) == (204, b"", str(offset))
        assert tus.offset(url) == offset
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA


@row("All PATCH requests MUST use application/offset+octet-stream, otherwise the server SHOULD return 415.")
def content_type(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    for wrong in ("application/octet-stream", "text/plain", "multipart/form-data; boundary=b", None):
        assert tus.patch(url, 0, b"abc", {"Content-Type": wrong}).status_code == 415
    assert tus.offset(url) == 0


@row("If the offsets do not match, the Server MUST respond with 409 without modifying the upload resource.")
def wrong_offset(tus: Tus) -> None:
    url = tus.begun(tus.v, 8)
    assert tus.patch(url, 0, b"abc").status_code == 204
    for wrong in (0, 2, 4, 8, 10**30):
        assert tus.patch(url, wrong, b"xyz").status_code == 409
    assert tus.offset(url) == 3
    assert tus.patch(url, 3, b"defgh").status_code == 204
    assert tus.client.get(f"/task/{tus.v}/data").data == b"abcdefgh"
    assert tus.patch(url, 0, b"abc").status_code == 409
