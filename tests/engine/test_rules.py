"""Each rule for generated requests belongs to a row of the table, and explains the same differences."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.golden.compare import our_parts, recorded_parts
from tests.contract.golden.differences import DIFFERENCES, row_of
from tests.contract.golden.row import Difference
from tests.contract.golden.world import World, cases, replay
from tests.engine.rules import RULES, Exchange
from tests.support.desk import make_desk

NEVER_ASKED = {"what the engine itself sets for a multi-instance activity: `loopCounter`, `nrOfInstances` …"}
ROWS = [row for row in DIFFERENCES if "Camunda" in row.of and row.patterns("engine") and row.asked not in NEVER_ASKED]


@pytest.fixture(scope="module")
def exchanges() -> list[Exchange]:
    """Return Camunda's recorded answers and ours to the same requests. A collection counts as its variables.

    Answers to HEAD are left out: the rules need a body, and compared.py compares the answers to GET.
    """
    found: list[Exchange] = []
    with make_desk(None, TASKVARS_PROFILE="engine") as desk:
        shared = World()
        shared.add_scopes(desk.storage)
        shared.add_variables(desk.storage)
        for number, case in enumerate(cases()):
            world = shared if case.on == "world" else World(f"{number}-")
            if world is not shared:
                world.add_scopes(desk.storage)
            for step in case.steps:
                recorded = recorded_parts(step, "Camunda", world)
                answer = our_parts(replay(desk.app, step, world), recorded)
                if step.method != "HEAD":
                    found += Exchange(step, recorded, answer).each()
    return found


def rows_of(exchange: Exchange) -> Iterator[Difference]:
    row = row_of(exchange.step.label, "Camunda", "engine")
    if row in ROWS and exchange.differing:
        yield row


def test_each_difference_has_the_rule_of_its_row(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        told = [rule.__doc__ for rule in RULES if exchange.differing and rule(exchange)]
        assert told == [row.asked for row in rows_of(exchange)], exchange


def test_each_row_has_a_rule_and_occurs(exchanges: list[Exchange]) -> None:
    assert sorted(str(rule.__doc__) for rule in RULES) == sorted(row.asked for row in ROWS)
    assert {row.asked for exchange in exchanges for row in rows_of(exchange)} == {row.asked for row in ROWS}
