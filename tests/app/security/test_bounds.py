"""Limits for each request: the size of its answer, and the work that it causes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.desk import Desk, make_desk
from tests.support.forms import part, upload

V, ALL = "/task/t/variables/v", "/task/t/variables"
LONG = "é" * 500_000


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Desk]:
    url = None if request.param == "memory" else f"sqlite:///{tmp_path / 'taskvars.db'}"
    with make_desk(url) as made:
        made.storage.add_scope("t")
        yield made


ECHOING: list[tuple[str, str, Any]] = [
    ("PUT", V, {"type": LONG}),
    ("PUT", V, {"type": "Boolean", "value": LONG}),
    ("PUT", V, {"type": "Integer", "value": [LONG]}),
    ("PUT", V, {"type": "Object", "value": "{}", "valueInfo": {"serializationDataFormat": [LONG]}}),
    ("POST", ALL, {"modifications": {LONG: 5}}),
    ("POST", ALL, {"modifications": {LONG: {"type": "Short", "value": LONG}}}),
    ("POST", ALL, {"modifications": {f"{number}": 0 for number in range(1000)}}),
    ("POST", ALL, {"deletions": [{}] * 1000}),
]


@pytest.mark.parametrize(("method", "path", "document"), ECHOING, ids=[str(number) for number in range(len(ECHOING))])
def test_the_message_of_a_long_request_is_short(desk: Desk, method: str, path: str, document: object) -> None:
    body = json.dumps(document, ensure_ascii=False).encode()
    answer = desk.client.open(path, method=method, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert len(answer.data) < 61_000
    message = answer.get_json()["message"]
    assert len(message) < 5000 or (len(message) == 5000 and message.endswith("…"))


def test_the_message_of_a_long_form_is_short(desk: Desk) -> None:
    answer = upload(desk, "t/variables/v", part("data", "x"), part("valueType", "é" * 30_000))
    assert answer.status_code == 400
    assert len(answer.get_json()["message"]) == 5000


def test_the_length_of_a_message_is_a_setting() -> None:
    with make_desk(None, TASKVARS_MAX_MESSAGE_LENGTH=20) as desk:
        desk.storage.add_scope("t")
        assert desk.client.get(V).get_json()["message"] == "task variable with …"


def test_a_setting_limits_the_names_of_a_request(desk: Desk) -> None:
    for count, status in ((1001, 413), (1000, 204)):
        names = [f"{number}" for number in range(count)]
        assert desk.client.post(ALL, json={"modifications": {name: {} for name in names}}).status_code == status
        assert desk.client.post(ALL, json={"deletions": names}).status_code == status


class Unsearched(list[str]):
    """A list that can be iterated, but not searched. Searching it for each name would take quadratic time."""

    def __contains__(self, name: object) -> bool:
        raise AssertionError("a list is searched")

    index = None  # type: ignore[assignment]


def test_a_change_reads_its_list_of_names_only_once(desk: Desk) -> None:
    desk.storage.set("t", "a", 1)
    desk.storage.set("t", "b", 1)
    names = Unsearched(["a", "a", "absent"])
    desk.storage.update("t", put={"b": desk.storage.get("t", "a").value}, delete=names, guard=lambda _: None)
    assert set(desk.storage.get_all("t")) == {"b"}


def test_a_long_chain_of_scopes_is_removed(desk: Desk) -> None:
    """The chain is longer than Python's recursion limit."""
    desk.storage.add_scope("0", "t")
    for number in range(1200 if desk.db is None else 20):
        desk.storage.add_scope(str(number + 1), str(number))
    desk.storage.remove_scope("t")
    for scope in ("t", "0", "20"):
        desk.storage.add_scope(scope)
