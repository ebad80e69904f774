"""All answers in which we differ from the engines on purpose, with the reasons.

The replay checks each row: its steps exist, the parts that it names differ from the recorded ones, we answer as the row
says, and all other parts are the same as the engines'. docs/compatibility.md is generated from this list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from tests.contract.golden.compare import Parts, recorded_parts
from tests.contract.golden.reading import READING
from tests.contract.golden.row import Difference, ours
from tests.contract.golden.world import Step, World
from tests.contract.golden.writing import WRITING

DIFFERENCES = (*READING, *WRITING)


@dataclass(frozen=True, slots=True)
class Beside:
    """Steps of a row that hold only for our own storages. Beside a live engine we answer as it does.

    :param asked: the row's text `asked`.
    :param steps: a regular expression over the labels of the row's steps.
    :param why: the reason.
    """

    asked: str
    steps: str
    why: str


BESIDE = (
    Beside("a `#` in a MIME type", "", "Here the value lies in the engine's own column, which holds both."),
    Beside(
        "what the engine itself sets for a multi-instance activity: `loopCounter`, `nrOfInstances` …",
        "",
        "The engine sets them there, too.",
    ),
    Beside(
        "a variable of the type Json or Xml, or an Object serialized as JSON",
        "",
        "The engine writes them, or refuses to.",
    ),
    Beside(
        "a String, a file name, a MIME type with its encoding or a class of more than 4,000 characters",
        "",
        "The engine refuses it.",
    ),
    Beside("a `serializationDataFormat` of more than 93 characters", "", "The engine refuses it."),
    Beside(
        "`If-None-Match`, `If-Modified-Since`",
        "If-Modified-Since",
        "`If-Modified-Since` only: the engine does not store when a value was written. There is an ETag.",
    ),
)


def expected_beside(step: Step, engine: str, profile: str, world: World) -> Parts:
    """Return the parts like :func:`expected_parts`, but for a storage on the engine's own database."""
    row = row_of(step.label, engine, profile)
    if row and any(one.asked == row.asked and re.search(one.steps, step.label) for one in BESIDE):
        return recorded_parts(step, engine, world)
    return expected_parts(step, engine, profile, world)


@cache
def row_of(label: str, engine: str, profile: str) -> Difference | None:
    """Return the row for a step, if there is one."""
    found = [row for row in DIFFERENCES if engine in row.of and row.parts(label, profile)]
    assert len(found) <= 1, f"{label} has several rows: {[row.asked for row in found]}"
    return found[0] if found else None


def expected_parts(step: Step, engine: str, profile: str, world: World) -> Parts:
    """Return the recorded answer, with our parts where we differ on purpose."""
    recorded = recorded_parts(step, engine, world)
    row = row_of(step.label, engine, profile)
    on_purpose = row.parts(step.label, profile) if row else {}
    return recorded | {part: ours(value, recorded[part], world) for part, value in on_purpose.items()}
