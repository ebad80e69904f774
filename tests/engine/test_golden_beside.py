"""Every recorded request again, beside a live engine: read from its database, written through it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.engine.rest import EngineWorld, Rest
from tests.golden_compare import our_parts, recorded_parts
from tests.golden_differences import expected_beside
from tests.golden_world import Case, cases, replay, variables

pytestmark = [pytest.mark.engine, pytest.mark.tools]

PROFILE = "documented"
"""The one that differs more from the engine; the other one is compared in test_answers."""

NOT_IN_POSTGRESQL = re.compile(r"review name14$|all local: review$|\\ud800")
"""Cases with what the recorded H2 stores and PostgreSQL does not: a NUL and a lone surrogate."""

CASES = [case for case in cases() if not NOT_IN_POSTGRESQL.search(case.name)]


@pytest.fixture(scope="module")
def shared(rest: Rest) -> EngineWorld:
    """The world that no request of its cases changes."""
    world = rest.make_world()
    for variable in variables():
        if "\0" not in variable.get("valueInfo", {}).get("filename", ""):
            typed = {key: variable[key] for key in ("type", "value", "valueInfo") if key in variable}
            rest.set(world, variable["scope"], {variable["name"]: typed})
    return world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_answers_as_recorded(rest: Rest, engine_name: str, shared: EngineWorld, beside: Flask, case: Case) -> None:
    world = shared if case.on == "world" else rest.make_world()
    engine = engine_name.title()
    for step in case.steps:
        recorded = recorded_parts(step, engine, world)
        answer = our_parts(replay(beside, step, world, f"/{PROFILE}"), recorded)
        assert answer == expected_beside(step, engine, PROFILE, world)
