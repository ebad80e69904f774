"""Resumable uploads on every storage: which variable they set, and when. An abandoned upload leaves no bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from io import BytesIO

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes, Value
from flask_taskvars.signals import variable_written
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.conftest import DIRECTORY
from tests.support.desk import Desk
from tests.support.forms import left_over
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern
from tests.support.tus import BODY_TYPE, Tus

DATA = pattern(700_000)


@pytest.fixture(params=["memory", "sqlite", DIRECTORY])
def desk(request: pytest.FixtureRequest, empty_desk: Callable[[str], AbstractContextManager[Desk]]) -> Iterator[Desk]:
    """A task `t`, on a storage for each way to keep the pieces of an upload."""
    with empty_desk(request.param) as made:
        made.storage.add_scope("t")
        yield made


@pytest.fixture
def tus(desk: Desk) -> Tus:
    return Tus(desk.client, "t")


def test_nothing_is_visible_before_the_end(desk: Desk, tus: Tus) -> None:
    heard: list[object] = []
    desk.storage.set("t", "v", "old")
    url = tus.begun(tus.v, len(DATA), filename="ä.bin", filetype="text/plain; charset=utf-8")

    def hear(sender: object, **told: object) -> None:
        heard.append((told["name"], told["size"]))

    with variable_written.connected_to(hear):
        tus.patch(url, 0, DATA[:-1])
        assert tus.client.get(f"/task/{tus.v}").json == {"type": "String", "value": "old", "valueInfo": {}}
        assert heard == []
        tus.patch(url, len(DATA) - 1, DATA[-1:])
    assert heard == [("v", len(DATA))]
    info = {"filename": "ä.bin", "mimeType": "text/plain", "encoding": "utf-8"}
    assert tus.client.get(f"/task/{tus.v}").json == {"type": "File", "value": None, "valueInfo": info}
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA


@pytest.mark.parametrize("given", [{}, {"valueType": "Bytes", "filename": "a"}, {"valueType": "bytes"}])
def test_an_upload_without_a_file_name_becomes_bytes(desk: Desk, tus: Tus, given: dict[str, str]) -> None:
    tus.create("t/localVariables/v", 3, data=b"abc", given=given)
    assert isinstance(desk.storage.get("t", "v", local=True).value, Bytes)


@pytest.mark.parametrize("name", ["a/b", "uploads", "a/uploads", "ä b", "x" * 255, "a/data"])
def test_names(desk: Desk, tus: Tus, name: str) -> None:
    url = tus.begun(f"t/variables/{name}", 3)
    tus.patch(url, 0, b"abc")
    assert read(desk.storage.get("t", name)) == b"abc"


def test_a_name_that_can_not_be_stored_is_refused_before_the_bytes(tus: Tus) -> None:
    assert tus.create(f"t/variables/{'x' * 256}", 3).status_code == 400


def test_preconditions_are_checked_at_the_start_and_at_the_end(desk: Desk, tus: Tus) -> None:
    desk.storage.set("t", "v", "old")
    etag = tus.client.get(f"/task/{tus.v}").headers["ETag"]
    assert tus.create(tus.v, 5, {"If-None-Match": "*"}).status_code == 412
    assert tus.create("t/variables/w", 5, {"If-Match": "*"}).status_code == 412
    first, second = (tus.begun(tus.v, len(DATA), {"If-Match": etag}) for _ in range(2))
    assert tus.patch(first, 0, DATA).status_code == 204
    assert tus.patch(second, 0, DATA).status_code == 412
    assert tus.ask("HEAD", second).status_code == 404
    new = [tus.begun("t/variables/w", 2, {"If-None-Match": "*"}) for _ in range(2)]
    assert [tus.patch(url, 0, b"ab").status_code for url in new] == [204, 412]


def test_of_two_uploads_the_later_finisher_wins(tus: Tus) -> None:
    first, second = tus.begun(tus.v, 4), tus.begun(tus.v, 4)
    tus.patch(first, 0, b"aa")
    tus.patch(second, 0, b"bbbb")
    tus.patch(first, 2, b"aa")
    assert tus.client.get(f"/task/{tus.v}/data").data == b"aaaa"


def test_a_repeated_request_to_a_finished_upload_changes_nothing(desk: Desk, tus: Tus) -> None:
    url = tus.begun(tus.v, len(DATA))
    tus.patch(url, 0, DATA)
    desk.storage.set("t", "v", 1)
    assert tus.offset(url) == len(DATA)
    assert tus.patch(url, len(DATA), b"").status_code == 204
    assert tus.patch(url, len(DATA), b"x").status_code == 413
    for data, status in ((b"", 204), (b"x", 413)):
        answer = tus.client.patch(
            url,
            headers={**tus.sent, "Upload-Offset": str(len(DATA)), "Transfer-Encoding": "chunked"},
            content_type=BODY_TYPE,
            input_stream=BytesIO(data),
            environ_overrides={"wsgi.input_terminated": True},
        )
        assert answer.status_code == status
    assert tus.ask("DELETE", url).status_code == 204
    assert desk.storage.get("t", "v").value == Value("Integer", 1)


def test_parallel_requests_to_one_upload(tus: Tus) -> None:
    tus.create(tus.v, len(DATA), data=DATA)  # the first value marks a content store as this database's
    for _ in range(5):
        url = tus.begun(tus.v, len(DATA))
        with ThreadPoolExecutor(4) as pool:
            statuses = [one.status_code for one in pool.map(partial(tus.patch, url, 0), [DATA] * 4)]
        assert statuses.count(204) == 1, statuses
        assert set(statuses) <= {204, 409, 423}
        assert tus.offset(url) == len(DATA)
        assert tus.client.get(f"/task/{tus.v}/data").data == DATA


def test_abandoned_uploads_are_swept(desk: Desk, tus: Tus) -> None:
    if not isinstance(desk.storage, SQLAlchemyStorage):
        return
    url = tus.begun(tus.v, len(DATA) + 1)
    tus.patch(url, 0, DATA)
    finished = tus.begun(tus.v, len(DATA))
    tus.patch(finished, 0, DATA)
    assert list(desk.storage.checker().stores(-60, False)) == []
    desk.storage.sweep(older_than=3600)
    assert tus.offset(url) == len(DATA)
    desk.storage.sweep(older_than=0)
    assert (tus.ask("HEAD", url).status_code, tus.ask("HEAD", finished).status_code) == (404, 404)
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA
    desk.storage.update("t", delete=["v"])
    desk.storage.sweep(older_than=0)
    assert left_over(desk) == 0


def test_bytes_that_were_swept_too_early_do_not_become_a_variable(desk: Desk, tus: Tus) -> None:
    if not isinstance(desk.storage, SQLAlchemyStorage) or desk.db is None:
        return
    url = tus.begun(tus.v, len(DATA) + 1)
    tus.patch(url, 0, DATA)
    with desk.db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE taskvars_upload SET created = created + 100"))
    desk.storage.sweep(older_than=0)
    answer = tus.patch(url, len(DATA), b"x")
    assert answer.status_code == 410
    assert "v" not in desk.storage.get_all("t")
    desk.storage.sweep(older_than=0)
    assert left_over(desk) == 0


def test_an_expired_upload_is_gone(desk: Desk, tus: Tus) -> None:
    if desk.db is None:
        return
    url = tus.begun(tus.v, len(DATA) + 1)
    tus.patch(url, 0, DATA)
    with desk.db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE taskvars_upload SET created = created - 24 * 3600"))
    assert tus.ask("HEAD", url).status_code == 410
    assert tus.ask("HEAD", url).status_code == 404
    assert left_over(desk) == 0


def test_a_task_that_ends_during_an_upload(desk: Desk, tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    desk.storage.remove_scope("t")
    assert tus.patch(url, 0, b"abcde").status_code == 404
