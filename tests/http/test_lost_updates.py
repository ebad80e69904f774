"""Preconditions of writes: a client that has read a value can change it only if nobody else has changed it since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from flask.testing import FlaskClient
from werkzeug.http import http_date

from flask_taskvars import Bytes, File, Value
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.forms import CONTENT_TYPE, END, chunk_rows, error_type, part
from tests.support.served_world import noise

V = "/task/t/variables/v"
Answer: TypeAlias = Any
Write: TypeAlias = Callable[[FlaskClient, dict[str, str]], Answer]


def put(client: FlaskClient, headers: dict[str, str]) -> Answer:
    return client.put(V, json={"value": "new"}, headers=headers)


def upload(client: FlaskClient, headers: dict[str, str]) -> Answer:
    body = part("data", noise(20 * BLOCK)) + END
    return client.post(f"{V}/data", data=body, content_type=CONTENT_TYPE, headers=headers)


def delete(client: FlaskClient, headers: dict[str, str]) -> Answer:
    return client.delete(V, headers=headers)


WRITES: dict[str, Write] = {"put": put, "upload": upload, "delete": delete}
BEFORE = [Bytes(b"old"), File(noise(2 * BLOCK), filename="old"), Value("Integer", 1)]


@pytest.fixture(params=WRITES)
def write(request: pytest.FixtureRequest) -> Write:
    return WRITES[str(request.param)]


@pytest.fixture
def task(desk: Desk) -> Desk:
    desk.storage.add_scope("t")
    return desk


def state(desk: Desk) -> object:
    return desk.client.get(V).data


def tags(desk: Desk) -> Iterator[str]:
    """Yield all tags of the value: the document's and, for binary values, the data's."""
    for path in (V, f"{V}/data"):
        answer = desk.client.get(path)
        if answer.status_code == 200:
            yield answer.headers["ETag"]


def test_the_value_that_was_read_may_be_changed(task: Desk, write: Write) -> None:
    for before in BEFORE:
        task.storage.set("t", "v", before)
        for tag in list(tags(task)):
            for condition in (tag, f'"other", {tag}', "*"):
                task.storage.set("t", "v", before)
                assert write(task.client, {"If-Match": condition}).status_code == 204, condition


def test_another_value_may_not_be_changed(task: Desk, write: Write) -> None:
    for before in BEFORE:
        task.storage.set("t", "v", before)
        rows, shown, found = chunk_rows(task), state(task), list(tags(task))
        conditions = [("If-Match", '"other"'), ("If-Match", f"W/{found[0]}"), ("If-Match", "")]
        conditions += [("If-None-Match", "*"), *[("If-None-Match", tag) for tag in found]]
        for name, value in conditions:
            answer = write(task.client, {name: value})
            assert (answer.status_code, error_type(answer)) == (412, "PreconditionFailedException"), (name, value)
            assert answer.headers["ETag"] == found[0]
        assert (state(task), chunk_rows(task)) == (shown, rows)


def test_conditions_on_an_absent_variable(task: Desk, write: Write) -> None:
    for condition in ("*", '"any"'):
        answer = write(task.client, {"If-Match": condition})
        assert (answer.status_code, "ETag" in answer.headers) == (412, False)
    assert chunk_rows(task) == 0
    for headers in ({"If-None-Match": "*"}, {"If-None-Match": '"any"'}, {"If-Unmodified-Since": http_date(0)}):
        task.storage.update("t", delete=["v"])
        assert write(task.client, headers).status_code == 204


def test_dates(task: Desk, write: Write) -> None:
    task.storage.set("t", "v", Bytes(b"old"))
    modified = task.client.get(f"{V}/data").headers["Last-Modified"]
    answer = write(task.client, {"If-Unmodified-Since": http_date(datetime.now(UTC) - timedelta(days=1))})
    assert (answer.status_code, task.client.get(f"{V}/data").data) == (412, b"old")
    assert write(task.client, {"If-Unmodified-Since": modified}).status_code == 204


def test_dates_count_also_after_two_changes_in_one_second(task: Desk, write: Write) -> None:
    for _ in range(3):  # each change gets a later date than the previous one
        task.storage.set("t", "v", Bytes(b"old"))
    assert write(task.client, {"If-Unmodified-Since": http_date(0)}).status_code == 412


def test_a_modification_takes_no_conditions(task: Desk) -> None:
    task.storage.set("t", "v", 1)
    for headers in ({"If-Match": '"other"'}, {"If-None-Match": "*"}, {"If-Unmodified-Since": http_date(0)}):
        answer = task.client.post("/task/t/variables", json={"deletions": ["v"]}, headers=headers)
        assert (answer.status_code, error_type(answer)) == (400, "InvalidRequestException")
    assert task.storage.get("t", "v").value == Value("Integer", 1)


def test_a_value_without_a_date_ignores_dates(task: Desk, write: Write) -> None:
    task.storage.set("t", "v", 1)
    assert write(task.client, {"If-Unmodified-Since": http_date(0)}).status_code == 204


def test_if_match_counts_before_a_date(task: Desk, write: Write) -> None:
    task.storage.set("t", "v", Bytes(b"old"))
    headers = {"If-Match": next(tags(task)), "If-Unmodified-Since": http_date(0)}
    assert write(task.client, headers).status_code == 204


def test_conditions_see_an_outer_variable_unless_local(desk: Desk) -> None:
    desk.storage.add_scope("around", task=False)
    desk.storage.add_scope("t", parent="around")
    desk.storage.set("around", "v", 1)
    local = "/task/t/localVariables/v"
    assert desk.client.put(V, json={"value": 2}, headers={"If-None-Match": "*"}).status_code == 412
    assert desk.client.put(local, json={"value": 2}, headers={"If-Match": "*"}).status_code == 412
    assert desk.client.put(local, json={"value": 2}, headers={"If-None-Match": "*"}).status_code == 204
    assert desk.client.delete(local, headers={"If-Match": desk.client.get(local).headers["ETag"]}).status_code == 204
    assert desk.client.get(V).get_json()["value"] == 1


THREADS, TRIES = 4, 12


@pytest.fixture
def counted(task: Desk) -> Desk:
    task.storage.set("t", "v", 0)
    return task


def increments(desk: Desk, how: Callable[[FlaskClient, int, str], int]) -> int:
    """Let several threads increment the number, again and again. Return the number of successful increments."""

    def run(number: int) -> int:
        done = 0
        for _ in range(TRIES):
            client = desk.app.test_client()
            before = client.get(V)
            status = how(client, int(before.get_json()["value"]) + 1, before.headers["ETag"])
            assert status in (204, 412)
            done += status == 204
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(run, range(THREADS)))


def put_number(client: FlaskClient, number: int, tag: str) -> int:
    return client.put(V, json={"value": number}, headers={"If-Match": tag}).status_code


def upload_number(client: FlaskClient, number: int, tag: str) -> int:
    body = part("data", str(number)) + part("valueType", "Integer") + END
    headers = {"If-Match": tag}
    return client.post(f"{V}/data", data=body, content_type=CONTENT_TYPE, headers=headers).status_code


@pytest.mark.parametrize("how", [put_number, upload_number])
def test_no_update_is_lost(counted: Desk, how: Callable[[FlaskClient, int, str], int]) -> None:
    done = increments(counted, how)
    assert counted.client.get(V).get_json()["value"] == done
    assert done >= TRIES  # each refusal means that another thread succeeded


def test_only_one_of_many_creates_the_variable(task: Desk) -> None:
    def create(number: int) -> int:
        client = task.app.test_client()
        return client.put(V, json={"value": number}, headers={"If-None-Match": "*"}).status_code

    for _ in range(5):
        task.storage.update("t", delete=["v"])
        with ThreadPoolExecutor(THREADS) as pool:
            statuses = list(pool.map(create, range(THREADS)))
        assert sorted(statuses) == [204] + [412] * (THREADS - 1)
        assert task.client.get(V).get_json()["value"] == statuses.index(204)


def test_writes_without_conditions_always_succeed() -> None:
    with make_desk(None) as desk:
        desk.storage.add_scope("t")
        for write in (put, upload, put, delete):
            assert write(desk.client, {}).status_code == 204
