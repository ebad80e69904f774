"""Every recorded request again, beside a live engine: we read from its database and write through it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.contract.golden.compare import our_parts, recorded_parts
from tests.contract.golden.differences import expected_beside
from tests.contract.golden.world import Case, cases, replay, variables
from tests.engine.rest import EngineWorld, Rest

pytestmark = [pytest.mark.engine, pytest.mark.tools]

PROFILE = "documented"
"""The profile that differs more from the engine. test_answers compares the other one."""

NOT_IN_POSTGRESQL = re.compile(r"review name14$|all local: review$|\\ud800")
"""Cases with texts that the recorded H2 could store but PostgreSQL can't: a NUL and a lone surrogate."""

NEEDS_SPIN = re.compile(r"^put (7|72|body 17) |^(untyped|upload) object$")
"""Cases with an Object as JSON, or with Json. The Operaton of these tests supports neither."""

CASES = [case for case in cases() if not NOT_IN_POSTGRESQL.search(case.name)]


@pytest.fixture(scope="module")
def shared(rest: Rest, engine_name: str) -> EngineWorld:
    """The shared world, which no request changes."""
    world = rest.make_world()
    for variable in variables():
        refused = variable["name"] == "name14" or (variable["type"] == "Object" and engine_name == "operaton")
        if not refused:
            typed = {key: variable[key] for key in ("type", "value", "valueInfo") if key in variable}
            rest.set(world, variable["scope"], {variable["name"]: typed})
    return world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_answers_as_recorded(rest: Rest, engine_name: str, shared: EngineWorld, beside: Flask, case: Case) -> None:
    if engine_name == "operaton" and NEEDS_SPIN.search(case.name):
        pytest.skip("this Operaton is without Spin")
    world = shared if case.on == "world" else rest.make_world()
    engine = engine_name.title()
    for step in case.steps:
        recorded = recorded_parts(step, engine, world)
        answer = our_parts(replay(beside, step, world, f"/{PROFILE}"), recorded)
        assert answer == expected_beside(step, engine, PROFILE, world)
