"""CamundaAuthorizer decides as the engine does, for all kinds of authorizations and tenants."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_taskvars import TaskVars
from flask_taskvars.errors import EngineRefused
from flask_taskvars.storage.camunda import CamundaAuthorizer, CamundaStorage
from tests.conftest import missing
from tests.contract.golden.world import Answer, send
from tests.engine.rest import Rest
from tests.engine.server import running_engine
from tests.support.databases import Missing
from tests.support.storage_tools import statements

pytestmark = [pytest.mark.engine, pytest.mark.tools]

JSON = {"Content-Type": "application/json"}
TASK, DEFINITION = 7, 6
NAMES = {
    TASK: ["READ", "UPDATE", "READ_VARIABLE", "UPDATE_VARIABLE"],
    DEFINITION: ["READ_TASK", "UPDATE_TASK", "READ_TASK_VARIABLE", "UPDATE_TASK_VARIABLE"],
}
KINDS = ("process", "standalone", "case", "foreign")
GRANT = {"type": 1, "permissions": ["ALL"], "userId": "bob", "groupId": None, "resourceType": TASK, "resourceId": "*"}
HOLDERS = [{"userId": "bob"}, {"groupId": "clerks"}, {"groupId": "others"}, {"userId": "ann"}]


def login(name: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{name}'.encode()).decode()}"}


@dataclass
class Guarded:
    """An engine with authorization, and our app on its database. The caller is `bob`. It has a task of each kind."""

    admin: Rest
    engine: sa.Engine
    app: Flask
    tasks: Mapping[str, str]

    def both(self, method: str, path: str, body: bytes = b"") -> tuple[Answer, Answer]:
        """Send bob's request to both. Return the engine's answer and our app's."""
        bob = Rest(self.admin.base, login("bob"))
        return bob.send(method, path, JSON, body), send(self.app, method, path, JSON, body)


@pytest.fixture(scope="module", params=[False, True], ids=["", "specific"])
def guarded(request: pytest.FixtureRequest, postgresql_url: str) -> Iterator[Guarded]:
    """The engine, with the permissions on tasks or with the specific permissions on variables."""
    name = f"guarded_{request.param}".lower()
    server = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    server.dispose()
    url = sa.make_url(postgresql_url).set(database=name)
    specific = {"camunda.bpm.generic-properties.properties.enforceSpecificVariablePermission": request.param}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPRING_APPLICATION_JSON", json.dumps(specific))
        try:
            with running_engine("camunda", url.render_as_string(False), authorization=True) as base:
                engine = sa.create_engine(url)
                yield _prepared(Rest(base, login("demo")), engine, request.param)
                engine.dispose()
        except Missing as absence:
            missing(str(absence))


def _prepared(admin: Rest, engine: sa.Engine, specific: bool) -> Guarded:
    storage = CamundaStorage(engine, rest_url=admin.base.replace("http://", "http://demo:demo@"))
    authorizer = CamundaAuthorizer(
        storage,
        user=lambda: "bob",
        groups=lambda: ["clerks"],
        tenants=lambda: ["ours"],
        specific_variable_permissions=specific,
    )
    app = Flask("guarded")
    TaskVars(storage, authorizer, profile="engine").init_app(app)
    guarded = Guarded(admin, engine, app, _tasks(admin))
    for user in ("bob", "ann"):
        profile = {"id": user, "firstName": user, "lastName": user}
        admin.call("POST", "/user/create", {"profile": profile, "credentials": {"password": user}})
    for group in ("clerks", "others"):
        admin.call("POST", "/group/create", {"id": group, "name": group, "type": "WORKFLOW"})
    admin.call("PUT", "/group/clerks/members/bob")
    for tenant in ("ours", "theirs"):
        admin.call("POST", "/tenant/create", {"id": tenant, "name": tenant})
    admin.call("PUT", "/tenant/ours/user-members/bob")
    for task in guarded.tasks.values():
        admin.call("PUT", f"/task/{task}/localVariables/v", {"type": "Bytes", "value": "dg=="})
    return guarded


def _tasks(admin: Rest) -> dict[str, str]:
    """Create a task of each kind."""
    admin.deploy()
    process = admin.call("POST", "/process-definition/key/called/start", {})["id"]
    case = admin.call("POST", "/case-definition/key/dispute/create", {})["id"]
    admin.call("POST", "/task/create", {"id": "standalone", "tenantId": "ours"})
    admin.call("POST", "/task/create", {"id": "foreign", "tenantId": "theirs"})
    return {
        "process": admin.call("GET", f"/task?processInstanceId={process}")[0]["id"],
        "case": admin.call("GET", f"/task?caseInstanceId={case}")[0]["id"],
        "standalone": "standalone",
        "foreign": "foreign",
    }


@st.composite
def authorizations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Generate authorizations of every kind. `{process}` and the like stand for a task's id."""

    def one(kind: int, holder: dict[str, str], resource: int, named: str, permissions: list[str]) -> dict[str, Any]:
        held = {"userId": "*"} if kind == 0 else holder
        return {
            "type": kind,
            **held,
            "resourceType": resource,
            "resourceId": named,
            "permissions": permissions,
        }

    found = []
    for _ in range(draw(st.integers(0, 5))):
        resource = draw(st.sampled_from([TASK, DEFINITION]))
        ids = ["{process}", "{standalone}", "*"] if resource == TASK else ["called", "claim", "*"]
        names = draw(st.lists(st.sampled_from([*NAMES[resource], "ALL"]), min_size=1, max_size=3, unique=True))
        found.append(
            one(
                draw(st.sampled_from([0, 1, 1, 2])),
                draw(st.sampled_from(HOLDERS)),
                resource,
                draw(st.sampled_from(ids)),
                names,
            )
        )
    keys = ("type", "userId", "groupId", "resourceType", "resourceId")
    return list({tuple(one.get(key) for key in keys): one for one in found}.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=authorizations())
def test_decides_as_the_engine_does(guarded: Guarded, held: list[dict[str, Any]]) -> None:
    made = []
    try:
        for one in held:
            named = one["resourceId"].format(**guarded.tasks) if "{" in one["resourceId"] else one["resourceId"]
            made.append(guarded.admin.call("POST", "/authorization/create", one | {"resourceId": named})["id"])
        for kind in KINDS:
            path = f"/task/{guarded.tasks[kind]}/variables/v"
            same(*guarded.both("GET", f"{path}/data"))
            same(*guarded.both("GET", f"/task/{guarded.tasks[kind]}/variables/absent/data"))
            same(*guarded.both("PUT", path, b'{"type": "Bytes", "value": "dg=="}'))
    finally:
        for identifier in made:
            guarded.admin.call("DELETE", f"/authorization/{identifier}")


def same(theirs: Answer, ours: Answer) -> None:
    assert ours.status == theirs.status
    if theirs.status < 300:
        assert ours.body == theirs.body
        return
    assert json.loads(ours.body) | {"code": 0} == json.loads(theirs.body) | {"code": 0}


def test_a_log_in_that_the_engine_refuses_is_not_blamed_on_the_caller(guarded: Guarded) -> None:
    stranger = CamundaStorage(guarded.engine, rest_url=guarded.admin.base.replace("http://", "http://nobody:wrong@"))
    with pytest.raises(EngineRefused) as refusal:
        stranger.set("standalone", "v", 1)
    assert refusal.value.status == 502


def test_the_task_is_looked_up_before_permissions(guarded: Guarded) -> None:
    same(*guarded.both("GET", "/task/no-such-task/variables/v/data"))


def test_an_anonymous_caller_may_do_nothing(guarded: Guarded) -> None:
    mount = guarded.app.extensions["taskvars"].mounts["taskvars"]
    nobody = CamundaAuthorizer(mount.storage, user=lambda: None)
    assert nobody("read", guarded.tasks["case"], "v") is False


def test_a_list_takes_one_query_for_permissions(guarded: Guarded) -> None:
    guarded.admin.call("POST", "/authorization/create", GRANT)
    with statements(guarded.engine) as run:
        answer = send(guarded.app, "GET", f"/task/{guarded.tasks['process']}/variables", JSON)
    assert answer.status == 200
    assert sum("ACT_RU_AUTHORIZATION" in statement.upper() for statement in run) == 1
