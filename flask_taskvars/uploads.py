"""From an uploaded form to a typed value (Camunda 7's VariableValueDto.fromFormPart)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_options_header

from .conversions import JSON_FORMAT, Given, convert, java_text
from .disposition import OCTET_STREAM
from .errors import InvalidFile, InvalidRequest, NoBody, TooLarge
from .multipart import Part, parts
from .settings import Settings
from .storage.base import StorageAdapter
from .values import Bytes, Content, File, blocks


class BadMediaType(InvalidRequest):
    """The part's Content-Type can't be read."""

    type = "RestException"

    def __init__(self) -> None:
        super().__init__("Invalid mime type given")


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf';[ \t]*{_TOKEN}[ \t]*=[ \t]*(?:{_TOKEN}|"(?:[^"\\]|\\.)*")[ \t]*'
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}[ \t]*(?:{_PARAMETER})*;?")
_NO_DATA = "A form is needed here, with a part named 'data' that holds the bytes of the variable."


@dataclass(slots=True)
class _Form:
    """What a form said so far."""

    data: Part | None = None
    source: Content | None = None
    value_type: str = "Bytes"
    object_type: str | None = None


@contextmanager
def read_upload(name: str, request: Request, storage: StorageAdapter, settings: Settings) -> Iterator[Given]:
    """Read a form with a part `data` and, in any order, `valueType`: Bytes (the default), File or another type.

    The data goes to where the storage stages it, in constant memory; what is not stored inside the `with` is forgotten.

    :raises UnsupportedMediaType: the request is no `multipart/form-data`.
    :raises InvalidRequest: the form can't be read, or its parts make no value.
    :raises TooLarge: a part or its headers are longer than they may be.
    """
    if not request.mimetype and not request.content_length:
        raise NoBody(_NO_DATA)
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    form = _Form()
    with ExitStack() as stack:
        for part in parts(request.stream, request.headers["Content-Type"]):
            match part.name:
                case "data":
                    form.data = part
                    form.source = stack.enter_context(storage.staging(part.body))
                case "valueType":
                    form.value_type = _value_type(part)
                case "type":
                    form.object_type = part.body.text()
        if form.data is None:
            raise NoBody(_NO_DATA)
        yield _given(name, form, form.data, settings)


def _value_type(part: Part) -> str:
    if part.content_type and parse_options_header(part.content_type)[0].lower() != "text/plain":
        raise InvalidRequest("Form part with name 'valueType' must have a text/plain value")
    return part.body.text()


def _given(name: str, form: _Form, data: Part, settings: Settings) -> Given:
    engine = settings.profile == "engine"
    if form.object_type is not None:
        if parse_options_header(data.content_type)[0].lower() != JSON_FORMAT:
            raise InvalidRequest(f"Unrecognized content type for serialized java type: {java_text(data.content_type)}")
        info = {"objectTypeName": form.object_type, "serializationDataFormat": JSON_FORMAT}
        return convert(name, "Object", _text(form.source, settings), info)
    match form.value_type[:1].upper() + form.value_type[1:]:
        case "Bytes":
            return Given(Bytes(form.source))
        case "File":
            return _file(form.source, data, engine)
    convert(name, form.value_type, None, None)  # is there such a type? That comes before what the bytes mean
    return convert(name, form.value_type, _text(form.source, settings), None)


def _file(source: Content | None, data: Part, engine: bool) -> Given:
    if data.content_type is not None and not _CONTENT_TYPE.fullmatch(data.content_type):
        raise BadMediaType
    if data.filename is None:
        raise InvalidFile("Cannot create file without filename! Please set a name into ValueInfo with key filename")
    media_type, options = parse_options_header(data.content_type or OCTET_STREAM)
    # The engine reads `encoding`, a parameter of its own, and drops the `charset` that everybody else sends.
    encoding = options.get("encoding") or (None if engine else options.get("charset"))
    value = File(source, filename=data.filename, mimetype=media_type.lower(), encoding=encoding)
    return Given(value, options.get("transient", "").lower() == "true")


def _text(source: Content | None, settings: Settings) -> str:
    """A value that is no file, as text, which is held in memory."""
    held = bytearray()
    for block in blocks(source):
        held += block
        if len(held) > settings.max_json_length:
            raise TooLarge(f"A value that is no file has at most {settings.max_json_length} bytes.")
    try:
        return held.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("A value that is no file must be UTF-8.") from error
