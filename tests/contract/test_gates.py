"""The gates for sizes and quotas, with the forms and documents of the contract."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_taskvars import Bytes, File, TaskVars, everybody
from flask_taskvars.errors import ConfigError
from flask_taskvars.gates import SizeLimit, TaskQuota
from flask_taskvars.gates.base import Gate
from flask_taskvars.storage.base import Guard
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import TypedValue
from tests.conftest import DIRECTORY
from tests.conftest import KINDS as STORAGES
from tests.support.desk import Desk
from tests.support.forms import chunk_rows, error_type, message, part, upload


@pytest.fixture
def desk(kind: str, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A task `t` on each kind of storage."""
    with empty_desk(kind) as made:
        made.storage.add_scope("t")
        yield made


@pytest.fixture(params=["memory"])
def kind(request: pytest.FixtureRequest) -> str:
    """Only one storage, because the answers of gates don't depend on it. The tests of quotas use each storage."""
    return str(request.param)


def send(desk: Desk, data: bytes, declared: str | None, name: str = "v", scope: str = "variables") -> TestResponse:
    """Upload a File, or Bytes if no media type is declared."""
    if declared is None:
        return upload(desk, f"t/{scope}/{name}", part("data", data))
    return upload(desk, f"t/{scope}/{name}", part("data", data, "a.bin", declared), part("valueType", "File"))


@pytest.mark.parametrize("size", [0, 1, 99_999, 100_000])
def test_a_size_that_fits(desk: Desk, size: int) -> None:
    desk.taskvars.accept(SizeLimit(100_000))
    assert send(desk, bytes(size), "a/b").status_code == 204


def test_a_size_that_does_not_fit(desk: Desk) -> None:
    desk.taskvars.accept(SizeLimit(100_000))
    for answer in (
        send(desk, bytes(100_001), "a/b"),
        send(desk, bytes(100_001), None),
        desk.client.put("/task/t/variables/v", json={"value": "x" * 99_999}),  # its two quotes count too
        desk.client.put("/task/t/variables/v", json={"type": "Bytes", "value": "A" * 133_336}),
    ):
        assert (answer.status_code, error_type(answer)) == (413, "RefusedException")
        assert "at most 100000 bytes" in message(answer)
    assert set(desk.storage.get_all("t")) == set()


@pytest.mark.parametrize("make", [SizeLimit, TaskQuota])
@pytest.mark.parametrize("limit", [-1, 1.5, "1", None, True])
def test_a_limit_is_a_number_of_bytes(make: Callable[[object], Gate], limit: object) -> None:
    with pytest.raises(ConfigError, match="must be a number of bytes"):
        make(limit)


@pytest.mark.parametrize("kind", [*STORAGES, DIRECTORY])
class TestQuota:
    """A task `t` in a scope `claim`, with a quota of 200,000 bytes."""

    @pytest.fixture(autouse=True)
    def quota(self, desk: Desk) -> None:
        desk.storage.add_scope("claim", task=False)
        desk.storage.remove_scope("t")
        desk.storage.add_scope("t", parent="claim")
        desk.taskvars.accept(TaskQuota(200_000))

    def test_a_task_may_fill_its_quota_but_not_exceed_it(self, desk: Desk) -> None:
        steps = [
            ("a", 200_000, 204),
            ("b", 1, 413),
            ("a", 200_001, 413),
            ("a", 100_000, 204),
            ("b", 100_000, 204),
            ("b", 100_001, 413),
            ("c", 1, 413),
            ("c", 0, 204),
        ]
        for name, size, status in steps:
            answer = send(desk, bytes(size), "a/b", name)
            assert answer.status_code == status
            assert status == 204 or "at most 200000 bytes" in message(answer)
        assert desk.client.delete("/task/t/variables/a").status_code == 204
        assert send(desk, bytes(100_000), None, "c").status_code == 204

    def test_all_scopes_and_types_count(self, desk: Desk) -> None:
        """Hidden variables count too. Otherwise a task could hide any number of bytes behind small variables."""
        assert send(desk, bytes(100_000), "a/b").status_code == 204
        path = "/task/t/localVariables"
        assert desk.client.put(f"{path}/v", json={"value": "x"}).status_code == 204
        assert desk.client.put(f"{path}/long", json={"value": "x" * 70_000}).status_code == 204
        assert desk.client.put(f"{path}/short", json={"value": "x" * 20_000}).status_code == 204
        for scope in ("variables", "localVariables"):
            assert send(desk, bytes(10_000), "a/b", "w", scope).status_code == 413
            assert send(desk, bytes(9_000), "a/b", "w", scope).status_code == 204
            assert desk.client.delete("/task/t/variables/w").status_code == 204

    def test_a_modification_is_counted_as_a_whole(self, desk: Desk) -> None:
        assert send(desk, bytes(200_000), "a/b").status_code == 204
        big = {"type": "Bytes", "value": b64encode(bytes(99_000)).decode()}
        patch: dict[str, object] = {"modifications": {"a": big, "b": big}}
        assert desk.client.post("/task/t/variables", json=patch).status_code == 413
        assert desk.client.post("/task/t/variables", json={**patch, "deletions": ["v"]}).status_code == 204
        assert set(desk.storage.get_all("t")) == {"a", "b"}

    def test_a_task_beyond_its_quota_may_shrink(self, desk: Desk) -> None:
        """The host may have stored more than the quota itself, or have lowered the quota."""
        desk.storage.set("t", "v", bytes(300_000))
        assert send(desk, bytes(299_999), "a/b").status_code == 413, "one value exceeds the quota"
        assert send(desk, bytes(150_000), "a/b", "w").status_code == 413
        assert send(desk, bytes(150_000), "a/b").status_code == 204

    def test_two_uploads_at_once(self, desk: Desk) -> None:
        """Both are staged, and each was accepted for itself. There is room for only one."""
        both = threading.Barrier(2)

        @desk.taskvars.accept
        def gate(task_id: str, name: str, value: TypedValue) -> None:
            both.wait(60)

        def upload_one(name: str) -> int:
            return send(desk, bytes(150_000), "a/b", name, "localVariables").status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(upload_one, ["a", "b"])) == [204, 413]
        [kept] = desk.storage.get_all("t").values()
        assert isinstance(kept.value, File)
        assert chunk_rows(desk) in (0, 1)


class Uncounted(MemoryStorage):
    """An adapter that passes only the named variables to its guard, as the interface demands."""

    def update(self, task_id: str, *, guard: Guard | None = None, **changes: Any) -> None:
        super().update(task_id, guard=guard and (lambda found: guard(dict(found))), **changes)


def test_a_quota_needs_a_storage_that_counts(caplog: pytest.LogCaptureFixture) -> None:
    storage, app = Uncounted(), Flask("host")
    storage.add_scope("t")
    taskvars = TaskVars(storage, everybody)
    taskvars.accept(TaskQuota(1000))
    taskvars.init_app(app)
    assert app.test_client().put("/task/t/variables/v", json={"value": 1}).status_code == 500
    assert "call the guard with a flask_taskvars.storage.Found" in caplog.text
    assert storage.get_all("t") == {}


def test_preconditions_are_checked_before_a_quota(desk: Desk) -> None:
    desk.taskvars.accept(TaskQuota(10))
    for headers, status in (({"If-Match": "*"}, 412), ({"If-None-Match": "*"}, 204), ({"If-None-Match": "*"}, 412)):
        answer = upload(desk, "t/variables/v", part("data", bytes(10)), headers=headers)
        assert answer.status_code == status
    assert isinstance(desk.storage.get("t", "v").value, Bytes)
    assert error_type(upload(desk, "t/variables/w", part("data", b"1"))) == "RefusedException"
