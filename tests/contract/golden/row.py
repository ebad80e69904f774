"""One row of the table of differences, and how our parts of an answer are written there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.contract.golden.world import ENGINES, World

Parts: TypeAlias = Mapping[str, object]
"""`status`, `type` (media type and parameters), `disposition` (type and file name) and `body` of our answer."""

Steps: TypeAlias = Mapping[str, Parts]
"""From a regular expression over `case: METHOD path` to the parts of our answer that are not the engine's."""

BARE: Mapping[str, str] = {}
OCTETS = ("application/octet-stream", BARE)
JSON = ("application/json", BARE)
TEXT = ("text/plain", BARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that we answer in another way than the engines, on purpose. The texts are Markdown, on one line.

    :param asked: what the request is about.
    :param engines: what the engines answer.
    :param ours: what we answer.
    :param why: the reason.
    :param steps: where both profiles differ from the engines, in the same way.
    :param documented: where that profile differs, or differs more.
    :param engine: the same of the other profile, for the rare things that it does in a third way.
    :param as_engine: what the `engine` profile answers then.
    :param of: the engines that this is about.
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
        """All that holds in a profile."""
        own = {"documented": self.documented, "engine": self.engine}[profile]
        return [*self.steps.items(), *own.items()]

    def parts(self, label: str, profile: str) -> dict[str, object]:
        """The parts of our answer to a step that are not the engine's; nothing, when the row is not about it."""
        found = [parts for pattern, parts in self.patterns(profile) if re.search(pattern, label)]
        return {part: value for parts in found for part, value in parts.items()}


class Starting(str):
    """Equals every text that starts with it: what follows are the words of the Python that runs."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))

    def __hash__(self) -> int:
        return str.__hash__(self)


@dataclass(frozen=True, slots=True)
class Changed:
    """The recorded document, but for these keys."""

    keys: Mapping[str, object]


def ours(part: object, recorded: object, world: World) -> object:
    """A part as a row has it, with ids in the place of placeholders."""
    match part:
        case Changed(keys):
            assert isinstance(recorded, dict)
            return {**recorded, **keys}
        case {"message": str(message), **rest} if not isinstance(message, Starting):
            return {**rest, "message": world.fill(message)}
    return part


def saved_as(name: str) -> Parts:
    """A download that is saved under this name."""
    return {"disposition": ("attachment", name)}


def error(kind: str, message: str) -> Mapping[str, object]:
    """The body of an error."""
    return {"type": kind, "message": message, "code": None}


def invalid(message: str) -> Mapping[str, object]:
    """The body of an error that the caller made."""
    return error("InvalidRequestException", message)


def absent(name: str) -> Mapping[str, object]:
    """The body of the error for a variable that isn't there."""
    return invalid(f"task variable with name {name} does not exist")


def typed(kind: str, value: object, **info: object) -> Mapping[str, object]:
    """The document of a variable."""
    return {"type": kind, "value": value, "valueInfo": info}


def serialized(text: str, java_type: str) -> Mapping[str, object]:
    """The document of an Object that is stored as JSON."""
    return typed("Object", text, objectTypeName=java_type, serializationDataFormat="application/json")
