"""Made-up requests, sent to an engine and to us: the same answers, or different ones on purpose."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import HealthCheck, event, given, note, settings

from tests.desk import Desk, make_desk
from tests.engine.generated import cases
from tests.engine.rest import EngineWorld, Rest
from tests.engine.rules import RULES, Exchange, unexplained
from tests.golden_compare import Parts, live_parts
from tests.golden_world import Step, replay
from tests.storage_tools import one_transaction

pytestmark = [pytest.mark.engine, pytest.mark.tools]

CASES = int(os.environ.get("TASKVARS_TEST_CASES", "300"))


@pytest.fixture(scope="module")
def own_desk(postgresql_url: str) -> Iterator[Desk]:
    """An app in the profile `engine` with a database of its own."""
    with make_desk(postgresql_url, TASKVARS_PROFILE="engine") as desk:
        yield desk


def ours(app: Flask, step: Step, world: EngineWorld, prefix: str = "") -> Parts:
    return live_parts(step, world.blank(replay(app, step, world, prefix)))


def theirs(rest: Rest, step: Step, world: EngineWorld) -> Parts:
    return live_parts(step, rest.ask(step, world))


def check(step: Step, engine: Parts, mine: Parts) -> None:
    """Compare two answers; a failure shows the requests until then, and what differs."""
    note(step.label)
    exchange = Exchange(step, engine, mine)
    for one in exchange.each():
        event(next((str(rule.__doc__) for rule in RULES if one.differing and rule(one)), "the same"))
    differences = [
        f"{part}: {one.theirs[part]!r}, ours {one.ours[part]!r}"
        for one in unexplained(exchange)
        for part in sorted(one.differing)
    ]
    assert not differences, step.label


def test_a_storage_of_our_own_answers_as_the_engine(rest: Rest, own_desk: Desk, engine_name: str) -> None:
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases(camunda=engine_name == "camunda"))
    def same(case: list[Step]) -> None:
        world = rest.make_world()
        with one_transaction(own_desk) as storage:
            world.add_scopes(storage)
        for step in case:
            check(step, theirs(rest, step, world), ours(own_desk.app, step, world))

    same()


def test_beside_an_engine_we_answer_as_it_does(rest: Rest, beside: Flask, engine_name: str) -> None:
    """One world is written by the engine, one by us; all is read by both."""

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases(camunda=engine_name == "camunda"))
    def same(case: list[Step]) -> None:
        its, mine = rest.make_world(), rest.make_world()
        for step in case:
            answer, told = theirs(rest, step, its), ours(beside, step, mine, "/engine")
            check(step, answer, told)
            if step.method == "GET":
                check(step, answer, ours(beside, step, its, "/engine"))
                check(step, theirs(rest, step, mine), told)

    same()
