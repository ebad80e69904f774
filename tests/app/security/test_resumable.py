"""The host's rules hold for resumable uploads: hook, gates, limits, owner. A refused upload leaves nothing behind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask

from flask_taskvars import File, Refused, TaskVars, Value
from flask_taskvars.errors import VariableNotFound
from flask_taskvars.storage.base import StorageAdapter
from flask_taskvars.values import Variable
from tests.support.desk import Desk
from tests.support.forms import left_over, message
from tests.support.storage_examples import pattern
from tests.support.tus import BODY_TYPE, Tus, b64, metadata

DATA = pattern(700_000)
ADA, BOB = ({"Authorization": f"Basic {b64(f'{name}:x')}"} for name in ("ada", "bob"))


@pytest.fixture
def desk(sqlite_desk: Desk) -> Desk:
    """A task `t`, on one storage only, because permissions don't depend on the storage."""
    sqlite_desk.storage.add_scope("t")
    return sqlite_desk


@pytest.fixture
def tus(desk: Desk) -> Tus:
    return Tus(desk.client, "t")


# The owner of an upload


def test_another_users_upload_does_not_exist(desk: Desk, tus: Tus) -> None:
    url = tus.begun(tus.v, 5, ADA)
    for other in (BOB, {}):
        assert tus.ask("HEAD", url, other).status_code == 404
        assert tus.patch(url, 0, b"abc", other).status_code == 404
        assert tus.ask("DELETE", url, other).status_code == 404
    assert tus.patch(url, 0, b"abcde", ADA).status_code == 204
    assert tus.client.get(f"/task/{tus.v}/data").data == b"abcde"


def test_an_upload_belongs_to_its_task(desk: Desk, tus: Tus) -> None:
    desk.storage.add_scope("other")
    url = tus.begun(tus.v, 5)
    for path in (url.replace("/task/t/", "/task/other/"), url.replace("/task/t/", "/task/nobody/")):
        assert tus.patch(path, 0, b"abcde").status_code == 404
    assert tus.offset(url) == 0


@pytest.mark.parametrize(
    "upload_id", ["0" * 32, "0", "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "x" * 5000, "%00", "%ff", "'", "*", "-1"]
)
def test_an_invented_upload_id_is_a_404(tus: Tus, upload_id: str) -> None:
    tus.begun(tus.v, 5)
    answer = tus.patch(f"/task/t/uploads/{upload_id}", 0, b"abcde")
    assert answer.status_code in (400, 404)
    assert tus.client.get(f"/task/{tus.v}").status_code == 404


def test_ids_can_not_be_guessed(tus: Tus) -> None:
    ids = {tus.begun(tus.v, 5).rpartition("/")[2] for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) == 32 for one in ids)
    assert len({one[place] for one in ids for place in (0, 31)}) > 8


# The host's rules


def test_the_hook_is_asked_each_time_and_at_the_end(desk: Desk, tus: Tus) -> None:
    asked: list[tuple[str, str, str | None]] = []

    @desk.taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        asked.append((action, task_id, name))
        return True

    url = tus.begun("t/variables/a/b", 5)
    assert asked == [("write", "t", "a/b")]
    tus.offset(url)
    assert len(asked) == 2
    tus.patch(url, 0, b"abc")
    assert len(asked) == 3
    tus.patch(url, 3, b"de")
    assert asked == [("write", "t", "a/b")] * 5
    tus.ask("DELETE", url)
    assert len(asked) == 6


def test_a_refused_caller_learns_and_changes_nothing(desk: Desk, tus: Tus) -> None:
    desk.storage.set("t", "v", "old")
    url = tus.begun(tus.v, 5)

    @desk.taskvars.authorize
    def nobody(action: str, task_id: str, name: str | None) -> bool:
        return False

    for answer in (
        tus.create(tus.v, 5),
        tus.create(tus.v, 0),
        tus.create("t/variables/absent", 5, {"If-None-Match": "*"}),
        tus.ask("HEAD", url),
        tus.patch(url, 0, b"abcde"),
        tus.ask("DELETE", url),
    ):
        assert answer.status_code == 403
        assert not {"Upload-Offset", "Upload-Length", "ETag"} & set(answer.headers.keys())
    assert desk.storage.get("t", "v").value == Value("String", "old")


def test_a_permission_lost_in_the_middle_of_an_upload(desk: Desk, tus: Tus) -> None:
    calls = iter((True, False))
    url = tus.begun(tus.v, len(DATA))

    @desk.taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        return next(calls)

    assert tus.patch(url, 0, DATA).status_code == 403
    assert "v" not in desk.storage.get_all("t")
    assert left_over(desk) == 0


def test_a_precondition_of_an_upload_needs_the_right_to_read(desk: Desk, tus: Tus) -> None:
    @desk.taskvars.authorize
    def may(action: str, task_id: str, name: str | None) -> bool:
        return action == "write"

    assert tus.create(tus.v, 5, {"If-None-Match": "*"}).status_code == 403
    assert tus.create(tus.v, 5).status_code == 201


def test_other_sites_may_not_upload(tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert tus.create(tus.v, 5, headers).status_code == 403
        assert tus.patch(url, 0, b"abcde", headers).status_code == 403
        assert tus.ask("DELETE", url, headers).status_code == 403
    assert tus.offset(url) == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_only_a_post_can_be_overridden_to_a_patch(tus: Tus, method: str) -> None:
    url = tus.begun(tus.v, 5)
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BODY_TYPE}
    assert tus.ask(method, url, headers, b"abcde").status_code == 400
    assert tus.offset(url) == 0


def test_an_override_does_not_change_a_variable_with_the_same_path(desk: Desk, tus: Tus) -> None:
    desk.storage.set("t", "a/uploads", 1)
    for override in ("DELETE", "PUT", "GET"):
        assert tus.ask("POST", "/task/t/variables/a/uploads", {"X-HTTP-Method-Override": override}).status_code == 405
    assert tus.client.get("/task/t/variables/a/uploads").json == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert tus.client.delete("/task/t/variables/a/uploads").status_code == 204


def test_a_gate_sees_the_whole_upload_and_a_refused_one_is_deleted(desk: Desk, tus: Tus) -> None:
    seen: list[object] = []

    @desk.taskvars.accept
    def gate(task_id: str, name: str, value: object) -> None:
        assert isinstance(value, File)
        seen.append((value.filename, value.mimetype, value.encoding, read_all(value)))
        raise Refused(422, "no")

    url = tus.begun(tus.v, len(DATA), filename="a.bin", type="A/b", charset="utf-8")
    assert tus.patch(url, 0, DATA[:-5]).status_code == 204
    assert seen == []
    answer = tus.patch(url, len(DATA) - 5, DATA[-5:])
    assert (answer.status_code, message(answer)) == (422, "no")
    assert seen == [("a.bin", "a/b", "utf-8", DATA)]
    assert (tus.ask("HEAD", url).status_code, left_over(desk)) == (404, 0)


def read_all(value: File) -> bytes:
    content = value.content
    assert content is not None
    assert hasattr(content, "open_at")
    return b"".join(content.open_at(0))


# Metadata


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("filename YQ==\r\nX-Evil: 1", 400),
        ("filename YQ==\x7f", 400),
        ("filename\u00a0YQ==", 400),
        ("a " + "A" * 8192, 413),
        (",".join(f"k{number} YQ==" for number in range(2000)), 413),
        (metadata(valueType="File"), 400),
        (metadata(valueType="String"), 400),
        (metadata(valueType=""), 400),
        (metadata(filename="a", type="text"), 400),
        (metadata(filename="a", type="text/html\r\nX-Evil: 1"), 400),
    ],
)
def test_hostile_metadata_is_refused(desk: Desk, tus: Tus, given: str, status: int) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    environ = {"HTTP_UPLOAD_METADATA": given}
    answer = tus.client.post(f"/task/{tus.v}/uploads", headers=headers, environ_overrides=environ)
    assert answer.status_code == status
    assert left_over(desk) == 0


def test_hostile_names_are_kept_and_sent_safely(desk: Desk, tus: Tus) -> None:
    name = 'a\r\nX-Evil: 1";\0../../etc/passwd'
    url = tus.begun(tus.v, 1, filename=name, charset="utf-8\r\nX-Evil: 1")
    assert tus.patch(url, 0, b"x").status_code == 204
    answer = tus.client.get(f"/task/{tus.v}/data")
    assert "X-Evil" not in answer.headers
    assert "\r" not in str(answer.headers["Content-Disposition"])
    found = desk.storage.get("t", "v").value
    assert isinstance(found, File)
    assert found.filename == name


def test_overlong_conditions_are_refused(tus: Tus) -> None:
    assert tus.create(tus.v, 5, {"If-None-Match": ", ".join(['"x"'] * 3000)}).status_code == 413


# Limits


def test_the_limits_of_other_uploads_hold(desk: Desk, tus: Tus) -> None:
    desk.app.config["MAX_CONTENT_LENGTH"] = 1000
    assert tus.ask("OPTIONS", f"/task/{tus.v}/uploads").headers["Tus-Max-Size"] == "1000"
    assert tus.create(tus.v, 1001).status_code == 413
    url = tus.begun(tus.v, 5)
    for data in (b"abcdef", b"x" * 2000):
        assert tus.patch(url, 0, data).status_code == 413
    assert tus.offset(url) == 0


def test_a_chunked_body_can_not_exceed_the_announced_length(desk: Desk, tus: Tus) -> None:
    url = tus.begun(tus.v, 5)
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BODY_TYPE}
    answer = tus.client.patch(url, headers=headers, data=b"abcdef", environ_overrides=environ)
    assert answer.status_code == 413
    assert tus.offset(url) <= 4
    assert "v" not in desk.storage.get_all("t")


# Storages without resumable uploads


class Plain(StorageAdapter):
    """A host's own storage that only reads and writes whole values."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        raise VariableNotFound(name)

    def get_all(self, task_id: str, *, local: bool = False) -> Mapping[str, Variable]:
        return {}

    def update(self, task_id: str, **change: object) -> None:
        """Change nothing."""


def test_a_storage_without_resumable_uploads_says_so() -> None:
    app = Flask("plain")
    TaskVars(Plain(), authorize=lambda action, task_id, name: True).init_app(app)
    tus = Tus(app.test_client(), "t")
    assert tus.create(tus.v, 5).status_code == 501
    assert tus.patch("/task/t/uploads/1", 0, b"abc").status_code == 501
    answer = tus.ask("OPTIONS", f"/task/{tus.v}/uploads")
    assert "Tus-Version" not in answer.headers
