"""Make typed values from JSON; convert and refuse as the engine does (Camunda 7's VariableValueDto)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import InvalidBody, InvalidFile, Unconvertible, Unserializable, UnsupportedType
from ..values import INTEGER, LONG, Bytes, File, TypedValue, Value, date_text
from .java import java_double, java_text

SHORT = range(-(2**15), 2**15)
_NULL_TEXTS = ("", "null")  # Jackson reads both as null for every type but String
_DOUBLE = re.compile(r"[+-]?(?:\d+\.|(?:\d+|\d*\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_NOT_FINITE = {"INF": "Infinity", "-INF": "-Infinity"} | {text: text for text in ("Infinity", "-Infinity", "NaN")}
_FIELD = r"[ \t]*(\d{1,9})"
_DATE = re.compile(
    rf"{_FIELD}-{_FIELD}-{_FIELD}T{_FIELD}:{_FIELD}:{_FIELD}\.{_FIELD}[ \t]*"
    r"(?:([+-])([01][0-9]|2[0-3])([0-5][0-9])|(?:UTC|GMT)(?![+-]))"
)
_BLANKS = "".join(map(chr, range(0x21)))  # the characters that Java's String.trim removes
_BLANK = re.compile(r"[\x00-\x20]+")
_BASE64_RUN = re.compile(r"[\x00-\x20]*([A-Za-z0-9+/]*={0,2})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_JSON, _BASE64_JSON = json.JSONDecoder(), json.JSONDecoder(strict=False)
JSON_FORMAT = "application/json"
_JAVA_FORMAT = "application/x-java-serialized-object"


@dataclass(frozen=True, slots=True)
class Given:
    """A typed value from a caller.

    :param transient: whether the caller wants it forgotten at the end of the request.
    """

    value: TypedValue
    transient: bool = False


def convert(
    variable: str, kind: str | None, value: object, info: Mapping[str, object] | None, *, lenient: bool = False
) -> Given:
    """Turn the parts of a VariableValueDto into a typed value.

    :param variable: the name of the variable, for messages.
    :param kind: the type's name; its first letter may be small. None: the value decides.
    :param lenient: drop unreadable parts of a text or of a File's Base64, as the engine does.
    :raises Unconvertible: the value does not fit the type, or there is no such type.
    :raises InvalidFile: a File has no name, or its bytes are not Base64.
    :raises Unserializable: an Object lacks its class or its format.
    :raises InvalidBody: the value is nested too deeply.
    """
    try:
        return _converted(variable, kind, value, info, lenient)
    except RecursionError as error:
        raise InvalidBody("The value is nested too deeply.") from error


def _converted(
    variable: str, kind: str | None, value: object, info: Mapping[str, object] | None, lenient: bool
) -> Given:
    if kind is None:
        return Given(_untyped(value), (info or {}).get("transient") is True)
    name = kind[:1].upper() + kind[1:]
    if not kind:
        raise InvalidFile("The type is empty: leave it out, or give one of the contract's: String, Integer, File …")
    if name == "File":
        return Given(_file(value, info, lenient), _transient(info))
    if name in _JAVA_TYPES:
        return _primitive(kind, name, value, info, lenient)
    if name in ("Object", "Json", "Xml"):
        if value is not None and not isinstance(value, str):
            raise Unconvertible(f"Must provide 'null' or String value for value of SerializableValue type '{kind}'.")
        transient = _transient(info)
        return Given(_object(variable, value, info or {}) if name == "Object" else Value(name, value), transient)
    raise UnsupportedType(kind)


def _untyped(value: object) -> Value:
    match value:
        case None:
            return Value("Null")
        case bool():
            return Value("Boolean", value)
        case int() if value in LONG:
            return Value("Integer" if value in INTEGER else "Long", value)
        case float():
            return Value("Double", _double_json(value))
        case str():
            return Value("String", value)
    # The engine serializes these with Java; we keep them as JSON.
    java = {int: "java.math.BigInteger", list: "java.util.ArrayList", dict: "java.util.LinkedHashMap"}[type(value)]
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise Unconvertible("A number in the value is too large.") from error
    return Value("Object", text, {"objectTypeName": java, "serializationDataFormat": JSON_FORMAT})


def _primitive(kind: str, name: str, value: object, info: Mapping[str, object] | None, lenient: bool) -> Given:
    java_type, read = _JAVA_TYPES[name]
    try:
        transient = _transient(info)
        if value is None:
            read_value: object = Bytes(None) if name == "Bytes" else None
        elif name == "String" and isinstance(value, str):
            read_value = value
        else:
            read_value = read(_reread(java_text(value), _BASE64_JSON if name == "Bytes" else _JSON, lenient))
    except (ValueError, OverflowError, InvalidFile) as error:
        raise Unconvertible(
            f"Cannot convert value '{java_text(value)}' of type '{kind}' to java type {java_type}"
        ) from error
    if name == "Number":
        raise Unserializable("Cannot serialize value of abstract type number")
    return Given(read_value if isinstance(read_value, Bytes) else Value(name, read_value), transient)


def _reread(text: str, decoder: json.JSONDecoder, lenient: bool) -> str:
    """Read a text a second time: the engine puts it in quotes and parses the result as JSON.

    So escapes are decoded, and control characters are refused, except in Base64. The engine drops the text after a
    quote; we refuse such a text, unless we are lenient.
    """
    quoted = f'"{text}"'
    reread: str = decoder.raw_decode(quoted)[0] if lenient else decoder.decode(quoted)
    return reread


def _integer(limits: range) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        text = text.strip(_BLANKS)
        if text in _NULL_TEXTS:
            return None
        if not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError("no whole number")
        if (number := int(text)) not in limits:
            raise ValueError("out of range")
        return number

    return read


def _double(text: str) -> object:
    if text in _NOT_FINITE:
        return _NOT_FINITE[text]
    text = text.strip(_BLANKS)
    if text in _NULL_TEXTS:
        return None
    if not _DOUBLE.fullmatch(text):
        raise ValueError("no number")
    return _double_json(float(text))


def _double_json(value: float) -> object:
    return value if math.isfinite(value) else java_double(value)


def _boolean(text: str) -> bool | None:
    text = text.strip(_BLANKS)
    if text in _NULL_TEXTS:
        return None
    if text not in ("true", "True", "TRUE", "false", "False", "FALSE"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _date(text: str) -> str | None:
    """Read `yyyy-MM-dd'T'HH:mm:ss.SSSZ`. As in Java, fields may overflow (month 13), and text after it is ignored."""
    if text.strip(_BLANKS) in _NULL_TEXTS:
        return None
    match = _DATE.match(text)
    if match is None:
        raise ValueError("no date")
    year, month, day, hour, minute, second, milliseconds = map(int, match.groups()[:7])
    start = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    moment = start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)
    sign, zone_hours, zone_minutes = match.groups("0")[7:]
    zone = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    return date_text(moment + zone if sign == "-" else moment - zone)


def _null(text: str) -> None:
    raise ValueError("not null")


def _bytes(text: str) -> Bytes:
    """Read Base64 as Jackson does: padded, with blanks between groups of four, also several texts in a row."""
    data, position = bytearray(), 0
    while position < len(text):
        run = _BASE64_RUN.match(text, position)
        if run is None or run.end() == position or len(run[1]) % 4:
            raise ValueError("no Base64")
        data += binascii.a2b_base64(run[1])
        position = run.end()
    return Bytes(bytes(data))


_JAVA_TYPES: dict[str, tuple[str, Callable[[str], object]]] = {
    "String": ("java.lang.String", str),
    "Boolean": ("java.lang.Boolean", _boolean),
    "Short": ("java.lang.Short", _integer(SHORT)),
    "Integer": ("java.lang.Integer", _integer(INTEGER)),
    "Long": ("java.lang.Long", _integer(LONG)),
    "Double": ("java.lang.Double", _double),
    "Number": ("java.lang.Number", _double),
    "Date": ("java.util.Date", _date),
    "Null": ("javax.lang.model.type.NullType", _null),
    "Bytes": ("[B", _bytes),
}


def _object(variable: str, value: str | None, info: Mapping[str, object]) -> Value:
    name, form = info.get("objectTypeName"), info.get("serializationDataFormat")
    for key, text in (("objectTypeName", name), ("serializationDataFormat", form)):
        if text is not None and not isinstance(text, str):
            raise InvalidFile(f"valueInfo.{key} must be a text.")
    if form is None:
        raise Unserializable("Cannot find serializer for value: give valueInfo.serializationDataFormat.")
    if form == _JAVA_FORMAT:
        raise Unserializable(
            f"ENGINE-17007 Cannot set variable with name {variable}. Java serialization format is prohibited"
        )
    if value is not None and name is None:
        raise Unserializable(
            f"Cannot write serialized value for variable '{variable}': no 'objectTypeName' provided for non-null value."
        )
    named = {} if name is None else {"objectTypeName": name}
    return Value("Object", value, named | {"serializationDataFormat": form})


def _file(value: object, info: Mapping[str, object] | None, lenient: bool) -> File:
    if info is None:
        raise InvalidFile("Cannot create file without valueInfo.")
    if info.get("filename") is None:
        raise InvalidFile("Cannot create file without filename! Please set a name into ValueInfo with key filename")
    if not isinstance(value, str):
        raise InvalidFile("Provided value is not of File, InputStream or byte[] type.")
    named = {"mimeType": info["mimetype"]} if not lenient and "mimetype" in info else {}
    named |= {key: info[key] for key in ("mimeType", "encoding") if key in info}
    for key, text in named.items():
        if text is None:
            raise InvalidFile(f"The provided {key} is null: leave it out of valueInfo, or give a text.")
    texts = {key: java_text(text) for key, text in named.items() if text != ""}
    return File(
        _file_bytes(value, lenient),
        filename=java_text(info["filename"]),
        mimetype=texts.get("mimeType"),
        encoding=texts.get("encoding"),
    )


def _file_bytes(text: str, lenient: bool) -> bytes:
    """Read Base64 in either alphabet, with or without padding and blanks, as Commons Codec does for the engine."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        content, _, rest = _BLANK.sub("", text).translate(str.maketrans("-_", "+/")).partition("=")
    if not lenient and (_NOT_BASE64.search(content) or rest.strip("=") or len(content) % 4 == 1):
        raise InvalidFile("The value of the File is not Base64.")
    content = _NOT_BASE64.sub("", content)
    content = content[: len(content) - (len(content) % 4 == 1)]
    return base64.b64decode(content + "=" * (-len(content) % 4))


def _transient(info: Mapping[str, object] | None) -> bool:
    if info is None or "transient" not in info:
        return False
    if not isinstance(info["transient"], bool):
        raise InvalidFile("The property 'transient' should have a value of type 'boolean'.")
    return info["transient"]
