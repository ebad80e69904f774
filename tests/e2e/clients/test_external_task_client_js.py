"""The engine's own JavaScript client: its typed values, its files and its HTTP, on a task's variables.

The client is made for external tasks, which are not ours; `worker/worker.mjs` uses its parts on a task.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flask_taskvars import Bytes, File, Value
from tests.conftest import missing
from tests.e2e.clients.conftest import Engine
from tests.e2e.clients.kinds import AWKWARD_NAMES, BINARY, TYPED

pytestmark = pytest.mark.tools

WORKER = Path(__file__).with_name("worker")
PATIENCE = 300
INSTALL = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]

# JavaScript's numbers are exact only up to 53 bits.
SENT = TYPED | {"long": Value("Long", 2**53 - 1)}
DTOS = {name: {"type": one.type, "value": one.value, "valueInfo": dict(one.info)} for name, one in SENT.items()}
NAMES = [
    "report.pdf",
    "two words.txt",
    "Größe, 报告 \U0001f600.txt",
    'a"b.txt',
    "back\\slash.txt",
    "../up.txt",
    "%41.txt",
]


class Refused(Exception):
    """The client's error, as a mapping."""

    def __init__(self, error: dict[str, object]) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Worker:
    """The program that uses the client."""

    process: subprocess.Popen[str]
    engine: Engine
    scope: str

    def __call__(self, command: str, *arguments: object) -> Any:
        """Run a command of the worker, and return the client's result.

        :raises Refused: the client raised an error.
        """
        assert self.process.stdin
        assert self.process.stdout
        path = f"/task/{self.engine.task}/{self.scope}"
        self.process.stdin.write(json.dumps([self.engine.url, path, command, *arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the worker broke off; its error is above"
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["done"]

    def error(self, command: str, *arguments: object) -> dict[str, object]:
        """Run a command that fails. Return the client's error."""
        with pytest.raises(Refused) as caught:
            self(command, *arguments)
        return caught.value.error

    def content(self, command: str, name: str) -> bytes:
        """Return the bytes that the client downloads."""
        return b64decode(self(command, name)["base64"])


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worker's program in its own folder, with the client, which npm fetches."""
    folder = shutil.copytree(WORKER, tmp_path_factory.mktemp("npm") / "worker")
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            missing(f"{needed} is not installed")
    done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        missing(f"npm can't fetch the client: {done.stderr}")
    return folder / "worker.mjs"


@pytest.fixture(scope="module")
def process(program: Path) -> Iterator[subprocess.Popen[str]]:
    """The worker, waiting for commands."""
    pipe = subprocess.PIPE
    with subprocess.Popen(["node", str(program)], stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(params=["variables", "localVariables"])
def worker(request: pytest.FixtureRequest, process: subprocess.Popen[str], engine: Engine) -> Worker:
    """The worker, on `variables` or on `localVariables` of a task."""
    return Worker(process, engine, request.param)


def plain(engine: Engine) -> dict[str, tuple[object, ...]]:
    """The stored values that are not binary."""
    values = {name: variable.value for name, variable in engine.stored().items()}
    return {name: (one.type, one.value) for name, one in values.items() if isinstance(one, Value)}


def test_values_without_a_type(worker: Worker) -> None:
    worker("setPlain")
    assert plain(worker.engine) == {
        "text": ("String", "Grüße, 你好 \U0001f600"),
        "integer": ("Integer", 2**31 - 1),
        "long": ("Long", 2**53 - 1),
        "double": ("Double", 0.1),
        "yes": ("Boolean", True),
        "due": ("Date", "2026-11-23T10:11:12.345+0000"),
        "list": ("Json", '[1,null,{"a":"ä"}]'),
        "nothing": ("Null", None),
        "undefined": ("Null", None),
    }
    assert worker("getAll") == {
        "text": "Grüße, 你好 \U0001f600",
        "integer": 2**31 - 1,
        "long": 2**53 - 1,
        "double": 0.1,
        "yes": True,
        "due": "2026-11-23T10:11:12.345Z",
        "list": [1, None, {"a": "ä"}],
        "nothing": None,
        "undefined": None,
    }


@pytest.mark.parametrize("command", ["setTyped", "putTyped"])
def test_typed_values_come_back(command: str, worker: Worker) -> None:
    worker(command, DTOS)
    assert plain(worker.engine) == {name: (one.type, one.value) for name, one in SENT.items()}
    read = DTOS | {
        "json": DTOS["json"] | {"value": {"amount": 80, "tags": ["a", None]}},
        "due": DTOS["due"] | {"value": "2026-11-23T10:11:12.345Z"},
    }
    # The client writes types in lower case.
    assert worker("getAllTyped") == {name: dto | {"type": str(dto["type"]).lower()} for name, dto in read.items()}


@pytest.mark.parametrize("name", [*AWKWARD_NAMES, "a/b", "?", "#"])
def test_names_of_variables(name: str, worker: Worker) -> None:
    worker("putTyped", {name: {"type": "Bytes", "value": "YWJj"}})
    assert [*worker.engine.stored()] == [name] == [*worker("getAll")]
    assert worker.content("loadBytes", name) == b"abc"
    assert worker("remove", name) == {"base64": ""}
    assert worker.engine.stored() == {}


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("command", ["modifyFile", "putFile"])
def test_files_as_base64(command: str, content: bytes, worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "Größe.txt").write_bytes(content)
    local = {"localPath": str(tmp_path / "Größe.txt"), "mimetype": "text/plain", "encoding": "UTF-8"}
    worker(command, "file", local)
    file = worker.engine.stored()["file"].value
    assert isinstance(file, File)
    # The client sends `mimetype` instead of the contract's `mimeType`, and the engine ignores it.
    mimetype = None if worker.engine.lenient else "text/plain"
    assert (file.filename, file.mimetype, file.encoding) == ("Größe.txt", mimetype, "UTF-8")
    expected = {"filename": "Größe.txt", "encoding": "UTF-8", "base64": b64encode(content).decode()}
    assert worker("loadFile", "file") == expected


@pytest.mark.parametrize("content", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("value_type", [None, "Bytes", "File"])
def test_uploads(value_type: str | None, content: bytes, worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(content)
    form = {"localPath": str(tmp_path / "f"), "filename": "a.txt", "mimetype": "text/plain; charset=utf-8"}
    worker("postForm", "v", form | {"valueType": value_type})
    assert worker.content("loadBytes", "v") == content
    value = worker.engine.stored()["v"].value
    if value_type != "File":
        assert isinstance(value, Bytes)
        return
    assert isinstance(value, File)
    # For an upload the engine takes the charset from the parameter `encoding`, and ignores this one.
    encoding = None if worker.engine.lenient else "utf-8"
    assert (value.filename, value.mimetype, value.encoding) == ("a.txt", "text/plain", encoding)
    assert worker.content("loadFile", "v") == content


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files(name: str, worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    local = {"localPath": str(tmp_path / "f"), "filename": name, "mimetype": "text/plain"}
    worker("modifyFile", "json", local)
    worker("postForm", "form", local | {"valueType": "File"})
    # In a form the client escapes a quote as browsers do, and the engine keeps it escaped.
    for variable, wanted in {"json": name, "form": name.replace('"', "%22")}.items():
        assert worker("loadFile", variable) == {"filename": wanted, "base64": b64encode(b"content").decode()}


def test_null_contents(worker: Worker) -> None:
    worker.engine.store({"raw": Bytes(None), "file": File(None, filename="f.txt")})
    assert worker.content("loadBytes", "raw") == worker.content("loadFile", "file") == b""


def test_a_file_of_json(worker: Worker) -> None:
    """The client parses a body whose Content-Type is exactly application/json, even if it is a file."""
    bare = File(b'{"a": 1}', filename="a.json", mimetype="application/json")
    worker.engine.store({"bare": bare, "encoded": replace(bare, encoding="UTF-8")})
    assert worker("loadBytes", "bare") == {"parsed": {"a": 1}}
    assert worker.content("loadBytes", "encoded") == b'{"a": 1}'


def test_errors(worker: Worker) -> None:
    worker("setTyped", {"text": {"type": "String", "value": "x"}})
    absent = "task variable with name no does not exist"
    wrong = f"Value of variable with id {worker.engine.task} is not a binary value."
    bad = "Cannot put task variable v: Cannot convert value '1abc' of type 'integer' to java type java.lang.Integer"
    for message, status, command, argument in (
        (absent, 404, "loadBytes", "no"),
        (absent, 404, "getTyped", "no"),
        (wrong, 400, "loadBytes", "text"),
        (bad, 400, "putTyped", {"v": {"type": "Integer", "value": "1abc"}}),
    ):
        refused = {"status": status, "type": "InvalidRequestException", "message": message, "code": None}
        assert worker.error(command, argument) == refused


def test_an_unknown_task(worker: Worker) -> None:
    worker.engine.remove_task()
    error = worker.error("setTyped", {"v": {"type": "String", "value": "x"}})
    assert (error["status"], error["type"]) == (500 if worker.engine.lenient else 404, "RestException")
    assert str(error["message"]).endswith(f"task {worker.engine.task} doesn't exist: task is null")


def test_a_caller_without_permission(worker: Worker) -> None:
    worker.engine.close_task()
    error = worker.error("loadBytes", "v")
    assert (error["status"], error["type"]) == (403, "AuthorizationException")
    assert str(error["message"]).startswith("The user with id 'demo' does not have")
