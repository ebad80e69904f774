"""Send a case to an engine and to us, in one of two modes, and compare the answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import sqlalchemy as sa
from flask import Flask
from hypothesis import event, note

from tests.contract.golden.compare import Parts, live_parts
from tests.contract.golden.world import Step, replay
from tests.engine.generated import Case
from tests.engine.rest import EngineWorld, Rest
from tests.engine.rules import RULES, Exchange, unexplained
from tests.engine.worlds import Held, Worlds
from tests.support.desk import Desk
from tests.support.storage_tools import one_transaction, parts

Side: TypeAlias = Callable[[Step], Parts]
"""A function that sends a request to an engine or to us, in one world."""

READ = ("GET", "HEAD")


class Mode(ABC):
    """Sends the requests of cases. Each answer must be the same, or a row must explain the difference."""

    def __init__(self, worlds: Worlds) -> None:
        self.worlds = worlds

    def __call__(self, case: Case) -> None:
        """Compare in used worlds. If an answer differs, compare again in new worlds, to rule out leftovers."""
        try:
            self.compare(case, new=False)
        except AssertionError as difference:
            found = difference
        else:
            return
        self.compare(case, new=True)
        raise found

    @abstractmethod
    def compare(self, case: Case, *, new: bool) -> None:
        """Compare the answers to all requests, and the names of the stored variables afterwards."""


class OnOurOwn(Mode):
    """Compares an engine with a storage of our own."""

    def __init__(self, rest: Rest, engine_database: sa.Engine, desk: Desk) -> None:
        super().__init__(Worlds(rest, engine_database, self._add))
        self.desk = desk
        storage, self.database = parts(desk)
        self.variable = storage.metadata.tables["taskvars_variable"]

    def compare(self, case: Case, *, new: bool) -> None:
        with self.worlds.take(1, new=new) as (world,):
            sides = partial(_theirs, self.worlds.rest, world), partial(_ours, self.desk.app, world, "")
            for group in case:
                compare_group(group, lambda step: [sides])
            assert self._take_out(world) == self.worlds.held(world)

    def _add(self, world: EngineWorld) -> None:
        with one_transaction(self.desk) as storage:
            world.add_scopes(storage)

    def _take_out(self, world: EngineWorld) -> Held:
        """Empty our world. Return the scope and the name of each variable in it."""
        names = {identifier: name for name, identifier in world.ids.items()}
        of_the_world = self.variable.c.scope_id.in_(names)
        gone = sa.delete(self.variable).where(of_the_world).returning(self.variable.c.scope_id, self.variable.c.name)
        held = frozenset((names[scope], name) for scope, name in self.database.session.execute(gone))
        self.database.session.commit()
        return held


class OnItsDatabase(Mode):
    """Compares an engine with us on its database. It writes one world and we another; both sides read both."""

    def __init__(self, rest: Rest, engine_database: sa.Engine, app: Flask) -> None:
        super().__init__(Worlds(rest, engine_database))
        self.app = app

    def compare(self, case: Case, *, new: bool) -> None:
        with self.worlds.take(2, new=new) as (its, mine):
            engine, engine_in_mine = (partial(_theirs, self.worlds.rest, world) for world in (its, mine))
            us_in_its, us = (partial(_ours, self.app, world, "/engine") for world in (its, mine))
            reads = [(engine, us_in_its), (engine_in_mine, us)]
            for group in case:
                compare_group(group, lambda step: [(engine, us), *(reads if step.method in READ else [])])
            assert self.worlds.held(mine) == self.worlds.held(its)


def compare_group(group: Sequence[Step], pairs: Callable[[Step], Sequence[tuple[Side, Side]]]) -> None:
    """Compare a request and the reads after it. If all refuse the request, one read is enough."""
    first, *looks = group
    answers = compare_sides(first, pairs(first))
    refused = all(isinstance(one["status"], int) and one["status"] >= 400 for one in answers.values())
    for look in looks[:1] if refused else looks:
        compare_sides(look, pairs(look))


def compare_sides(step: Step, pairs: Sequence[tuple[Side, Side]]) -> Mapping[Side, Parts]:
    """Send the request to each side once. Compare the answers of each pair, the engine and us."""
    answers = {side: side(step) for pair in pairs for side in pair}
    if step.method == "HEAD" and any(answers[engine] != answers[us] for engine, us in pairs):
        # The rules need a body. So compare the answers to GET, and require that each HEAD matches its GET.
        got = compare_sides(replace(step, method="GET"), pairs)
        assert answers == {side: {**answer, "body": b""} for side, answer in got.items()}, step.label
        return answers
    for engine, us in pairs:
        check(step, answers[engine], answers[us])
    return answers


def check(step: Step, engine: Parts, mine: Parts) -> None:
    """Compare two answers. A failure shows the requests so far, and the differences."""
    note(step.label)
    exchange = Exchange(step, engine, mine)
    for one in exchange.each():
        event(next((str(rule.__doc__) for rule in RULES if one.differing and rule(one)), "the same"))
    differences = [
        f"{part}: {one.theirs[part]!r}, ours {one.ours[part]!r}"
        for one in unexplained(exchange)
        for part in sorted(one.differing)
    ]
    assert not differences, "\n".join([step.label, *differences])


def _ours(app: Flask, world: EngineWorld, prefix: str, step: Step) -> Parts:
    return live_parts(step, world.blank(replay(app, step, world, prefix)))


def _theirs(rest: Rest, world: EngineWorld, step: Step) -> Parts:
    return live_parts(step, rest.ask(step, world))
