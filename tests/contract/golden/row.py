"""The rows of the table of differences, and helpers to write the parts of our answers there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.contract.golden.world import ENGINES, World

Parts: TypeAlias = Mapping[str, object]
"""The `status`, `type` (media type and parameters), `disposition` (type and file name) and `body` of our answer."""

Steps: TypeAlias = Mapping[str, Parts]
"""The parts of our answer that differ, by a regular expression for the step's label, `case: METHOD path`."""

BARE: Mapping[str, str] = {}
OCTETS = ("application/octet-stream", BARE)
JSON = ("application/json", BARE)
TEXT = ("text/plain", BARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A request that we answer differently from the engines, on purpose. The texts are Markdown, on one line.

    :param asked: what the request is about.
    :param engines: what the engines answer.
    :param ours: what we answer.
    :param why: the reason.
    :param steps: differences of both profiles.
    :param documented: differences, or more differences, of the profile `documented`.
    :param engine: differences of the profile `engine`, for the rare answers that match neither the engines nor
        `documented`.
    :param as_engine: what the profile `engine` answers then.
    :param of: the engines from which we differ.
    """

    asked: str
    engines: str
    ours: str
    why: str
    steps: Steps = field(default_factory=dict)
    documented: Steps = field(default_factory=dict)
    engine: Steps = field(default_factory=dict)
    as_engine: str = ""
    of: tuple[str, ...] = tuple(ENGINES)

    def patterns(self, profile: str) -> list[tuple[str, Parts]]:
        """Return all patterns for a profile, with their parts."""
        own = {"documented": self.documented, "engine": self.engine}[profile]
        return [*self.steps.items(), *own.items()]

    def parts(self, label: str, profile: str) -> dict[str, object]:
        """Return the parts of our answer to a step that differ; none if the row does not concern the step."""
        found = [parts for pattern, parts in self.patterns(profile) if re.search(pattern, label)]
        return {part: value for parts in found for part, value in parts.items()}


class Starting(str):
    """A text that equals every text that starts with it. The rest depends on the version of Python."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))

    def __hash__(self) -> int:
        return str.__hash__(self)


@dataclass(frozen=True, slots=True)
class Changed:
    """The recorded document with other values for some keys."""

    keys: Mapping[str, object]


def ours(part: object, recorded: object, world: World) -> object:
    """Return a part of a row, with ids in place of the placeholders."""
    match part:
        case Changed(keys):
            assert isinstance(recorded, dict)
            return {**recorded, **keys}
        case {"message": str(message), **rest} if not isinstance(message, Starting):
            return {**rest, "message": world.fill(message)}
    return part


def saved_as(name: str) -> Parts:
    """Return the part for a download that is saved under this name."""
    return {"disposition": ("attachment", name)}


def error(kind: str, message: str) -> Mapping[str, object]:
    """Return the body of an error."""
    return {"type": kind, "message": message, "code": None}


def invalid(message: str) -> Mapping[str, object]:
    """Return the body of an InvalidRequestException."""
    return error("InvalidRequestException", message)


def absent(name: str) -> Mapping[str, object]:
    """Return the body of the error for an absent variable."""
    return invalid(f"task variable with name {name} does not exist")


def typed(kind: str, value: object, **info: object) -> Mapping[str, object]:
    """Return the document of a variable."""
    return {"type": kind, "value": value, "valueInfo": info}


def serialized(text: str, java_type: str) -> Mapping[str, object]:
    """Return the document of an Object that is stored as JSON."""
    return typed("Object", text, objectTypeName=java_type, serializationDataFormat="application/json")
