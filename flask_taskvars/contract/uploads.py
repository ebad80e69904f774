"""Read an uploaded form as a typed value (Camunda 7's VariableValueDto.fromFormPart)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask import Request
from werkzeug.http import parse_options_header

from ..errors import BadMediaType, InvalidFile, InvalidRequest, NoBody, WrongContentType
from ..http.headers import OCTET_STREAM
from ..http.incoming import Incoming
from ..http.multipart import Part, held_text, parts
from ..settings import Settings
from ..storage.base import StorageAdapter
from ..values import Bytes, Content, File, blocks
from .conversions import JSON_FORMAT, Given, convert
from .java import java_text

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf';[ \t]*{_TOKEN}[ \t]*=[ \t]*(?:{_TOKEN}|"(?:[^"\\]|\\.)*")[ \t]*'
CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}[ \t]*(?:{_PARAMETER})*;?")
_NO_FILE = "A value that is not a file"
_NO_DATA = "A form is needed here, with a part named 'data' that holds the bytes of the variable."


@dataclass(slots=True)
class _Form:
    """The parts of a form that were read so far."""

    data: Part | None = None
    source: Content | None = None
    value_type: str = "Bytes"
    object_type: str | None = None


@contextmanager
def read_upload(name: str, request: Request, storage: StorageAdapter, settings: Settings) -> Iterator[Given]:
    """Read a form with a part `data` and, in any order, `valueType`: Bytes (the default), File or another type.

    The storage stages the data, in constant memory. Bytes that are not stored inside the `with` are deleted.

    :raises WrongContentType: the request is not `multipart/form-data`.
    :raises UnreadableBody: the client or the network broke off.
    :raises InvalidRequest: the form can't be read, or its parts don't make a value.
    :raises TooLarge: a part or its headers are too long.
    :raises RuntimeError: the host has read the form already.
    """
    if not request.mimetype and not request.content_length:
        raise NoBody(_NO_DATA)
    if request.mimetype != "multipart/form-data":
        raise WrongContentType(request.content_type, "multipart/form-data")
    if "form" in vars(request):
        raise RuntimeError(
            "request.form was read before the upload, so that its bytes are gone. With Flask-WTF, call "
            'csrf.exempt(app.blueprints["taskvars"]); in a before_request of your own, leave our routes alone.'
        )
    form, limit = _Form(), _held_limit(request, settings)
    with ExitStack() as stack:
        for part in parts(Incoming(request), request.headers["Content-Type"]):
            match part.name:
                case "data":
                    form.data = part
                    form.source = stack.enter_context(storage.staging(part.body))
                case "valueType":
                    form.value_type = _value_type(part, limit)
                case "type":
                    form.object_type = part.body.text(limit)
        if form.data is None:
            raise NoBody(_NO_DATA)
        yield _given(name, form, form.data, limit, settings)


def _held_limit(request: Request, settings: Settings) -> int:
    """Return the most bytes of a field to hold in memory; if the host's MAX_FORM_MEMORY_SIZE is smaller, it counts."""
    host = request.max_form_memory_size
    return settings.max_json_length if host is None else min(host, settings.max_json_length)


def _value_type(part: Part, limit: int) -> str:
    if part.content_type and parse_options_header(part.content_type)[0].lower() != "text/plain":
        raise InvalidRequest("Form part with name 'valueType' must have a text/plain value")
    return part.body.text(limit)


def _given(name: str, form: _Form, data: Part, limit: int, settings: Settings) -> Given:
    if form.object_type is not None:
        if parse_options_header(data.content_type)[0].lower() != JSON_FORMAT:
            raise InvalidRequest(f"Unrecognized content type for serialized java type: {java_text(data.content_type)}")
        info = {"objectTypeName": form.object_type, "serializationDataFormat": JSON_FORMAT}
        return convert(name, "Object", held_text(blocks(form.source), limit, _NO_FILE), info)
    match form.value_type[:1].upper() + form.value_type[1:]:
        case "Bytes":
            return Given(Bytes(form.source))
        case "File":
            return _file(form.source, data, settings.as_engine)
    convert(name, form.value_type, None, None)  # an unknown type is reported before unreadable bytes
    return convert(name, form.value_type, held_text(blocks(form.source), limit, _NO_FILE), None)


def _file(source: Content | None, data: Part, engine: bool) -> Given:
    if data.content_type is not None and not CONTENT_TYPE.fullmatch(data.content_type):
        raise BadMediaType
    if data.filename is None:
        raise InvalidFile("Cannot create file without filename! Please set a name into ValueInfo with key filename")
    media_type, options = parse_options_header(data.content_type or OCTET_STREAM)
    # The engine reads its own parameter `encoding`, and ignores the `charset` that other clients send.
    encoding = options.get("encoding") or (None if engine else options.get("charset"))
    value = File(source, filename=data.filename, mimetype=media_type.lower(), encoding=encoding)
    return Given(value, options.get("transient", "").lower() == "true")
