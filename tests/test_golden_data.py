"""Every recorded answer about the data of a variable, replayed on every storage, in both profiles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from flask_taskvars import Forbidden, TaskVars
from flask_taskvars.settings import PROFILES
from tests.conftest import KINDS
from tests.desk import Desk, make_desk
from tests.golden_compare import ENGINE_MADE, our_parts, recorded_parts
from tests.golden_differences import DIFFERENCES, Difference, difference
from tests.golden_world import ENGINES, GOLDEN, REFUSED, Case, Step, World, cases, replay, send

MOUNTS = {"documented": "", "engine": "/engine-rest"}
DATA = re.compile(r"/(?:local)?variables/.*/data/?", re.IGNORECASE)


def label(case: Case, step: Step) -> str:
    return f"{case.name}: {step.method} {step.path}"


def compared(step: Step) -> bool:
    """Whether a step asks for data, and not for a variable that only an engine makes."""
    found = DATA.search(step.path)
    made = step.answer["status"] != 404 and any(f"/{name}/" in step.path for name in ENGINE_MADE)
    return found is not None and found.end() == len(step.path) and step.method != "POST" and not made


SELECTED = [
    number for number, case in enumerate(cases("camunda")) if case.on == "world" and all(map(compared, case.steps))
]


@pytest.fixture(scope="module", params=KINDS)
def golden_desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One app with both profiles, on each storage, with one world for each engine."""
    match request.param:
        case "memory":
            url = None
        case "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('golden')}/taskvars.db"
        case server:
            url = request.getfixturevalue(f"{server}_url")
    with make_desk(url) as desk:
        TaskVars(desk.storage, name="engine", profile="engine", url_prefix=MOUNTS["engine"]).init_app(desk.app)
        for engine in ENGINES:
            world = World(f"{engine}-")
            world.add_scopes(desk.storage)
            world.add_variables(desk.storage, without=REFUSED[engine])
        yield desk


@pytest.mark.parametrize("number", SELECTED, ids=lambda number: cases("camunda")[number].name[:60])
@pytest.mark.parametrize("profile", PROFILES)
def test_answers_as_the_engines_do(golden_desk: Desk, profile: str, number: int) -> None:
    for engine in ENGINES:
        world, case = World(f"{engine}-"), cases(engine)[number]
        for step in case.steps:
            recorded = recorded_parts(step, world)
            ours = our_parts(replay(golden_desk.app, step, world, MOUNTS[profile]), recorded)
            on_purpose = difference(label(case, step), profile)
            assert ours == recorded | on_purpose
            assert not [part for part in on_purpose if on_purpose[part] == recorded[part]], "no difference at all"


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.asked)
def test_every_difference_is_replayed(row: Difference) -> None:
    replayed = [label(case, step) for case in (cases("camunda")[number] for number in SELECTED) for step in case.steps]
    assert row.profiles
    assert [pattern for pattern in row.steps if not any(re.search(pattern, one) for one in replayed)] == []


def forbidden() -> list[dict[str, Any]]:
    recorded = json.loads((GOLDEN / "forbidden-camunda-7.24.0.json").read_text())
    return [one for one in recorded if one["request"].endswith("/data")]


@pytest.mark.parametrize("recorded", forbidden(), ids=lambda recorded: recorded["request"])
@pytest.mark.parametrize("profile", PROFILES)
def test_forbids_as_the_engine_does(desk: Desk, profile: str, recorded: dict[str, Any]) -> None:
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
