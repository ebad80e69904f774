"""Write through the engine's REST API; send large values as streams."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from ...errors import EngineRefused, InvalidRequest, StorageUnavailable
from ...json_texts import base64_blocks, base64_length
from ...values import Content, File, TypedValue, Value, blocks

_CONNECT, _ANSWER = 5.0, 600.0
"""Time-outs in seconds. The engine needs nine seconds for 100 MB, and listeners may take longer."""
_JSON = {"Content-Type": "application/json"}
_IN_A_PATH = re.compile(r"(?!\.+$)[^/\\;%\x00-\x1f\x7f]+")
_IN_A_FORM = re.compile(r'(?! )[^"\\\x00-\x1f\x7f\ud800-\udfff]+(?<! )')  # the engine strips spaces around a name
_PART_HEAD = 500
"""Bytes in the headers of a part. The engine refuses more than 512 (Commons FileUpload)."""
_TOKEN = r"[!#$%&'*+.^_`|~0-9a-z-]+"
_MEDIA_TYPE = re.compile(f"{_TOKEN}/{_TOKEN}")
_CHARSET = re.compile(_TOKEN, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Body:
    """A request's body, in pieces.

    :param length: the number of bytes in all pieces.
    """

    pieces: Iterator[bytes]
    length: int
    headers: Mapping[str, str]


class EngineRest:
    """Sends changes of variables.

    :param url: the root of the API; a user and password in it are sent with HTTP Basic.
    :raises ValueError: it is not a URL.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urllib3.util.parse_url(url)
        except LocationParseError as error:
            raise ValueError(f"rest_url can't be read: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ValueError("rest_url must be a URL such as http://localhost:8080/engine-rest.")
        self._url = parts._replace(auth=None).url.rstrip("/")
        self._headers = urllib3.util.make_headers(basic_auth=parts.auth) if parts.auth else {}

    def update(self, task_id: str, put: Mapping[str, TypedValue], delete: Collection[str], *, local: bool) -> None:
        """Change variables with one request, which the engine executes completely or not at all.

        A single binary value is sent as a form. Several are sent in one JSON document, in which the engine accepts at
        most 15 MB for each value.

        :raises InvalidRequest: no URL can address the task.
        :raises EngineRefused: the engine answers with an error.
        :raises StorageUnavailable: the engine can't be reached, or does not answer.
        """
        if not task_id.strip("."):
            raise InvalidRequest("A task whose id consists of dots can't be written to: its URL would lead elsewhere.")
        path = f"/task/{quote(task_id, safe='')}/{'localVariables' if local else 'variables'}"
        if len(put) + len(delete) != 1 or not all(_IN_A_PATH.fullmatch(name) for name in {*put, *delete}):
            self._send("POST", path, _modifications(put, delete))
            return
        for name in delete:
            self._send("DELETE", f"{path}/{quote(name, safe='')}", _Body(iter(()), 0, {}))
        for name, value in put.items():
            method, end, body = _one(value)
            self._send(method, f"{path}/{quote(name, safe='')}{end}", body)

    def _send(self, method: str, path: str, body: _Body) -> None:
        headers = {**self._headers, **body.headers, "Content-Length": str(body.length)}
        timeout = urllib3.Timeout(connect=_CONNECT, read=_ANSWER)
        with urllib3.PoolManager(retries=False, timeout=timeout) as http:
            try:
                answer = http.request(method, self._url + path, body=body.pieces, headers=headers, redirect=False)
            except (HTTPError, OSError) as error:
                raise StorageUnavailable from error
        if answer.status >= 300:
            raise _refusal(answer)


def _refusal(answer: urllib3.BaseHTTPResponse) -> EngineRefused:
    # A redirect, or our own credentials that the engine rejects, are not the caller's fault: answer 502.
    status = answer.status if answer.status >= 400 and answer.status != 401 else 502
    try:
        told = json.loads(answer.data)
        return EngineRefused(status, str(told["type"]), str(told["message"]), told.get("code"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return EngineRefused(status, "RestException", f"The engine answered with HTTP {answer.status}.", None)


def _one(value: TypedValue) -> tuple[str, str, _Body]:
    """Return the method, the end of the path and the body that set one variable."""
    if (form := _form(value)) is not None:
        return "POST", "/data", form
    return "PUT", "", _document(_variable(value))


def _form(value: TypedValue) -> _Body | None:
    """Make a form from a binary value; None if a form would change the value."""
    if isinstance(value, Value) or not isinstance(value.content, Content):
        return None
    head = 'Content-Disposition: form-data; name="data"'
    if isinstance(value, File):
        mimetype, encoding = value.mimetype or "", value.encoding
        fits = _IN_A_FORM.fullmatch(value.filename) and _MEDIA_TYPE.fullmatch(mimetype)
        if not fits or (encoding is not None and not _CHARSET.fullmatch(encoding)):
            return None
        head += f'; filename="{value.filename}"\r\nContent-Type: {mimetype}'
        head += f"; encoding={encoding}" if encoding else ""
        if len(head.encode()) > _PART_HEAD:
            return None
    boundary = secrets.token_hex(16)
    kind = f'Content-Disposition: form-data; name="valueType"\r\n\r\n{type(value).__name__}'
    start = f"--{boundary}\r\n{kind}\r\n--{boundary}\r\n{head}\r\n\r\n".encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    length = len(start) + value.content.size + len(end)
    pieces = chain([start], blocks(value.content), [end])
    return _Body(pieces, length, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


_Piece: TypeAlias = "str | Content"


def _modifications(put: Mapping[str, TypedValue], delete: Collection[str]) -> _Body:
    pieces: list[_Piece] = ['{"modifications": {']
    for name, value in put.items():
        pieces += ["" if len(pieces) == 1 else ", ", f"{json.dumps(name)}: ", *_variable(value)]
    return _document([*pieces, f'}}, "deletions": {json.dumps(list(delete))}}}'])


def _variable(value: TypedValue) -> list[_Piece]:
    """Write a value as a VariableValueDto, with its bytes in Base64."""
    if isinstance(value, Value):
        return [json.dumps({"type": value.type, "value": value.value, "valueInfo": dict(value.info)})]
    info: dict[str, str] = {}
    if isinstance(value, File):
        named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
        info = {key: text for key, text in named.items() if text is not None}
    content: list[_Piece] = ['"', value.content, '"'] if isinstance(value.content, Content) else ["null"]
    return [f'{{"type": "{type(value).__name__}", "value": ', *content, f', "valueInfo": {json.dumps(info)}}}']


def _document(pieces: Iterable[_Piece]) -> _Body:
    listed = list(pieces)
    length = sum(base64_length(piece.size) if isinstance(piece, Content) else len(piece) for piece in listed)
    parts = (base64_blocks(one.open_at(0)) if isinstance(one, Content) else [one.encode("ascii")] for one in listed)
    return _Body(chain.from_iterable(parts), length, _JSON)
