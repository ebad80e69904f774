"""The extensions of tus 1.0.0 that we offer."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tests.http.tus_rows import DATA, row
from tests.support.tus import Tus, b64, metadata

# Creation


@row(
    "If the Server supports this extension, it MUST add creation to the Tus-Extension header.",
    "The Server MUST acknowledge a successful creation with 201 and MUST set Location to the URL of the resource.",
)
def creation(tus: Tus) -> None:
    answer = tus.create(tus.v, 5)
    assert answer.status_code == 201
    assert tus.offset(answer.headers["Location"]) == 0
    assert "creation" in tus.ask("OPTIONS", f"/task/{tus.v}/uploads").headers["Tus-Extension"].split(",")


@row("The request MUST include Upload-Length, or Upload-Defer-Length (creation-defer-length, which we do not offer).")
def no_length(tus: Tus) -> None:
    for headers in ({"Upload-Length": None}, {"Upload-Length": None, "Upload-Defer-Length": "1"}):
        assert tus.create(tus.v, 0, headers).status_code == 400


@row("If the length exceeds Tus-Max-Size, the Server MUST respond with 413.")
def too_long(tus: Tus) -> None:
    most = int(tus.ask("OPTIONS", f"/task/{tus.v}/uploads").headers["Tus-Max-Size"])
    assert tus.create(tus.v, most).status_code == 201
    for length in (str(most + 1), str(2**63), "9" * 5000):
        assert tus.create(tus.v, 0, {"Upload-Length": length}).status_code == 413


@row(
    "Upload-Metadata MUST be comma-separated pairs, separated by a space, keys without spaces and commas, not empty.",
    "The value MUST be Base64 encoded. All keys MUST be unique.",
)
def broken_metadata(tus: Tus) -> None:
    for wrong in ("a b c", "a !", " ,", "a YQ==,a YQ==", "ä YQ==", "a YQ", "a YQ==,", "a /w==", "a\tYQ=="):
        answer = tus.create(tus.v, 5, {"Upload-Metadata": wrong})
        assert answer.status_code == 400, wrong


@row("If an upload contains metadata, responses to HEAD MUST include Upload-Metadata as specified by the Client.")
def metadata_comes_back(tus: Tus) -> None:
    for given in (
        metadata(filename="ä.txt", any="thing"),
        f"is_confidential,filename {b64('a')}",
        f"empty ,a {b64('b')}",
    ):
        assert tus.ask("HEAD", tus.begun(tus.v, 5, {"Upload-Metadata": given})).headers["Upload-Metadata"] == given
    assert "Upload-Metadata" not in tus.ask("HEAD", tus.begun(tus.v, 5)).headers


@row("An upload of length 0 is complete with its creation.")
def empty_upload(tus: Tus) -> None:
    url = tus.begun(tus.v, 0)
    assert tus.offset(url) == 0
    assert tus.client.get(f"/task/{tus.v}/data").data == b""


# Creation with upload


@row(
    "If the Server supports this extension, it MUST advertise this by creation-with-upload.",
    "The Server MUST include Upload-Offset in the response, the offset after applying the accepted bytes.",
)
def creation_with_upload(tus: Tus) -> None:
    answer = tus.create(tus.v, 5, data=b"abc")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")
    assert tus.patch(answer.headers["Location"], 3, b"de").status_code == 204
    assert tus.client.get(f"/task/{tus.v}/data").data == b"abcde"
    whole = tus.create(tus.v, len(DATA), data=DATA)
    assert (whole.status_code, whole.headers["Upload-Offset"]) == (201, str(len(DATA)))
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA


@row("The Client MUST include Content-Type: application/offset+octet-stream.")
def creation_with_another_type(tus: Tus) -> None:
    assert tus.create(tus.v, 5, {"Content-Type": "text/plain"}, b"abc").status_code == 415


# Expiration


@row(
    "If the expiration is known at the creation, Upload-Expires MUST be included in the response to the POST.",
    "Upload-Expires MUST be included in every PATCH response if the upload is going to expire.",
    "The value of Upload-Expires MUST be an RFC 9110 datetime.",
)
def expires(tus: Tus) -> None:
    created = tus.create(tus.v, 5)
    url = created.headers["Location"]
    for answer in (created, tus.patch(url, 0, b"abc"), tus.ask("HEAD", url), tus.patch(url, 3, b"de")):
        expiry = parsedate_to_datetime(answer.headers["Upload-Expires"])
        assert timedelta(hours=23, minutes=59) < expiry - datetime.now(UTC) < timedelta(hours=24, seconds=1)


# Checksum


@row(
    "The Server MUST support at least the SHA1 checksum algorithm identified by sha1.",
    "The header MUST consist of the name of the algorithm and the Base64 encoded checksum separated by a space.",
    "Once the entire request has been received, the Server MUST verify the uploaded chunk against the checksum.",
)
def checksums(tus: Tus) -> None:
    url, offset = tus.begun(tus.v, len(DATA)), 0
    for algorithm in ("sha1", "sha256", "sha512"):
        piece = DATA[offset : offset + 233_334]
        header = f"{algorithm} {b64(hashlib.new(algorithm, piece).digest())}"
        assert tus.patch(url, offset, piece, {"Upload-Checksum": header}).status_code == 204
        offset += len(piece)
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA


@row(
    "400 if the algorithm is not supported, 460 if the checksums mismatch; the chunk MUST be discarded.",
    "In these cases the upload and its offset MUST NOT be updated.",
)
def wrong_checksums(tus: Tus) -> None:
    url = tus.begun(tus.v, len(DATA))
    other = b64(hashlib.sha1(b"other").digest())
    for header, status in (
        (f"sha1 {other}", 460),
        ("sha1 ", 460),
        (f"md5 {other}", 400),
        (f"crc32 {other}", 400),
        ("sha1 !", 400),
        ("sha1 \xe9", 400),
        (other, 400),
        ("", 400),
    ):
        for data in (b"abc", DATA):
            assert tus.patch(url, 0, data, {"Upload-Checksum": header}).status_code == status, header
    assert tus.offset(url) == 0
    assert tus.create(tus.v, 3, {"Upload-Checksum": f"sha1 {other}"}, b"abc").status_code == 460
    assert tus.client.get(f"/task/{tus.v}").status_code == 404


# Termination


@row(
    "The Server SHOULD free associated resources and MUST respond with 204.",
    "For all future requests to this URL, the Server SHOULD respond with 404 or 410.",
)
def termination(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    tus.patch(url, 0, b"abc")
    answer = tus.ask("DELETE", url)
    assert (answer.status_code, answer.data) == (204, b"")
    for gone in (tus.ask("HEAD", url), tus.patch(url, 3, b"de"), tus.ask("DELETE", url)):
        assert gone.status_code in (404, 410)
