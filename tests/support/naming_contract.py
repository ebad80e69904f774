"""The part of the storage contract about names, ids and scopes; `storage_contract` has the rest."""

from __future__ import annotations

import pytest

from flask_taskvars import Value
from flask_taskvars.errors import InvalidRequest, TaskNotFound, VariableNotFound
from tests.contract.golden.world import Storage
from tests.support.storage_examples import DISTINCT, REFUSED


class NamingContract:
    """Tests of one storage with the scopes `claim` > `stage` > `task`, and a second task `other` in the claim."""

    @pytest.fixture(autouse=True)
    def scopes(self, storage: Storage) -> None:
        storage.add_scope("claim", task=False)
        storage.add_scope("stage", parent="claim", task=False)
        storage.add_scope("task", parent="stage")
        storage.add_scope("other", parent="claim")

    def test_takes_names_literally(self, storage: Storage) -> None:
        storage.update("task", put={name: Value("String", name) for name in DISTINCT})
        assert [storage.get("task", name).value for name in DISTINCT] == [Value("String", name) for name in DISTINCT]
        assert set(storage.get_all("task")) == set(DISTINCT)
        storage.update("task", delete=["a"])
        assert set(storage.get_all("task")) == set(DISTINCT) - {"a"}

    @pytest.mark.parametrize("name", REFUSED, ids=ascii)
    def test_refuses_names_that_some_databases_cannot_store(self, storage: Storage, name: str) -> None:
        with pytest.raises(InvalidRequest):
            storage.set("task", name, 1)
        with pytest.raises(InvalidRequest):
            storage.add_scope(name)
        with pytest.raises(VariableNotFound):
            storage.get("task", name)
        with pytest.raises(TaskNotFound):
            storage.set(name, "v", 1)
        with pytest.raises(TaskNotFound):
            storage.add_scope("below", parent=name)
        storage.remove_scope(name)

    def test_takes_ids_literally(self, storage: Storage) -> None:
        ids = [name for name in DISTINCT if name]
        for scope in ids:
            storage.add_scope(scope)
            storage.set(scope, "v", scope)
        assert [storage.get(scope, "v").value for scope in ids] == [Value("String", scope) for scope in ids]

    def test_refuses_a_second_scope_of_an_id_and_an_absent_parent(self, storage: Storage) -> None:
        with pytest.raises(ValueError, match="exists already"):
            storage.add_scope("task")
        with pytest.raises(TaskNotFound):
            storage.add_scope("new", parent="absent")
        with pytest.raises(TaskNotFound):
            storage.set("new", "v", 1)

    @pytest.mark.parametrize(("removed", "left"), [("claim", set()), ("stage", {"other"}), ("task", {"other"})])
    def test_removes_a_scope_and_all_scopes_below_it(self, storage: Storage, removed: str, left: set[str]) -> None:
        for scope in ("claim", "stage", "task", "other"):
            storage.set(scope, "v", scope)
        storage.remove_scope(removed)
        storage.remove_scope(removed)
        assert {task for task in ("task", "other") if self.exists(storage, task)} == left
        storage.add_scope(removed)
        assert storage.get_all(removed) == {}

    @staticmethod
    def exists(storage: Storage, task: str) -> bool:
        try:
            storage.get_all(task)
        except TaskNotFound:
            return False
        return True
