"""The contract of storages on the schema of a live engine. Its scopes are a process, a subprocess and tasks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from flask_taskvars.errors import TaskNotFound
from flask_taskvars.storage.base import Guard, check_key
from flask_taskvars.storage.camunda import CamundaStorage
from flask_taskvars.values import File, TypedValue, Value, Variable, blocks, typed_value
from tests.engine.rest import EngineWorld, Rest
from tests.support.storage_contract import StorageContract
from tests.support.storage_examples import VALUES

pytestmark = [pytest.mark.engine, pytest.mark.tools]

NAMED = {"claim": "process", "stage": "assessment", "task": "check", "other": "review"}
"""The scopes of the contract, and the scopes of our world that stand for them."""

NOT_HELD = {"NUL", "lone surrogate", "long text", "huge", "nested", "null file", "strange file", "nameless file"}
"""Values that don't fit into PostgreSQL or into a column of 4000 characters, or that the REST API refuses."""

NOT_OF_AN_ENGINE = {
    "test_takes_ids_literally": "an engine makes its scopes by itself",
    "test_refuses_a_second_scope_of_an_id_and_an_absent_parent": "the same",
    "test_removes_a_scope_and_all_scopes_below_it": "the same",
    "test_gives_contents_tags_and_dates": "it keeps no hash of the bytes, nor when they were written",
    "test_copies_given_values": "an Object is a text there",
    "test_keeps_values_as_they_are": "it takes a part of them only, see below",
}


class NamedStorage(CamundaStorage):
    """An engine whose scopes have the names of the contract."""

    def __init__(self, engine: sa.Engine, rest: Rest, world: EngineWorld) -> None:
        super().__init__(engine, rest_url=rest.base)
        self._ids = {name: world.id(scope) for name, scope in NAMED.items()}
        self._set_around = partial(rest.set, world)

    def add_scope(self, scope: str, parent: str | None = None, *, task: bool = True) -> None:
        """Add nothing, because the world has all scopes."""
        check_key(scope)
        if parent not in (None, *NAMED):
            raise TaskNotFound(str(parent))

    def remove_scope(self, scope: str) -> None:
        """Remove nothing, because the scopes end with the engine."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        return self._named(super().get(self._ids.get(task_id, task_id), name, local=local))

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        found = super().get_all(self._ids.get(task_id, task_id), local=local)
        return {name: self._named(variable) for name, variable in found.items()}

    def update(
        self,
        task_id: str,
        *,
        put: Mapping[str, TypedValue] | None = None,
        delete: Collection[str] = (),
        local: bool = False,
        guard: Guard | None = None,
    ) -> None:
        super().update(self._ids.get(task_id, task_id), put=put, delete=delete, local=local, guard=guard)

    def set(self, scope: str, name: str, value: object) -> None:
        if scope in ("claim", "stage"):
            self._set_around(NAMED[scope], {name: document(typed_value(value))})
        else:
            super().set(scope, name, value)

    def _named(self, variable: Variable) -> Variable:
        [name] = [name for name, scope in self._ids.items() if scope == variable.scope]
        return replace(variable, scope=name)


def document(value: TypedValue) -> Mapping[str, object]:
    """Return a value as a VariableValueDto."""
    if isinstance(value, Value):
        return {"type": value.type, "value": value.value, "valueInfo": value.info}
    text = None if value.content is None else b64encode(b"".join(blocks(value.content))).decode()
    if isinstance(value, File):
        named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
        return {"type": "File", "value": text, "valueInfo": {key: one for key, one in named.items() if one}}
    return {"type": "Bytes", "value": text}


@pytest.fixture
def storage(engine_url: str, rest: Rest) -> Iterator[NamedStorage]:
    engine = sa.create_engine(engine_url)
    yield NamedStorage(engine, rest, rest.make_world())
    engine.dispose()


class TestCamundaStorage(StorageContract):
    """The contract, for everything that an engine's schema and REST API can store."""

    @pytest.mark.parametrize("name", sorted(VALUES.keys() - NOT_HELD))
    def test_keeps_values_that_the_engine_accepts(self, storage: NamedStorage, engine_name: str, name: str) -> None:
        if (engine_name, name) == ("operaton", "json"):
            pytest.skip("this Operaton is without Spin")
        storage.update("task", put={"v": VALUES[name]})
        assert storage.get("task", "v") == Variable("v", "claim", VALUES[name])
        assert storage.get_all("task") == {"v": Variable("v", "claim", VALUES[name])}

    def test_sends_a_name_that_is_not_valid_unicode(self, storage: NamedStorage) -> None:
        """JSON can contain it, UTF-8 can't. The engine's database stores a question mark instead."""
        storage.update("task", put={"v": File(b"x", filename="\ud800.txt", mimetype="a/b")})
        assert getattr(storage.get("task", "v").value, "filename", None) == "?.txt"


for test in NOT_OF_AN_ENGINE:
    setattr(TestCamundaStorage, test, None)
