"""Long JSON values. They are stored as contents, read only after the hook allows it, and never whole in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_taskvars import Value
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sql.limits import INLINE
from flask_taskvars.values import LongValue
from tests.support.desk import Desk
from tests.support.forms import chunk_rows
from tests.support.storage_tools import statements

V = "/task/t/variables/v"
LONG = 'ä\u2028"' * INLINE
VALUES = [Value("String", LONG), Value("Json", json.dumps([LONG])), Value("Object", LONG, {"objectTypeName": "x"})]


@pytest.fixture
def task(desk: Desk) -> Desk:
    desk.storage.add_scope("t")
    return desk


@pytest.mark.parametrize("value", VALUES)
def test_a_long_value_comes_back(task: Desk, value: Value) -> None:
    task.storage.set("t", "v", value)
    assert task.storage.get("t", "v").value == value
    assert value == task.storage.get_all("t")["v"].value
    document = {"type": value.type, "value": value.value, "valueInfo": dict(value.info)}
    answer = task.client.get(V)
    assert (answer.json, answer.content_length) == (document, len(answer.data))
    assert answer.data == json.dumps(document).encode()
    assert task.client.get("/task/t/variables").json == {"v": document}
    head = task.client.head(V)
    assert dict(head.headers) == dict(answer.headers)
    assert task.client.get(V, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert task.client.get(f"{V}/data").status_code == 400


def test_a_long_value_becomes_a_short_one_and_long_again(task: Desk) -> None:
    for text in ("short", LONG, "short", LONG, "x" * (INLINE - 2), "x" * (INLINE - 1)):
        task.storage.set("t", "v", text)
        assert task.storage.get("t", "v").value == Value("String", text)
        assert shown(task, V) == {"type": "String", "value": text, "valueInfo": {}}
        task.storage.set("t", "v", b"x" * 2 * INLINE)
        assert shown(task, V)["type"] == "Bytes"


def shown(desk: Desk, path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(desk.client.get(path).data)
    return document


def test_a_long_value_can_be_copied(task: Desk) -> None:
    task.storage.set("t", "v", LONG)
    task.storage.update("t", put={"copy": task.storage.get("t", "v").value})
    task.storage.update("t", delete=["v"])
    if not isinstance(task.storage, MemoryStorage):
        assert task.storage.sweep(older_than=0) == 1
    assert task.storage.get("t", "copy").value == Value("String", LONG)


def test_a_long_value_may_be_changed_by_its_tag(task: Desk) -> None:
    task.storage.set("t", "v", LONG)
    tag = task.client.get(V).headers["ETag"]
    assert task.client.put(V, json={"value": LONG + "x"}, headers={"If-Match": tag}).status_code == 204
    assert task.client.put(V, json={"value": 1}, headers={"If-Match": tag}).status_code == 412


def test_no_long_value_is_read_for_a_refused_reader(sqlite_desk: Desk) -> None:
    assert sqlite_desk.db
    sqlite_desk.storage.add_scope("t")
    sqlite_desk.storage.set("t", "v", LONG)
    assert chunk_rows(sqlite_desk) == -(-len(json.dumps(LONG)) // (256 * 1024))
    assert isinstance(sqlite_desk.storage.get("t", "v").value, LongValue)
    sqlite_desk.taskvars.authorize(lambda action, task_id, name: False)
    with statements(sqlite_desk.db.engine) as run:
        assert sqlite_desk.client.get(V).status_code == 403
    assert len(run) == 1
    assert "taskvars_chunk" not in run[0]
    sqlite_desk.taskvars.authorize(lambda action, task_id, name: True)
    with statements(sqlite_desk.db.engine) as run:
        assert sqlite_desk.client.head(V).status_code == 200
    assert len(run) == 1


def test_a_long_value_of_version_0_1_0_is_read(task: Desk) -> None:
    if task.db is None:
        return
    task.storage.set("t", "v", "short")
    with task.db.engine.begin() as connection:
        old = sa.text("UPDATE taskvars_variable SET value = :value")
        connection.execute(old, {"value": json.dumps(LONG)})
    assert task.storage.get("t", "v").value == Value("String", LONG)
    answer = task.client.get(V)
    assert answer.json == {"type": "String", "value": LONG, "valueInfo": {}}
    assert shown(task, "/task/t/variables")["v"]["value"] == LONG
    assert task.client.head(V).content_length == len(answer.data)


def test_a_list_of_old_long_values_holds_one_at_a_time(sqlite_desk: Desk) -> None:
    names, text = [f"v{number}" for number in range(8)], "x" * 2**20
    assert sqlite_desk.db
    sqlite_desk.storage.add_scope("t")
    sqlite_desk.storage.update("t", put={name: Value("String", "short") for name in names})
    with sqlite_desk.db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE taskvars_variable SET value = :value"), {"value": json.dumps(text)})
    tracemalloc.start()
    try:
        answer = sqlite_desk.client.get("/task/t/variables", buffered=False)
        assert sum(map(len, answer.iter_encoded())) == answer.content_length
        assert tracemalloc.get_traced_memory()[1] < 5 * len(text)
    finally:
        tracemalloc.stop()


PROGRAM = """
import resource, sys
from tests.support.desk import make_desk
from flask_taskvars.values import Value

with make_desk(sys.argv[1]) as desk:
    desk.storage.add_scope("t")
    for number in range(12):
        desk.storage.set("t", f"v{number}", "x" * 10_000_000)
    desk.client.get("/task/t/variables/v0")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for method in ("GET", "HEAD"):
        length = 0
        for block in desk.client.open("/task/t/variables", method=method, buffered=False).response:
            length += len(block)
        print(method, length)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_list_of_long_values_is_streamed(tmp_path: Path) -> None:
    """If twelve Strings of 10 MB were held in memory, they would take a gigabyte."""
    command = [sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path / 'long.db'}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(printed[1]) > 120_000_000
    assert (printed[2], printed[3]) == ("HEAD", "0")
    assert int(printed[4]) < 16 * 1024  # KiB
