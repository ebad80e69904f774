"""CamundaStorage on each database of an engine: values, contents from any offset, names, and vanished contents."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes, File, Value
from flask_taskvars.errors import (
    ContentVanished,
    EngineRefused,
    InvalidRequest,
    ReadOnly,
    StorageUnavailable,
    VariableNotFound,
)
from flask_taskvars.storage.camunda import CamundaStorage
from flask_taskvars.storage.camunda.stored import JAVA
from flask_taskvars.storage.sql import limits
from flask_taskvars.storage.sql.limits import INLINE
from flask_taskvars.values import BLOCK, Content, LongValue, TypedValue
from tests.engine.hosts import Live, can_store
from tests.support.databases import free_port
from tests.support.storage_tools import statements

pytestmark = [pytest.mark.engine, pytest.mark.tools]

OBJECT = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
VALUES = [
    *(Value("String", text) for text in (None, "", "ä日", "x" * 4000)),
    *(Value("Boolean", value) for value in (True, False, None)),
    *(Value(kind, value) for kind in ("Short", "Integer", "Long") for value in (None, 0, -32768)),
    *(Value("Double", value) for value in (None, 0.1, -1e300)),
    *(Value("Date", text) for text in (None, "2026-11-23T10:11:12.345+0000", "1815-12-10T00:00:00.000+0000")),
    Value("Null"),
    Value("Json", '{"a":[1,null]}'),
    Value("Xml", "<a/>"),
    Value("Object", "[1,2]", OBJECT),
    Bytes(None),
]
FILES = [
    File(b"data", filename="plain.txt", mimetype="text/plain", encoding="UTF-8"),
    File(b"", filename="empty.txt", mimetype="text/plain"),
    File(b"data", filename="no type"),
    *(File(b"data", filename=name, mimetype="a/b") for name in ("", 'a"b', "a\\b", "a\nb", "ä日.txt", "a;b='c'")),
    *(File(b"data", filename="x", mimetype=kind, encoding=" e ") for kind in ("A/B", "a/b; c=d", "none", None)),
]
NAMES = ["a b", "a/b", "ä", "a;b", "%41", "..", ".", "x\\y", "a?b", "a#b", "a+b", "x\ty", "A", '"', "日本"]
WINDOW = limits.WINDOW * BLOCK
SIZES = [0, 1, INLINE, INLINE + 1, BLOCK, WINDOW, WINDOW + 1, 3 * WINDOW + 5]
SOURCES: dict[str, Callable[[int], bytes]] = {
    "incompressible": lambda size: Random(size).randbytes(size),
    "compressible": lambda size: b"".join(b"%07d\n" % number for number in range(-(-size // 8)))[:size],
}


@pytest.fixture
def task(live: Live) -> str:
    return live.rest.create_task()


def content_of(value: TypedValue) -> Content:
    content = getattr(value, "content", None)
    assert isinstance(content, Content)
    return content


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back(live: Live, engine_name: str, task: str, value: TypedValue) -> None:
    if not can_store(engine_name, value):
        pytest.skip("our Operaton has no Spin")
    live.storage.set(task, "v", value)
    assert live.storage.get(task, "v").value == value
    assert live.storage.get_all(task)["v"] == live.storage.get(task, "v")


@pytest.mark.parametrize("file", FILES, ids=repr)
def test_files_come_back(live: Live, task: str, file: File) -> None:
    live.storage.set(task, "f", file)
    found = live.storage.get(task, "f").value
    assert isinstance(found, File)
    assert (found.filename, found.mimetype, found.encoding) == (file.filename, file.mimetype, file.encoding)
    assert b"".join(content_of(found).open_at(0)) == file.content


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_taken_literally(live: Live, task: str, name: str) -> None:
    live.storage.set(task, name, Bytes(name.encode()))
    assert b"".join(content_of(live.storage.get(task, name).value).open_at(0)) == name.encode()
    for other in (f"{name} ", name.swapcase() + "x", "\N{GRINNING FACE}"):
        with pytest.raises(VariableNotFound):
            live.storage.get(task, other)
    live.storage.update(task, delete=[name])
    assert live.storage.get_all(task) == {}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", SOURCES)
def test_contents_are_read_from_any_offset(live: Live, task: str, source: str, size: int) -> None:
    data = SOURCES[source](size)
    live.storage.set(task, "v", Bytes(data))
    for found in (live.storage.get(task, "v"), live.storage.get_all(task)["v"]):
        content = content_of(found.value)
        assert (content.size, content.sha256, content.modified) == (size, None, None)
        for offset in {0, 1, size // 2, max(0, size - 1), size, size + 1}:
            blocks = list(content.open_at(offset))
            assert b"".join(blocks) == data[offset:]
            assert max(map(len, blocks), default=0) <= BLOCK


def test_each_look_up_is_one_statement(live: Live, task: str) -> None:
    live.storage.set(task, "small", Bytes(b"data"))
    live.storage.set(task, "file", File(b"x" * (INLINE + 1), filename="f"))
    child = live.rest.create_task(live.rest.create_task(task))
    assert live.storage.get(child, "small").scope == task
    with statements(live.engine) as seen:
        assert b"".join(content_of(live.storage.get(child, "small").value).open_at(0)) == b"data"
        assert sorted(live.storage.get_all(child)) == ["file", "small"]
    assert len(seen) == 2
    assert content_of(live.storage.get_all(child)["file"].value).size == INLINE + 1


LONG = json.dumps(['ä日\N{GRINNING FACE}\\"\n' * INLINE], ensure_ascii=False)
SERIALIZED = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": JAVA}


@pytest.mark.parametrize(
    ("stored", "type_", "expected"),
    [
        (Value("Json", LONG), "json", Value("Json", LONG)),
        (Value("Object", LONG, OBJECT), OBJECT["serializationDataFormat"], None),
        (Value("Object", LONG, OBJECT), "serializable", Value("Object", b64encode(LONG.encode()).decode(), SERIALIZED)),
    ],
)
def test_a_long_text_is_read_only_when_it_is_needed(
    live: Live, engine_name: str, task: str, stored: Value, type_: str, expected: Value | None
) -> None:
    if not can_store(engine_name, stored):
        pytest.skip("our Operaton has no Spin")
    live.storage.set(task, "v", stored)
    if type_ == "serializable":
        with live.engine.begin() as connection:
            change = sa.text("UPDATE ACT_RU_VARIABLE SET TYPE_ = 'serializable' WHERE TASK_ID_ = :task")
            connection.execute(change, {"task": task})
    with statements(live.engine) as seen:
        found = live.storage.get(task, "v").value
        listed = live.storage.get_all(task)["v"].value
    assert len(seen) == 2
    assert isinstance(found, LongValue)
    assert found == listed == (expected or stored)
    answer = live.app().test_client().get(f"/task/{task}/variables/v")
    value = expected or stored
    document = {"type": value.type, "value": value.value, "valueInfo": dict(value.info)}
    assert (answer.json, answer.content_length) == (document, len(answer.data))
    assert answer.data == json.dumps(document).encode()
    head = live.app().test_client().head(f"/task/{task}/variables/v")
    assert dict(head.headers) == dict(answer.headers)


@pytest.mark.parametrize("source", SOURCES)
def test_several_ranges_read_a_content_at_most_once(live: Live, task: str, source: str) -> None:
    data = SOURCES[source](5 * BLOCK + 1)
    live.storage.set(task, "v", Bytes(data))
    asked = [(0, 9), (BLOCK, BLOCK + 9), (5 * BLOCK, 5 * BLOCK)]
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in asked)
    with statements(live.engine) as seen:
        answer = live.app().test_client().get(f"/task/{task}/variables/v/data", headers={"Range": header})
        assert (answer.status_code, answer.content_length) == (206, len(answer.data))
    for first, last in asked:
        assert b"%d-%d/%d\r\n\r\n" % (first, last, len(data)) + data[first : last + 1] in answer.data
    sliced = live.engine.dialect.name == "postgresql" and source == "incompressible"
    assert len(seen) == 1 + (len(asked) if sliced else 1)


def test_a_replaced_content_is_looked_up_again_or_breaks_off(live: Live, task: str) -> None:
    live.storage.set(task, "v", Bytes(b"0" * (3 * WINDOW)))
    before, also = (content_of(live.storage.get(task, "v").value) for _ in range(2))
    assert before.etag == also.etag
    begun = before.open_at(0)
    next(begun)
    live.storage.set(task, "v", Bytes(b"1" * (3 * WINDOW)))
    assert content_of(live.storage.get(task, "v").value).etag != before.etag
    with pytest.raises(ContentVanished):
        next(also.open_at(0))
    assert set(_rest(begun)) <= {ord("0")}
    answer = live.app().test_client().get(f"/task/{task}/variables/v/data")
    assert answer.data == b"1" * (3 * WINDOW)


def _rest(begun: Iterator[bytes]) -> bytes:
    read = b""
    try:
        for block in begun:
            read += block
    except ContentVanished:
        pass
    return read


def test_several_changes_are_sent_as_one_request(live: Live, task: str) -> None:
    live.storage.update(task, put={"a": Value("Integer", 1), "b": Bytes(b"b")}, local=True)
    with pytest.raises(EngineRefused):
        live.storage.update(task, put={"a": Value("Integer", 2), "s": Value("String", "x" * 4001)}, delete=["b"])
    assert live.storage.get(task, "a").value == Value("Integer", 1)
    live.storage.update(task, put={"a": Value("Integer", 2)}, delete=["b"])
    assert sorted(live.storage.get_all(task)) == ["a"]


def test_an_id_never_becomes_a_path(live: Live) -> None:
    live.rest.call("POST", "/task/create", {"id": ".."})
    assert live.storage.get_all("..") == {}
    with pytest.raises(InvalidRequest):
        live.storage.set("..", "v", 1)


def test_a_source_of_unknown_length_is_sent(live: Live, task: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"from a path")
    live.storage.set(task, "f", File(tmp_path / "file", filename="f", mimetype="a/b"))
    assert b"".join(content_of(live.storage.get(task, "f").value).open_at(0)) == b"from a path"


def test_preconditions_hold_before_the_engine_is_asked(live: Live, task: str) -> None:
    client, url = live.app().test_client(), f"/task/{task}/variables/v"
    assert client.put(url, json={"value": 1}, headers={"If-None-Match": "*"}).status_code == 204
    assert client.put(url, json={"value": 2}, headers={"If-None-Match": "*"}).status_code == 412
    assert client.put(url, json={"value": 3}, headers={"If-Match": client.get(url).headers["ETag"]}).status_code == 204
    assert client.delete(url, headers={"If-Match": '"other"'}).status_code == 412
    assert client.get(url).json == {"type": "Integer", "value": 3, "valueInfo": {}}


def test_the_engines_refusals_are_passed_on(live: Live, task: str) -> None:
    path, body = f"/task/{task}/variables/v", b'{"type": "String", "value": "%s"}' % (b"x" * 4001)
    theirs = live.rest.send("PUT", path, {"Content-Type": "application/json"}, body)
    ours = live.app().test_client().put(path, data=body, content_type="application/json")
    assert ours.status_code == theirs.status == 400
    assert ours.json == json.loads(theirs.body)


def test_without_its_rest_api_it_is_read_only(live: Live, task: str) -> None:
    storage = CamundaStorage(live.engine)
    assert storage.read_only
    with pytest.raises(ReadOnly):
        storage.update(task, delete=["v"])


def test_an_engine_that_is_down_is_a_503(live: Live, task: str) -> None:
    nobody = CamundaStorage(live.engine, rest_url=f"http://127.0.0.1:{free_port()}/engine-rest")
    with pytest.raises(StorageUnavailable):
        nobody.set(task, "v", 1)


def test_another_table_prefix_and_no_tables_for_cases(live: Live, task: str) -> None:
    """The tables have another prefix, and the one for cases is missing, as in a fork that dropped cases."""
    schema = f"fork_{uuid.uuid4().hex}"
    live.storage.set(task, "v", "here")
    with live.engine.begin() as connection:
        own = "public" if live.engine.dialect.name == "postgresql" else "taskvars"
        if live.engine.dialect.name == "postgresql":
            own = str(connection.scalar(sa.text("SELECT current_schema()")))
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        for name in ("ACT_RU_TASK", "ACT_RU_EXECUTION", "ACT_RU_VARIABLE", "ACT_GE_BYTEARRAY"):
            connection.execute(sa.text(f"CREATE VIEW {schema}.X_{name} AS SELECT * FROM {own}.{name}"))
    fork = CamundaStorage(live.engine, f"{schema}.X_")
    assert fork.get(live.rest.create_task(task), "v").value == Value("String", "here")
    assert fork.tables.case_execution is None
    with live.engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema}" + (" CASCADE" if own != "taskvars" else "")))
