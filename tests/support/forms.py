"""Make uploaded forms byte for byte, because each client library writes them differently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse

from flask_taskvars.contents import ContentStore
from flask_taskvars.contents.base import MARKER
from tests.support.desk import Desk

BOUNDARY = "----b0undary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
END = f"--{BOUNDARY}--\r\n".encode()
NO_FIELDS: Mapping[str, str] = {}


def part(name: str, data: bytes | str, filename: str | None = None, content_type: str | None = None) -> bytes:
    """Make one part. The file name is escaped as browsers do."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += '; filename="{}"'.format(filename.replace('"', "%22"))
    if content_type is not None:
        head += f"\r\nContent-Type: {content_type}"
    content = data.encode() if isinstance(data, str) else data
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def upload(
    desk: Desk, path: str, *parts: bytes, headers: Mapping[str, str] = NO_FIELDS, end: bytes = END
) -> TestResponse:
    """Post a form to `/task/{path}/data`."""
    return desk.client.post(
        f"/task/{path}/data", data=b"".join(parts) + end, content_type=CONTENT_TYPE, headers=dict(headers)
    )


def chunk_rows(desk: Desk) -> int:
    """Count all chunks in the database and all contents in the desk's content store."""
    if desk.db is None:
        return 0
    with desk.db.engine.connect() as connection:
        chunks = connection.scalar(sa.text("SELECT count(*) FROM taskvars_chunk")) or 0
    return chunks + len(stored(desk.contents) if desk.contents else [])


def stored(contents: ContentStore) -> set[str]:
    """Return the ids of all contents in a store, without the marker that names the store's database."""
    return set(contents.ids(datetime.now(UTC) + timedelta(hours=1))) - {MARKER}


def left_over(desk: Desk) -> int:
    """Count contents, rows of the journal and rows of uploads."""
    if desk.db is None:
        return 0
    with desk.db.engine.connect() as connection:
        journal = connection.scalar(sa.text("SELECT count(*) FROM taskvars_journal WHERE id >= 0")) or 0
        uploads = connection.scalar(sa.text("SELECT count(*) FROM taskvars_upload")) or 0
    return chunk_rows(desk) + journal + uploads


def error(answer: TestResponse) -> dict[str, Any]:
    """Return the JSON document of an error."""
    assert answer.content_type == "application/json"
    document = answer.json
    assert document is not None
    assert set(document) >= {"type", "message", "code"}
    return dict(document)


def error_type(answer: TestResponse) -> str:
    return str(error(answer)["type"])


def message(answer: TestResponse) -> str:
    return str(error(answer)["message"])
