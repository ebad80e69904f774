"""Write typed values as JSON documents (VariableValueDto). Long values are read only while a document is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

from ..json_texts import JsonBase64
from ..values import Bytes, Content, File, LongValue, TypedValue, Value

Piece: TypeAlias = str | Content


class Document(Content):
    """A JSON document in pieces: ASCII texts, and contents whose bytes are JSON.

    :param described: contents that the document describes but does not contain. If one changes, the ETag changes.
    """

    sha256 = None
    modified = None

    def __init__(self, *pieces: Piece, described: tuple[Content, ...] = ()) -> None:
        self._pieces, self._described = pieces, described

    @cached_property
    def etag(self) -> str:  # type: ignore[override]  # computed on demand, without reading a content
        digest = hashlib.sha256()
        for piece in (*self._pieces, *self._described):
            digest.update((piece.etag if isinstance(piece, Content) else piece).encode())
        return digest.hexdigest()

    @cached_property
    def size(self) -> int:  # type: ignore[override]
        return sum(piece.size if isinstance(piece, Content) else len(piece) for piece in self._pieces)

    def open_at(self, offset: int) -> Iterator[bytes]:
        assert offset == 0, "a document is sent whole"
        texts: list[str] = []
        for piece in self._pieces:
            if isinstance(piece, str):
                texts.append(piece)
                continue
            blocks = piece.open_at(0)
            # Join the first block to the text before it, so that an unreadable content fails before anything is sent.
            yield "".join(texts).encode("ascii") + next(blocks, b"")
            yield from blocks
            texts.clear()
        yield "".join(texts).encode("ascii")


def variable_document(value: TypedValue) -> Document:
    """Write one value."""
    described = (value.content,) if isinstance(value, File) and isinstance(value.content, Content) else ()
    return Document(*_pieces(value), described=described)


def collection_document(values: Mapping[str, TypedValue]) -> Document:
    """Write several values, by name."""
    pieces: list[Piece] = []
    for name, value in values.items():
        pieces += [f"{', ' if pieces else ''}{json.dumps(name)}: ", *_pieces(value)]
    return Document("{", *pieces, "}")


def _pieces(value: TypedValue) -> list[Piece]:
    """Write a File without its bytes, Bytes as Base64, and all other values as their JSON."""
    match value:
        case File():
            named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            info = {key: text for key, text in named.items() if text or key == "filename"}
            return [json.dumps({"type": "File", "value": None, "valueInfo": info})]
        case Bytes(Content() as content):
            return ['{"type": "Bytes", "value": ', JsonBase64(content), ', "valueInfo": {}}']
        case Bytes():
            return ['{"type": "Bytes", "value": null, "valueInfo": {}}']
        case LongValue():
            start = f'{{"type": {json.dumps(value.type)}, "value": '
            return [start, value.json, f', "valueInfo": {json.dumps(dict(value.info))}}}']
        case Value():
            return [json.dumps({"type": value.type, "value": value.value, "valueInfo": dict(value.info)})]
