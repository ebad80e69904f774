"""Every recorded request, replayed on each storage and in each profile: the answer is equal, or differs on purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from flask_taskvars import Forbidden, TaskVars, everybody
from flask_taskvars.settings import PROFILES, Profile
from tests.contract.golden.compare import our_parts, recorded_parts
from tests.contract.golden.differences import DIFFERENCES, expected_parts, row_of
from tests.contract.golden.row import Difference, ours
from tests.contract.golden.world import ENGINES, GOLDEN, Step, World, cases, replay, send
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import one_transaction

MOUNTS = {"documented": "", "engine": "/engine-rest"}
COMBINED = [
    *(("sqlite", profile) for profile in PROFILES),
    ("memory", "engine"),
    ("postgresql", "documented"),
    ("mariadb", "engine"),
]
"""Each storage, and each profile. A storage never learns the profile, so not each of them with each."""
STEPS = [step for case in cases() for step in case.steps]


def world_of(number: int, profile: Profile) -> World:
    """Return the shared world, if no request of the case changes it, or a world only for this case."""
    return World() if cases()[number].on == "world" else World(f"{profile}-{number}-")


@pytest.fixture(scope="module")
def golden_desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An app with both profiles and all worlds, on each storage in turn."""
    match request.param:
        case "memory":
            url = None
        case "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('golden')}/taskvars.db"
        case server:
            url = request.getfixturevalue(f"{server}_url")
    with make_desk(url) as desk:
        engine = TaskVars(desk.storage, everybody, name="engine", profile="engine", url_prefix=MOUNTS["engine"])
        engine.init_app(desk.app)
        with one_transaction(desk) as storage:
            for world in {world_of(number, profile) for number in range(len(cases())) for profile in PROFILES}:
                world.add_scopes(storage)
            World().add_variables(storage)
        yield desk


@pytest.mark.parametrize("number", range(len(cases())), ids=lambda number: cases()[number].name[:60])
@pytest.mark.parametrize(("golden_desk", "profile"), COMBINED, indirect=["golden_desk"], scope="module")
def test_answers_as_the_engines_do(golden_desk: Desk, profile: Profile, number: int) -> None:
    world = world_of(number, profile)
    for step in cases()[number].steps:
        answer = replay(golden_desk.app, step, world, MOUNTS[profile])
        for engine in ENGINES:
            recorded = recorded_parts(step, engine, world)
            assert our_parts(answer, recorded) == expected_parts(step, engine, profile, world)


def about(row: Difference, profile: Profile) -> Iterator[tuple[Step, dict[str, object], dict[str, object]]]:
    """Yield the steps of a row, with the recorded parts and our expected parts."""
    for step in STEPS:
        for engine in row.of:
            if row_of(step.label, engine, profile) is row:
                yield step, recorded_parts(step, engine, World()), expected_parts(step, engine, profile, World())


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.asked)
class TestRows:
    def test_differs_in_the_named_parts(self, row: Difference) -> None:
        assert row.steps or row.documented
        for profile in PROFILES:
            for pattern, parts in row.patterns(profile):
                found = [recorded for step, recorded, _ in about(row, profile) if re.search(pattern, step.label)]
                assert found, f"no step is {pattern}"
                for part, value in parts.items():
                    assert any(recorded[part] != ours(value, recorded[part], World()) for recorded in found), part

    def test_differs_in_each_step(self, row: Difference) -> None:
        for profile in PROFILES:
            assert [step.label for step, recorded, expected in about(row, profile) if recorded == expected] == []

    def test_at_most_one_pattern_fits_each_step(self, row: Difference) -> None:
        for patterns in (row.steps, row.documented, row.engine):
            for step in STEPS:
                assert sum(bool(re.search(pattern, step.label)) for pattern in patterns) <= 1, step.label

    def test_the_statuses_in_its_texts_are_right(self, row: Difference) -> None:
        """Each status in a text was recorded or is expected. If the status differs, both texts name one."""
        told = {
            profile: {int(status) for status in re.findall(r"\b[2-5]\d\d\b", text)}
            for profile, text in (("", row.engines), ("documented", row.ours), ("engine", row.as_engine))
        }
        for profile in PROFILES:
            steps = [(recorded["status"], expected["status"]) for _, recorded, expected in about(row, profile)]
            assert told[profile] <= {expected for _, expected in steps} or not steps
            assert told[""] <= {recorded for recorded, _ in steps} or not steps
            if any(recorded != expected for recorded, expected in steps):
                assert told[""]
                assert told["documented"]

    def test_describes_the_engine_profile_only_if_it_differs_from_both(self, row: Difference) -> None:
        third = bool(row.engine) or bool(row.steps and row.documented)
        assert bool(row.as_engine) is third


def forbidden() -> list[dict[str, Any]]:
    """Return the recorded refusals by the library. The host itself refuses unknown users."""
    recorded = json.loads((GOLDEN / "forbidden-camunda-7.24.0.json").read_text())
    return [one for one in recorded if one["status"] != 401]


@pytest.mark.parametrize("recorded", forbidden(), ids=lambda recorded: recorded["request"])
@pytest.mark.parametrize("profile", PROFILES)
def test_forbids_as_the_engine_does(desk: Desk, profile: Profile, recorded: dict[str, Any]) -> None:
    def refuse(action: str, task_id: str, name: str | None) -> bool:
        raise Forbidden(user_id=recorded["user"])

    TaskVars(desk.storage, refuse, name=profile, profile=profile, url_prefix="/guarded").init_app(desk.app)
    desk.storage.add_scope("task-1")
    desk.storage.set("task-1", "f", b"secret")
    expected = json.loads(json.dumps(recorded).replace("{task}", "task-1"))
    method, path = expected["request"].split()
    answer = send(desk.app, method, f"/guarded{path}")
    unknown = expected["status"] == 500
    assert answer.status == (404 if unknown and profile == "documented" else expected["status"])
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.body) == expected["json"]
