"""A value of any type that one method writes is the same in every method that reads it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_taskvars import Bytes, File, Value
from flask_taskvars.http.headers import content_type
from flask_taskvars.values import INTEGER, LONG, Content, TypedValue
from tests.conftest import KINDS
from tests.support.desk import Desk, make_desk
from tests.support.forms import part, upload

Document = dict[str, Any]
MEDIA_TYPES = st.sampled_from(["text/plain", "image/png", "application/vnd.a+b"])
TOKENS = st.sampled_from(["UTF-8", "latin-1", "x"])
TEXTS = st.text(st.characters() | st.sampled_from('\0\r\n"\\\ud800\udfff%;{}'))
FILE_NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"'), max_size=40)


@dataclass
class Sample:
    """A value, as in the Python API and as JSON.

    :param data: the bytes of a Bytes or File; None for other types and for null.
    """

    value: TypedValue
    document: Document
    data: bytes | None = None

    @property
    def binary(self) -> bool:
        return isinstance(self.value, (Bytes, File))

    def given(self) -> Document:
        """Return the document of a PUT. Only this document has the Base64 of a File."""
        encoded = None if self.data is None else b64encode(self.data).decode()
        return self.document | {"value": encoded} if self.binary else self.document


def simple(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Sample]:
    return (st.none() | values).map(
        lambda value: Sample(Value(kind, value), {"type": kind, "value": value, "valueInfo": {}})
    )


def an_object(text: str | None, name: str, form: str) -> Sample:
    info = {"objectTypeName": name, "serializationDataFormat": form}
    return Sample(Value("Object", text, info), {"type": "Object", "value": text, "valueInfo": info})


def some_bytes(data: bytes | None) -> Sample:
    encoded = None if data is None else b64encode(data).decode()
    return Sample(Bytes(data), {"type": "Bytes", "value": encoded, "valueInfo": {}}, data)


def a_file(data: bytes, name: str, media_type: str | None, encoding: str | None) -> Sample:
    info = {"filename": name, "mimeType": media_type, "encoding": encoding}
    document = {"type": "File", "value": None, "valueInfo": {key: one for key, one in info.items() if one is not None}}
    return Sample(File(data, filename=name, mimetype=media_type, encoding=encoding), document, data)


DOUBLES = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"])
DATES = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}+0000")
CONTENTS = st.binary(max_size=100) | st.sampled_from([65_536, 65_537, 300_000]).map(
    lambda size: b"\r\n--" * (size // 4)
)
VALUES = st.one_of(
    simple("String", TEXTS),
    simple("Boolean", st.booleans()),
    simple("Short", st.integers(-(2**15), 2**15 - 1)),
    simple("Integer", st.integers(INTEGER.start, INTEGER.stop - 1)),
    simple("Long", st.integers(LONG.start, LONG.stop - 1)),
    simple("Double", DOUBLES),
    simple("Date", DATES),
    simple("Json", TEXTS),
    simple("Xml", TEXTS),
    simple("Null", st.nothing()),
    st.builds(an_object, st.none() | TEXTS, TEXTS, TEXTS),
    (st.none() | CONTENTS).map(some_bytes),
    st.builds(a_file, CONTENTS, FILE_NAMES, st.none() | MEDIA_TYPES, st.none() | TOKENS),
)
NAMES = st.sampled_from(["v", "ä \N{SNOWMAN}", "a.b", "%41", "V"])


@pytest.fixture(scope="module", params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An app on each storage in turn, shared by all examples."""
    match request.param:
        case "memory":
            url = None
        case "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('roundtrip')}/taskvars.db"
        case server:
            url = request.getfixturevalue(f"{server}_url")
    with make_desk(url) as made:
        made.storage.add_scope("around", task=False)
        made.storage.add_scope("t", parent="around")
        yield made


def path_to(name: str) -> str:
    """Return the path of a variable, escaped for the test client."""
    return f"/task/t/variables/{name.replace('%', '%25')}"


def write_typed(desk: Desk, name: str, sample: Sample) -> None:
    assert desk.client.put(path_to(name), json=sample.given()).status_code == 204


def write_untyped(desk: Desk, name: str, sample: Sample) -> None:
    """Write the value without its type, if the type follows from the value."""
    value = sample.document["value"]
    kind = {str: "String", bool: "Boolean", float: "Double"}.get(type(value))
    if type(value) is int:
        kind = "Integer" if value in INTEGER else "Long"
    document = {"value": value} if kind == sample.document["type"] else sample.given()
    assert desk.client.put(path_to(name), json=document).status_code == 204


def write_modification(desk: Desk, name: str, sample: Sample) -> None:
    patch = {"modifications": {"other": {"value": 1}, name: sample.given()}, "deletions": ["other", "absent"]}
    assert desk.client.post("/task/t/variables", json=patch).status_code == 204


def write_upload(desk: Desk, name: str, sample: Sample) -> None:
    """Upload the value as a form, or send it as JSON if a form can't express all of it."""
    info = sample.document["valueInfo"]
    if sample.data is None or (isinstance(sample.value, File) and "mimeType" not in info):
        return write_typed(desk, name, sample)
    encoding = f"; encoding={info['encoding']}" if "encoding" in info else ""
    media_type = info.get("mimeType", "a/b") + encoding
    form = [part("data", sample.data, info.get("filename"), media_type), part("valueType", sample.document["type"])]
    assert upload(desk, path_to(name).removeprefix("/task/"), *form).status_code == 204
    return None


def write_python(desk: Desk, name: str, sample: Sample) -> None:
    desk.storage.set("around", name, sample.value)


WRITERS = [write_typed, write_untyped, write_modification, write_upload, write_python]


def check_reads(desk: Desk, name: str, sample: Sample) -> None:
    """Read a value by every method, and compare."""
    alone, client = desk.client.get(path_to(name)), desk.client
    assert alone.get_json() == sample.document
    assert client.get("/task/t/variables").get_json() == {name: sample.document}
    assert client.get("/task/t/localVariables").get_json() == {}
    answer = client.get(f"{path_to(name)}/data")
    assert answer.status_code == (200 if sample.binary else 400)
    if sample.binary:
        assert answer.data == (sample.data or b"")
        info = sample.document["valueInfo"]
        assert answer.headers["Content-Type"] == content_type(info.get("mimeType"), info.get("encoding"))
        assert client.head(f"{path_to(name)}/data").content_length == len(sample.data or b"")
    check_python(desk, name, sample)


def check_python(desk: Desk, name: str, sample: Sample) -> None:
    variable = desk.storage.get("t", name)
    assert (variable.name, variable.scope) == (name, "around")
    if isinstance(variable.value, Value):
        assert variable.value == sample.value
        return
    assert type(variable.value) is type(sample.value)
    content = variable.value.content
    assert content is None or isinstance(content, Content)
    assert (None if content is None else b"".join(content.open_at(0))) == sample.data


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=VALUES, name=NAMES, order=st.permutations(WRITERS))
def test_every_method_reads_the_written_value(desk: Desk, sample: Sample, name: str, order: list[Any]) -> None:
    for write in order[:3]:
        desk.storage.set("around", name, "something else")
        write(desk, name, sample)
        check_reads(desk, name, sample)
        assert desk.client.delete(path_to(name)).status_code == 204
    assert desk.client.get("/task/t/variables").get_json() == {}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=VALUES)
def test_a_document_that_was_read_can_be_written_again(desk: Desk, sample: Sample) -> None:
    """A GET returns the document for a PUT, except for the bytes of a File."""
    desk.storage.set("around", "v", sample.value)
    read = desk.client.get(path_to("v")).get_json()
    assert json.loads(json.dumps(read)) == read
    if not isinstance(sample.value, File):
        assert desk.client.put(path_to("v"), json=read).status_code == 204
        check_reads(desk, "v", sample)
    if isinstance(sample.value, Bytes) and sample.data is not None:
        assert b64decode(read["value"]) == sample.data
    desk.client.delete(path_to("v"))
