"""Bring recorded answers and ours into one form. If two forms are equal, a client sees no difference."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, TypeAlias
from unittest.mock import ANY
from urllib.parse import unquote

from werkzeug.http import parse_options_header

from tests.contract.golden.world import Answer, Step, World

Parts: TypeAlias = dict[str, object]
"""The `status`, `type` (media type and parameters), `disposition` (type and file name) and `body` of an answer."""

ENGINE_MADE = {"loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"}
"""Variables that an engine sets for a multi-instance activity. Our storages don't."""

_JAVA_CLASS = re.compile(r"\b(?:java|com\.fasterxml|org\.(?:camunda|operaton))\.[\w.$]+|\bObjectValue \[")
_JAVA_VALUE = re.compile(r"rO0AB")


def recorded_parts(step: Step, engine: str, world: World) -> Parts:
    """Return the recorded answer. A part that is outside of the contract equals anything."""
    answer = step.answers[engine]
    headers = {name.lower(): value for name, value in answer["headers"]}
    parts: Parts = {
        "status": answer["status"],
        "type": media_type_of(headers.get("content-type")),
        "disposition": _disposition(headers.get("content-disposition")),
        "body": _recorded_body(answer.get("body") or {}, world),
    }
    if step.method == "OPTIONS":
        parts |= {"type": ANY, "body": ANY}
    return parts


def our_parts(answer: Answer, recorded: Parts) -> Parts:
    """Return our answer in the same form. Its body is read in the same way as the recorded one."""
    return {
        "status": answer.status,
        "type": media_type_of(answer.headers.get("Content-Type")),
        "disposition": _disposition(answer.headers.get("Content-Disposition")),
        "body": _our_body(answer, recorded["body"]),
    }


def live_parts(step: Step, answer: Answer) -> Parts:
    """Return a new answer, from an engine or from us, in the same form."""
    parts: Parts = {
        "status": answer.status,
        "type": media_type_of(answer.headers.get("Content-Type")),
        "disposition": _disposition(answer.headers.get("Content-Disposition")),
        "body": answer.body,
    }
    if step.method == "OPTIONS":
        return parts | {"type": ANY, "body": ANY}
    if parts["type"] == ("application/json", {}) and answer.body and not _is_data(step, answer):
        parts["body"] = _contract_only(_plain(json.loads(answer.body)))
    return parts


def _is_data(step: Step, answer: Answer) -> bool:
    return answer.status in (200, 206) and re.search(r"ariables/[^/]+/data/?$", step.path.partition("?")[0]) is not None


def _our_body(answer: Answer, recorded: object) -> object:
    match recorded:
        case {"length": _, "sha256": _}:
            return {"length": len(answer.body), "sha256": hashlib.sha256(answer.body).hexdigest()}
        case bytes() if answer.headers.get("Content-Type") != "application/json":
            return answer.body
    try:
        return _plain(json.loads(answer.body))
    except ValueError:
        return answer.body


def _recorded_body(body: Mapping[str, Any], world: World) -> object:
    match body:
        case {"json": document}:
            return _contract_only(_plain(json.loads(world.fill(json.dumps(document)))))
        case {"text": str(text)}:
            return world.fill(text).encode()
        case {"base64": str(text)}:
            return b64decode(text)
        case {"length": length, "sha256": digest}:
            return {"length": length, "sha256": digest}
    return b""


def _plain(document: Any) -> Any:
    """Make the codes 0 and null equal, and leave out variables that the engine itself sets."""
    if not isinstance(document, dict):
        return document
    kept = {key: value for key, value in document.items() if key not in ENGINE_MADE}
    return kept | {"code": None} if kept.get("code") == 0 else kept


def _contract_only(document: Any) -> Any:
    """Leave out Java's class names and serialized objects."""
    match document:
        case {"message": str(message), **rest} if _JAVA_CLASS.search(message):
            return {**rest, "message": ANY}
        case {"type": _, "value": str(value), **rest} if _JAVA_VALUE.match(value):
            return {**document, "value": ANY}
        case dict():
            return {key: _contract_only(value) for key, value in document.items()}
    return document


def media_type_of(header: str | None) -> object:
    """Return the media type and its parameters."""
    if header is None:
        return None
    media_type, parameters = parse_options_header(header)
    return media_type.lower(), parameters


def _disposition(header: str | None) -> object:
    """Return the type and the effective file name, which is the extended one if there is one (RFC 6266 4.3)."""
    if header is None:
        return None
    kind = header.partition(";")[0]
    if extended := re.search(r"filename\*=UTF-8''([^;]*)$", header):
        return kind, unquote(extended[1], errors="strict")
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"$', header)
    return kind, plain and re.sub(r"\\(.)", r"\1", plain[1])
