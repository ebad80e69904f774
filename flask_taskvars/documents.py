"""Typed values as JSON documents (VariableValueDto); the Base64 of Bytes is streamed into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from flask import Request, Response

from .errors import PreconditionFailed
from .preconditions import evaluate
from .responses import bodyless, streamed
from .values import Bytes, Content, File, TypedValue, Value, base64_blocks, base64_length

Piece: TypeAlias = str | Content


def variable_pieces(value: TypedValue) -> list[Piece]:
    """A value as the contract shows it: of a File the name, of Bytes the Base64, of all others their JSON."""
    match value:
        case File():
            named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            info = {key: text for key, text in named.items() if text or key == "filename"}
            return [json.dumps({"type": "File", "value": None, "valueInfo": info})]
        case Bytes(Content() as content):
            return ['{"type": "Bytes", "value": "', content, '", "valueInfo": {}}']
        case Bytes():
            return ['{"type": "Bytes", "value": null, "valueInfo": {}}']
        case Value():
            return [json.dumps({"type": value.type, "value": value.value, "valueInfo": dict(value.info)})]


def collection_pieces(values: Mapping[str, TypedValue]) -> list[Piece]:
    """Values by name."""
    pieces: list[Piece] = []
    for name, value in values.items():
        pieces += [f"{', ' if pieces else ''}{json.dumps(name)}: ", *variable_pieces(value)]
    return ["{", *pieces, "}"]


def document_etag(value: TypedValue) -> str:
    """The strong validator of a variable's document, without reading its content."""
    pieces = variable_pieces(value)
    if isinstance(value, File) and isinstance(value.content, Content):
        pieces.append(value.content)
    return _etag(pieces)


def document_response(pieces: list[Piece], request: Request, etag: str | None = None) -> Response:
    """Answer a GET or HEAD with JSON.

    :param etag: the opaque tag of its strong validator; made from the pieces when it is None.
    :raises PreconditionFailed: a precondition is false.
    :raises StorageUnavailable: the storage can't be reached before the first byte is sent.
    """
    etag = etag or _etag(pieces)
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "ETag": f'"{etag}"'}
    match evaluate(request.method, request.headers, [etag], None):
        case 304:
            return bodyless(304, headers)
        case 412:
            raise PreconditionFailed(etag)
    length = sum(_length(piece) for piece in pieces)
    headers["Content-Type"] = "application/json"
    if request.method == "HEAD":
        return bodyless(200, headers | {"Content-Length": str(length)})
    return streamed(200, _encoded(pieces), length, headers)


def _etag(pieces: Iterable[Piece]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update((piece.etag if isinstance(piece, Content) else piece).encode())
    return digest.hexdigest()


def _length(piece: Piece) -> int:
    return base64_length(piece.size) if isinstance(piece, Content) else len(piece)


def _encoded(pieces: Iterable[Piece]) -> Iterator[bytes]:
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        blocks = base64_blocks(piece.open_at(0))
        # In one with what comes before, so that a content that can't be read is noticed before anything is sent.
        yield "".join(texts).encode("ascii") + next(blocks)
        yield from blocks
        texts.clear()
    yield "".join(texts).encode("ascii")
