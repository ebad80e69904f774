"""A client of tus 1.0.0 on Flask's test client. Tests control each header."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BODY_TYPE = "application/offset+octet-stream"
NOTHING: Mapping[str, str | None] = {}
NOTHING_GIVEN: Mapping[str, str] = {}


def b64(text: str | bytes) -> str:
    """Encode in Base64, as in metadata and checksums."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def metadata(**values: str) -> str:
    """Return the header Upload-Metadata for these values."""
    return ",".join(f"{key} {b64(value)}" for key, value in values.items())


class Tus:
    """A client, which can also send wrong headers.

    :param sent: headers for every request.
    """

    def __init__(self, client: FlaskClient, task: str, **sent: str) -> None:
        self.client, self.task, self.sent = client, task, {"Tus-Resumable": "1.0.0", **sent}
        self.v = f"{task}/variables/v"

    def ask(
        self, method: str, url: str, headers: Mapping[str, str | None] = NOTHING, data: bytes = b""
    ) -> TestResponse:
        """Send a request. A header that is None is left out."""
        given = {name: value for name, value in {**self.sent, **headers}.items() if value is not None}
        return self.client.open(url, method=method, headers=given, data=data)

    def create(
        self,
        path: str,
        length: int,
        headers: Mapping[str, str | None] = NOTHING,
        data: bytes = b"",
        given: Mapping[str, str] = NOTHING_GIVEN,
    ) -> TestResponse:
        """Create an upload by POST to `/task/{path}/uploads`.

        :param given: the upload's metadata.
        """
        about = {"Upload-Metadata": metadata(**given)} if given else {}
        body = {"Content-Type": BODY_TYPE} if data else {}
        return self.ask(
            "POST", f"/task/{path}/uploads", {"Upload-Length": str(length), **about, **body, **headers}, data
        )

    def begun(self, path: str, length: int, headers: Mapping[str, str | None] = NOTHING, **given: str) -> str:
        """Create an upload, and return its URL."""
        answer = self.create(path, length, headers, given=given)
        assert answer.status_code == 201, answer.data
        return answer.headers["Location"]

    def patch(self, url: str, offset: int, data: bytes, headers: Mapping[str, str | None] = NOTHING) -> TestResponse:
        """Send data by PATCH at an offset."""
        return self.ask("PATCH", url, {"Upload-Offset": str(offset), "Content-Type": BODY_TYPE, **headers}, data)

    def offset(self, url: str) -> int:
        """Ask for an upload's offset."""
        answer = self.ask("HEAD", url)
        assert answer.status_code == 200, answer.status
        return int(answer.headers["Upload-Offset"])
