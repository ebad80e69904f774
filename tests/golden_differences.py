"""Where our answers differ from the engines', on purpose: the whole list, with reasons.

The replay asserts every row: its steps exist, the parts it names differ from the recorded ones and are as they stand
there, and all other parts of these answers are the same as the engines'. docs/compatibility.md is written out of it.
"""

from __future__ import annotations

from functools import cache

from tests.golden_compare import Parts, recorded_parts
from tests.golden_reading import READING
from tests.golden_row import Difference, ours
from tests.golden_world import Step, World
from tests.golden_writing import WRITING

DIFFERENCES = (*READING, *WRITING)


@cache
def row_of(label: str, engine: str, profile: str) -> Difference | None:
    """The row about a step, if there is one."""
    found = [row for row in DIFFERENCES if engine in row.of and row.parts(label, profile)]
    assert len(found) <= 1, f"{label} has several rows: {[row.asked for row in found]}"
    return found[0] if found else None


def expected_parts(step: Step, engine: str, profile: str, world: World) -> Parts:
    """The recorded answer, with the parts of ours that differ on purpose."""
    recorded = recorded_parts(step, engine, world)
    row = row_of(step.label, engine, profile)
    on_purpose = row.parts(step.label, profile) if row else {}
    return recorded | {part: ours(value, recorded[part], world) for part, value in on_purpose.items()}
