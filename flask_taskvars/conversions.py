"""Typed values out of JSON, with the conversions and refusals of the engine (Camunda 7's VariableValueDto)."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .errors import InvalidFile, Unconvertible, Unserializable, UnsupportedType
from .values import INTEGER, LONG, Bytes, File, TypedValue, Value, date_text

SHORT = range(-(2**15), 2**15)
_NULL_TEXTS = ("", "null")  # Jackson reads both as null for every type but String
_DOUBLE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INFINITE = {"INF": "Infinity", "+INF": "Infinity", "-INF": "-Infinity", "+Infinity": "Infinity"}
_DATE = re.compile(
    r"\s*(\d{1,4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,3})([+-])(\d{2})(\d{2})", re.ASCII
)
_BLANK = re.compile(r"[\x00-\x20]+")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
JSON_FORMAT = "application/json"
_JAVA_FORMAT = "application/x-java-serialized-object"


@dataclass(frozen=True, slots=True)
class Given:
    """A typed value as a caller gave it.

    :param transient: the caller wants it forgotten at the end of the request.
    """

    value: TypedValue
    transient: bool = False


def convert(
    variable: str, kind: str | None, value: object, info: Mapping[str, object] | None, *, lenient: bool = False
) -> Given:
    """Turn the parts of a VariableValueDto into a typed value.

    :param variable: the name of the variable, for messages.
    :param kind: the type's name, its first letter in either case; None lets the value decide.
    :param lenient: read a File's Base64 as the engine does, which drops what it can't read.
    :raises Unconvertible: the value does not fit the type, or there is no such type.
    :raises InvalidFile: a File without its name, or with bytes that are no Base64.
    :raises Unserializable: an Object that says too little about itself.
    """
    if kind is None:
        transient = (info or {}).get("transient") is True
        return Given(_untyped(value), transient)
    name = kind[:1].upper() + kind[1:]
    if not kind:
        raise InvalidFile("The type is empty: leave it out, or give one of the contract's: String, Integer, File …")
    if name == "File":
        return Given(_file(value, info, lenient), _transient(info))
    if name in _JAVA_TYPES:
        return _primitive(kind, name, value, info)
    if name in ("Object", "Json", "Xml"):
        if value is not None and not isinstance(value, str):
            raise Unconvertible(f"Must provide 'null' or String value for value of SerializableValue type '{kind}'.")
        stored = _object(variable, value, info or {}) if name == "Object" else Value(name, value)
        return Given(stored, _transient(info))
    raise UnsupportedType(kind)


def java_text(value: object) -> str:
    """Write a JSON value as Java's `toString` does; the engine turns values into Strings with it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return _java_double(value)
        case list():
            return f"[{', '.join(map(java_text, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}={java_text(one)}" for key, one in value.items()) + "}"
    return str(value)


def _java_double(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    exponent = int(f"{value:.17e}".partition("e")[2])
    digits = repr(value).partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{exponent}"


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
    # The engine serializes these with Java; here they are JSON.
    java = {int: "java.math.BigInteger", list: "java.util.ArrayList", dict: "java.util.LinkedHashMap"}[type(value)]
    return Value("Object", json.dumps(value), {"objectTypeName": java, "serializationDataFormat": JSON_FORMAT})


def _primitive(kind: str, name: str, value: object, info: Mapping[str, object] | None) -> Given:
    java_type, read = _JAVA_TYPES[name]
    try:
        if value is None:
            return Given(Bytes(None) if name == "Bytes" else Value(name), _transient(info))
        if name == "String":
            return Given(Value(name, value if isinstance(value, str) else java_text(value)), _transient(info))
        read_value = read(java_text(value))
        return Given(read_value if isinstance(read_value, Bytes) else Value(name, read_value), _transient(info))
    except (ValueError, OverflowError, InvalidFile) as error:
        raise Unconvertible(
            f"Cannot convert value '{java_text(value)}' of type '{kind}' to java type {java_type}"
        ) from error


def _integer(limits: range) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        text = text.strip()
        if text in _NULL_TEXTS:
            return None
        if not re.fullmatch(r"[+-]?\d{1,20}", text):
            raise ValueError("no whole number")
        if (number := int(text)) not in limits:
            raise ValueError("out of range")
        return number

    return read


def _double(text: str) -> object:
    text = text.strip()
    if text in _NULL_TEXTS:
        return None
    text = _INFINITE.get(text, text)
    if text in ("NaN", "Infinity", "-Infinity"):
        return text
    if not _DOUBLE.fullmatch(text):
        raise ValueError("no number")
    return _double_json(float(text))


def _double_json(value: float) -> object:
    return value if math.isfinite(value) else _java_double(value)


def _boolean(text: str) -> bool | None:
    text = text.strip()
    if text in _NULL_TEXTS:
        return None
    if text not in ("true", "True", "TRUE", "false", "False", "FALSE"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _date(text: str) -> str | None:
    """Read `yyyy-MM-dd'T'HH:mm:ss.SSSZ`; like Java's, fields may run over (month 13), and what follows is ignored."""
    if text in _NULL_TEXTS:
        return None
    match = _DATE.match(text)
    if match is None:
        raise ValueError("no date")
    year, month, day, hour, minute, second, milliseconds = map(int, match.groups()[:7])
    sign, zone_hours, zone_minutes = match[8], int(match[9]), int(match[10])
    start = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    moment = start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)
    zone = timedelta(hours=zone_hours, minutes=zone_minutes)
    return date_text(moment - zone if sign == "+" else moment + zone)


def _null(text: str) -> None:
    raise ValueError("not null")


def _bytes(text: str) -> Bytes:
    """Read Base64 as Jackson does: with its padding, blanks between the groups of four, also several in a row."""
    try:
        return Bytes(base64.b64decode(text, validate=True))
    except ValueError:
        groups = re.split(r"(?<==)(?=[^=])", _BLANK.sub("", text))
        return Bytes(b"".join(base64.b64decode(group, validate=True) for group in groups))


_JAVA_TYPES: dict[str, tuple[str, Callable[[str], object]]] = {
    "String": ("java.lang.String", str),
    "Boolean": ("java.lang.Boolean", _boolean),
    "Short": ("java.lang.Short", _integer(SHORT)),
    "Integer": ("java.lang.Integer", _integer(INTEGER)),
    "Long": ("java.lang.Long", _integer(LONG)),
    "Double": ("java.lang.Double", _double),
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
    return Value("Object", value, {"serializationDataFormat": form} | ({"objectTypeName": name} if name else {}))


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
    """Read Base64 of either alphabet, with or without padding and blanks (Commons Codec, which the engine uses)."""
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
