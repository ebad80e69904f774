"""The signals for the host. They are sent only after success, and without the bytes of a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from flask_taskvars import Bytes, File
from flask_taskvars.signals import variable_deleted, variable_read, variable_written
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk
from tests.support.forms import part, upload
from tests.support.served_world import noise

V = "/task/t/variables/v"
DATA = noise(2 * BLOCK)
SIGNALS = {"read": variable_read, "written": variable_written, "deleted": variable_deleted}

Told = list[tuple[str, str, int | None]]


@pytest.fixture
def task(desk: Desk) -> Desk:
    desk.storage.add_scope("t")
    desk.storage.update("t", put={"v": File(DATA, filename="f"), "null": Bytes(None)})
    desk.storage.set("t", "text", "secret")
    return desk


@pytest.fixture
def told(task: Desk) -> Iterator[Told]:
    """The signals so far: for each, its kind, the variable's name and its size."""
    heard: Told = []

    def listen(what: str) -> Any:
        def hear(sender: Flask, **about: Any) -> None:
            assert sender is task.app
            assert set(about) == {"task_id", "name", "size"}
            assert about["task_id"] == "t"
            heard.append((what, about["name"], about["size"]))

        return hear

    with ExitStack() as stack:
        for what, signal in SIGNALS.items():
            stack.enter_context(signal.connected_to(listen(what)))
        yield heard


@pytest.mark.parametrize(
    ("path", "headers", "told_of"),
    [
        ("v/data", {}, [("read", "v", len(DATA))]),
        ("v/data", {"Range": "bytes=0-1"}, [("read", "v", len(DATA))]),
        ("v/data", {"If-None-Match": "*"}, []),
        ("v/data", {"If-Match": '"other"'}, []),
        ("v/data", {"Range": "bytes=9999999-"}, []),
        ("null/data", {}, [("read", "null", None)]),
        ("text/data", {}, []),
        ("absent/data", {}, []),
        ("v", {}, [("read", "v", len(DATA))]),
        ("text", {}, [("read", "text", None)]),
        ("text", {"If-None-Match": "*"}, []),
        ("absent", {}, []),
        ("", {}, [("read", "v", len(DATA)), ("read", "null", None), ("read", "text", None)]),
        ("", {"If-None-Match": "*"}, []),
    ],
)
def test_reading(task: Desk, told: Told, path: str, headers: dict[str, str], told_of: Told) -> None:
    for scope in ("variables", "localVariables"):
        told.clear()
        task.client.get(f"/task/t/{scope}/{path}", headers=headers)
        assert sorted(told, key=str) == sorted(told_of, key=str)
        told.clear()
        task.client.head(f"/task/t/{scope}/{path}", headers=headers)
        assert told == []


def test_writing(task: Desk, told: Told) -> None:
    task.client.put(V, json={"type": "Bytes", "value": "YWJj"})
    task.client.put(V, json={"value": "text"})
    upload(task, "t/variables/v", part("data", DATA))
    upload(task, "t/variables/v", part("data", "7"), part("valueType", "Integer"))
    assert told == [("written", "v", 3), ("written", "v", None), ("written", "v", len(DATA)), ("written", "v", None)]


def test_deleting(task: Desk, told: Told) -> None:
    task.client.delete(V)
    assert told == [("deleted", "v", None)]
    task.client.delete(V)
    task.client.delete("/task/t/variables/absent")
    task.client.post("/task/t/variables", json={"deletions": ["v", "absent"]})
    assert told == [("deleted", "v", None)]  # no signal for a variable that did not exist


def test_a_variable_set_and_deleted_in_one_request_counts_as_deleted(task: Desk, told: Told) -> None:
    task.client.post("/task/t/variables", json={"modifications": {"v": {"value": 1}}, "deletions": ["v"]})
    assert told == [("deleted", "v", None)]
    assert task.client.get(V).status_code == 404


def test_modifying(task: Desk, told: Told) -> None:
    changes = {"a": {"value": 1}, "b": {"type": "Bytes", "value": "YWJj"}}
    task.client.post("/task/t/variables", json={"modifications": changes, "deletions": ["v", None, "text"]})
    assert sorted(told, key=str) == [
        ("deleted", "text", None),
        ("deleted", "v", None),
        ("written", "a", None),
        ("written", "b", 3),
    ]


def test_failed_requests_send_no_signals(task: Desk, told: Told) -> None:
    transient = {"value": 1, "valueInfo": {"transient": True}}
    task.client.put(V, json={"type": "Integer", "value": "x"})
    task.client.put(V, data=b"{", content_type="application/json")
    task.client.put(V, json={"value": 1}, headers={"If-None-Match": "*"})
    task.client.put("/task/t/variables/new", json=transient)
    task.client.put("/task/absent/variables/v", json={"value": 1})
    task.client.put(f"/task/t/variables/{'x' * 256}", json={"value": 1})
    task.client.delete(V, headers={"If-Match": '"other"'})
    task.client.post("/task/t/variables", json={"modifications": {"a": {"value": 1}, "b": None}, "deletions": ["v"]})
    task.client.post("/task/t/variables", json={"modifications": {"a": transient}})
    upload(task, "t/variables/v", part("data", "x"), part("valueType", "Integer"))
    upload(task, "t/variables/v", part("data", DATA), b"--", headers={"If-Match": '"other"'})
    task.taskvars.authorize(lambda *question: False)
    for method in ("GET", "PUT", "DELETE"):
        task.client.open(V, method=method, json={"value": 1})
    task.client.get("/task/t/variables")
    task.client.post("/task/t/variables", json={"deletions": ["v"]})
    upload(task, "t/variables/v", part("data", DATA))
    assert told == []
    task.taskvars.authorize(lambda *question: True)
    assert task.client.get(f"{V}/data").data == DATA
