"""pycamunda, a Python client based on `requests`. It uses only the methods for local variables."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flask_taskvars import Bytes, File
from tests.e2e.clients.conftest import Engine, client_library
from tests.e2e.clients.kinds import AWKWARD_NAMES, BINARY, TYPED

pytestmark = pytest.mark.tools

UNESCAPED = {name: name for name in [*AWKWARD_NAMES, "a/b"]} | {"%41": "A"}
"""Names for the client, and the names that arrive: it does not escape them. `?`, `#` and `..` can't arrive."""


@dataclass(frozen=True)
class Task:
    """The client's requests about one task."""

    engine: Engine

    def request(self, kind: str, *arguments: object, **named: object) -> Any:
        """Make a request of the class `LocalVariables<kind>`."""
        made = getattr(client_library("pycamunda.task"), f"LocalVariables{kind}")
        return made(self.engine.url, self.engine.task, *arguments, **named)

    def modify(self, values: Mapping[str, tuple[object, ...]], **named: object) -> None:
        """Set typed values together. Each is a tuple of a value, its type and its valueInfo."""
        request = self.request("Modify", **named)
        for name, parts in values.items():
            request.add_variable(name, *parts)
        assert request() is None

    def __call__(self, kind: str, *arguments: object, **named: object) -> Any:
        """Make a request and send it."""
        return self.request(kind, *arguments, **named)()

    def refused(self, error: str, kind: str, *arguments: object, **named: object) -> str:
        """Send a request that fails with one of the client's errors. Return its message."""
        with pytest.raises(getattr(client_library("pycamunda"), error)) as caught:
            self(kind, *arguments, **named)
        assert caught.type.__name__ == error
        return str(caught.value)

    def every(self, **named: object) -> dict[str, tuple[object, ...]]:
        """Return all variables that the client sees."""
        return {name: seen(variable) for name, variable in self("GetList", **named).items()}


@pytest.fixture
def task(engine: Engine) -> Task:
    """The client, with a task."""
    return Task(engine)


def seen(variable: Any) -> tuple[object, ...]:
    return variable.type_, variable.value, variable.value_info


def test_typed_values_come_back(task: Task) -> None:
    task.modify({name: (one.value, one.type, dict(one.info) or None) for name, one in TYPED.items()})
    wanted = {name: (one.type, one.value, dict(one.info)) for name, one in TYPED.items()}
    for flag in (True, False):
        assert task.every(deserialize_values=flag) == wanted
        assert {name: seen(task("Get", name, deserialize_value=flag)) for name in TYPED} == wanted


def test_values_are_set_and_deleted_together(task: Task) -> None:
    task.modify({"a": (1,), "b": ("x",)})
    task.modify({"c": (1.5,)}, deletions=["a", "b", "absent"])
    assert task.every() == {"c": ("Double", 1.5, {})}
    assert {name: one.scope for name, one in task.engine.stored().items()} == {"c": task.engine.task}
    task.modify({}, deletions="c")
    assert task.every() == {}


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
def test_bytes_and_files_as_base64(content: bytes, task: Task) -> None:
    text = b64encode(content).decode()
    info = {"filename": "Größe.txt", "mimeType": "text/plain", "encoding": "UTF-8"}
    task.modify({"raw": (text, "Bytes"), "file": (text, "File", info)})
    assert task("Get", "raw", binary=True) == task("Get", "file", binary=True) == content
    assert task.every() == {"raw": ("Bytes", text, {}), "file": ("File", None, info)}


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("kind", ["Bytes", "File"])
def test_every_upload_becomes_bytes(kind: str, content: bytes, task: Task, tmp_path: Path) -> None:
    """The client passes `valueType` to `requests` as JSON, and `requests` ignores JSON beside a file."""
    (tmp_path / "f.pdf").write_bytes(content)
    with (tmp_path / "f.pdf").open("rb") as file:
        for source in (content, io.BytesIO(content), file, ("f.txt", content, "text/plain")):
            assert task("Update", "v", source, kind) is None
            assert task("Get", "v", binary=True) == content
            assert seen(task("Get", "v")) == ("Bytes", b64encode(content).decode(), {})
            task("Delete", "v")


def test_an_upload_of_text_becomes_its_bytes(task: Task) -> None:
    task("Update", "v", "Grüße", "Bytes")
    assert task("Get", "v", binary=True) == "Grüße".encode()


@pytest.mark.parametrize("value", ["x", 5, True, None])
def test_an_update_of_a_typed_value_is_refused(value: object, task: Task) -> None:
    """The client sends a form, but the method takes JSON. Engines refuse it too."""
    assert "NotSupportedException" in task.refused("NoSuccess", "Update", "v", value, "String")
    assert task.every() == {}


def test_null_contents(task: Task) -> None:
    task.engine.store({"raw": Bytes(None), "file": File(None, filename="f.txt")})
    assert task("Get", "raw", binary=True) == task("Get", "file", binary=True) == b""
    assert task.every() == {"raw": ("Bytes", None, {}), "file": ("File", None, {"filename": "f.txt"})}


def test_delete(task: Task) -> None:
    task("Update", "v", b"x", "Bytes")
    assert task("Delete", "v") is None
    assert task("Delete", "v") is None
    assert task.refused("NotFound", "Get", "v") == "task variable with name v does not exist"


@pytest.mark.parametrize(("name", "stored"), UNESCAPED.items(), ids=UNESCAPED)
def test_names_of_variables(name: str, stored: str, task: Task) -> None:
    task("Update", name, b"content", "Bytes")
    assert task("Get", name, binary=True) == b"content"
    assert [*task.every()] == [stored] == [*task.engine.stored()]
    task("Delete", name)
    assert task.every() == {}


def test_errors(task: Task) -> None:
    task.modify({"text": ("x",)})
    assert task.refused("NotFound", "Get", "no") == "task variable with name no does not exist"
    assert task.refused("NotFound", "Get", "no", binary=True) == "task variable with name no does not exist"
    why = f"Value of variable with id {task.engine.task} is not a binary value."
    assert task.refused("BadRequest", "Get", "text", binary=True) == why


def test_an_unknown_task(task: Task) -> None:
    task.engine.remove_task()
    why = f"task {task.engine.task} doesn't exist: task is null"
    # For an error that the client doesn't know, its message is the whole body.
    error = "NoSuccess" if task.engine.lenient else "NotFound"
    assert why in task.refused(error, "Get", "v", binary=True)
    assert why in task.refused(error, "GetList")
    assert why in task.refused(error, "Update", "v", b"x", "Bytes")


def test_a_caller_without_permission(task: Task) -> None:
    task.engine.close_task()
    requests: list[tuple[object, ...]] = [("Get", "v"), ("GetList",), ("Update", "v", b"x", "Bytes"), ("Delete", "v")]
    for kind, *arguments in requests:
        assert task.refused("Forbidden", str(kind), *arguments).startswith("The user with id 'demo' does not have")
