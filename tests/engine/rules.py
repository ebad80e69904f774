"""The rows of the table of differences as functions, for generated requests, which have no recorded answers.

A function tells whether its row explains a difference between an engine's answer and ours. Its docstring is the text
`asked` of the row. A row about documents also holds for documents in collections.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from flask_taskvars.http.headers import safe_filename
from tests.contract.golden.compare import Parts, media_type_of
from tests.contract.golden.row import OCTETS
from tests.contract.golden.world import Step


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with an engine's answer and ours, in one form."""

    step: Step
    theirs: Parts
    ours: Parts

    @property
    def statuses(self) -> tuple[object, object]:
        return self.theirs["status"], self.ours["status"]

    @property
    def differing(self) -> set[str]:
        """The parts that differ."""
        return {part for part, value in self.theirs.items() if value != self.ours[part]}

    @property
    def documents(self) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """Both bodies if they are JSON objects; otherwise two empty ones."""
        theirs, ours = self.theirs["body"], self.ours["body"]
        return (theirs, ours) if isinstance(theirs, dict) and isinstance(ours, dict) else ({}, {})

    def each(self) -> Iterator[Exchange]:
        """Yield each variable of a collection as if it were the whole answer. Yield other answers unchanged."""
        theirs, ours = self.documents
        if self.differing != {"body"} or "type" in theirs or theirs.keys() != ours.keys():
            yield self
            return
        for name, variable in theirs.items():
            yield replace(self, theirs={**self.theirs, "body": variable}, ours={**self.ours, "body": ours[name]})


Rule: TypeAlias = Callable[[Exchange], bool]


def unexplained(exchange: Exchange) -> list[Exchange]:
    """Return the differences that no rule explains."""
    return [one for one in exchange.each() if one.differing and not any(rule(one) for rule in RULES)]


def no_media_type(one: Exchange) -> bool:
    """the data of a File whose saved MIME type is no media type"""
    return _unparsed(one) and one.ours["type"] == OCTETS


def no_charset(one: Exchange) -> bool:
    """the data of a File whose saved encoding can't stand in a header"""
    media_type, _, _ = _not_parsed(one).rpartition("; charset=")
    return _unparsed(one) and one.ours["type"] == media_type_of(media_type) != OCTETS


def hash_in_mime_type(one: Exchange) -> bool:
    """a `#` in a MIME type"""
    if _unparsed(one) and isinstance(one.ours["type"], tuple):
        media_type, parameters = one.ours["type"]
        before, _, after = f"{media_type}#{parameters.get('charset', '')}".partition("#")
        said = _not_parsed(one).lower().rstrip("#")  # the engine saves a `#` even without an encoding
        return "#" in media_type and said == f"{before}; charset={after}".lower().rstrip("#")
    theirs, ours = map(_info, one.documents)
    before, _, after = f"{ours.get('mimeType')}#{ours.get('encoding', '')}".partition("#")
    return "#" in after and theirs == {**ours, "mimeType": before, "encoding": after}


def name_outside_latin_1(one: Exchange) -> bool:
    """the data of a File whose name has a character outside Latin-1"""
    return one.differing == {"disposition"} and one.theirs["disposition"] is None


def unsafe_name(one: Exchange) -> bool:
    """the data of a File whose name is empty, a path or a Windows device, or has control characters"""
    return one.differing == {"disposition"} and _file_name(one.ours) == safe_filename(_file_name(one.theirs))


def slash_in_name(one: Exchange) -> bool:
    """a variable whose name has a slash, which is `%2F` in the path"""
    return _html(one) and "%2F" in one.step.path and one.ours["status"] == 200


def slash_in_no_name(one: Exchange) -> bool:
    """a variable that doesn't exist, with a `%2F` in its name"""
    return _html(one) and "%2F" in one.step.path and one.ours["status"] == 404


def no_text(one: Exchange) -> bool:
    """a path with `%00`, or with bytes that are not UTF-8"""
    return _html(one) and one.ours["status"] == 400


def no_escape(one: Exchange) -> bool:
    """a path with a percent sign that escapes nothing, such as `%zz`"""
    return _html(one) and "%zz" in one.step.path and "%zz" in str(one.ours["body"])


def range_of_bytes(one: Exchange) -> bool:
    """`Range`"""
    served = one.theirs["status"] == 200 or _stumbled(one)
    return "Range" in one.step.headers and served and one.ours["status"] in (206, 416)


def has_it_already(one: Exchange) -> bool:
    """`If-None-Match`, `If-Modified-Since`"""
    return bool(one.step.headers.keys() & {"If-None-Match", "If-Modified-Since"}) and one.ours["status"] == 304


def deserialized(one: Exchange) -> bool:
    """an Object, or a Json or Xml that can't be parsed, without `deserializeValue=false`"""
    if one.statuses == (500, 200):
        return "Cannot deserialize object in variable" in _message(one.theirs)
    theirs, ours = one.documents
    if one.differing != {"body"} or not _serialized(theirs) == _serialized(ours) == "application/json":
        return False
    return bool(theirs["value"] == json.loads(str(ours["value"])))


def spin_object(one: Exchange) -> bool:
    """a Json or Xml, without `deserializeValue=false`"""
    theirs, ours = one.documents
    value = theirs.get("value")
    return isinstance(value, dict) and "dataFormatName" in value and theirs == {**ours, "value": value}


def null_xml(one: Exchange) -> bool:
    """an Xml that is null, without `deserializeValue=false`, or in a list"""
    error, ours = one.documents
    found = [ours, *ours.values()] if one.statuses == (500, 200) and error.get("type") == "NullPointerException" else []
    return any(isinstance(each, dict) and each.get("type") == "Xml" and each["value"] is None for each in found)


def too_long_name(one: Exchange) -> bool:
    """a name of more than 255 characters, when it is written"""
    told = _message(one.theirs).endswith("Variable value is too long")
    return told and _message(one.ours).startswith("Ids and names have at most ")


def too_long_text(one: Exchange) -> bool:
    """a String, a file name, a MIME type with its encoding or a class of more than 4,000 characters"""
    return _too_long(one) and len(one.step.body) > 4000


def too_long_format(one: Exchange) -> bool:
    """a `serializationDataFormat` of more than 93 characters"""
    return _too_long(one) and len(one.step.body) <= 4000 and bool(re.search(rb'DataFormat": "[^"]{94}', one.step.body))


def no_task(one: Exchange) -> bool:
    """a task that doesn't exist, and a body that can't be read or does not fit"""
    lost = "doesn't exist: task is null"
    return one.ours["status"] == 500 and lost in _message(one.ours) and lost not in _message(one.theirs)


def semicolon(one: Exchange) -> bool:
    """a `;` in a path, not escaped"""
    return ";" in one.step.path and one.ours["status"] == 404


def serialized_as_json(one: Exchange) -> bool:
    """a JSON object or array without a type, or a whole number of more than 64 bits"""
    return _by_java(one) and "<" not in _java_type(one.ours)


def uploaded_object(one: Exchange) -> bool:
    """an upload with a part `type`, which makes an Object of JSON"""
    return _by_java(one) and "<" in _java_type(one.ours)


def several_wrong(one: Exchange) -> bool:
    """several variables in one request that can't be set"""
    if not _message(one.ours) or not _message(one.theirs) or b'"modifications"' not in one.step.body:
        return False
    return len(json.loads(one.step.body)["modifications"]) > 1


def not_fitting(one: Exchange) -> bool:
    """a body that is JSON, but not of the form that is needed"""
    return one.statuses == (400, 400) and _message(one.ours).startswith("The body does not fit: ")


def no_json(one: Exchange) -> bool:
    """a body that is not JSON"""
    return one.statuses == (400, 400) and _message(one.ours).startswith("The body is not JSON: ")


def no_value_type(one: Exchange) -> bool:
    """an upload with an empty `valueType`"""
    return one.statuses == (500, 500) and _message(one.ours).startswith("The type is empty: ")


def broken_form(one: Exchange) -> bool:
    """an upload whose form breaks off"""
    return _message(one.ours).startswith("multipart/form-data cannot be processed: it ends before")


def uploaded_text(one: Exchange) -> bool:
    """an upload with `valueType` String"""
    if _message(one.ours) == "A value that is not a file must be UTF-8.":
        return one.statuses == (204, 400)
    theirs, ours = one.documents
    return bool(re.match(r"\[B@", str(theirs.get("value")))) and {**theirs, "value": ours["value"]} == ours


def escaped_quote(one: Exchange) -> bool:
    r"""an upload whose file name has a `\"`"""
    if one.differing == {"disposition"}:
        return _file_name(one.theirs) == _file_name(one.ours).replace('"', '\\"')
    theirs, ours = map(_info, one.documents)
    return bool(theirs) and theirs == {**ours, "filename": str(ours.get("filename")).replace('"', '\\"')}


RULES: tuple[Rule, ...] = (
    *(no_media_type, no_charset, hash_in_mime_type, name_outside_latin_1, unsafe_name, slash_in_name, slash_in_no_name),
    *(no_text, no_escape, semicolon, no_task, spin_object, range_of_bytes, has_it_already, deserialized, null_xml),
    *(too_long_name, too_long_text, too_long_format, serialized_as_json, uploaded_object, several_wrong),
    *(not_fitting, no_json, no_value_type, broken_form, uploaded_text, escaped_quote),
)


def _unparsed(one: Exchange) -> bool:
    return one.statuses == (500, 200) and _stumbled(one)


def _stumbled(one: Exchange) -> bool:
    """Tell whether the engine failed because of the data saved beside the bytes."""
    return one.theirs["status"] == 500 and _message(one.theirs).startswith("Error parsing media type")


def _not_parsed(one: Exchange) -> str:
    """Return the text that the engine could not parse, from its message."""
    return _message(one.theirs).removeprefix("Error parsing media type '").removesuffix("'")


def _info(document: Mapping[str, object]) -> Mapping[str, object]:
    info = document.get("valueInfo")
    return info if isinstance(info, dict) else {}


def _serialized(document: Mapping[str, object]) -> object:
    return _info(document).get("serializationDataFormat")


def _file_name(parts: Parts) -> str:
    match parts.get("disposition"):
        case (_, str(name)):
            return name
    return ""


def _html(one: Exchange) -> bool:
    return one.theirs["status"] == 400 and one.theirs["type"] == ("text/html", {"charset": "utf-8"})


def _too_long(one: Exchange) -> bool:
    return one.ours["status"] == 204 and _message(one.theirs).endswith("Variable value is too long")


def _by_java(one: Exchange) -> bool:
    theirs, ours = one.documents
    same_class = _java_type(one.theirs) == _java_type(one.ours).partition("<")[0]
    formats = (_serialized(theirs), _serialized(ours))
    return same_class and formats == ("application/x-java-serialized-object", "application/json")


def _java_type(parts: Parts) -> str:
    match parts["body"]:
        case {"valueInfo": {"objectTypeName": str(name)}}:
            return name
    return ""


def _message(parts: Parts) -> str:
    match parts["body"]:
        case {"message": str(message)}:
            return message
    return ""
