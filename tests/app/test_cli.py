"""`flask taskvars put` and `get`: the stored values, the written files, and the state after a failure."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from stat import S_ISFIFO

import pytest
from click.testing import Result
from flask import Flask

from flask_taskvars import Bytes, File, TaskVars, Value, everybody
from flask_taskvars.errors import ContentVanished
from flask_taskvars.storage import Scope
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Content, TypedValue, Variable

DATA = b"\r\n\0\xff" + bytes(range(256))


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def storage() -> MemoryStorage:
    made = MemoryStorage()
    made.add_scope("t1")
    return made


@pytest.fixture
def app(storage: MemoryStorage) -> Flask:
    made = Flask("host")
    TaskVars(storage, everybody).init_app(made)
    return made


def run(app: Flask, *arguments: object, group: str = "taskvars", stdin: bytes | None = None) -> Result:
    return app.test_cli_runner().invoke(args=[group, *map(str, arguments)], input=stdin)


def failed(result: Result, code: int = 1) -> str:
    """Return the message of a command that fails: a sentence, not a stack trace."""
    assert result.exit_code == code
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.output


def found(storage: MemoryStorage, name: str, task: str = "t1") -> tuple[TypedValue, bytes]:
    """Return a variable's value and its bytes."""
    value = storage.get(task, name).value
    if isinstance(value, Value):
        return value, b""
    assert isinstance(value.content, Content)
    return replace(value, content=None), b"".join(value.content.open_at(0))


PUT: list[tuple[str, list[str], TypedValue]] = [
    # the file, options, what is stored
    ("a.pdf", [], File(None, filename="a.pdf", mimetype="application/pdf")),
    ("a b.unknown", [], File(None, filename="a b.unknown")),
    ("a.pdf", ["--mime", "text/plain"], File(None, filename="a.pdf", mimetype="text/plain")),
    ("a.txt", ["--encoding", "UTF-8"], File(None, filename="a.txt", mimetype="text/plain", encoding="UTF-8")),
    ("a.txt", ["--filename", "b.png"], File(None, filename="b.png", mimetype="image/png")),
    ("a.txt", ["--type", "Bytes"], Bytes(None)),
    ("-", [], File(None, filename="v")),
    ("-", ["--filename", "a.txt"], File(None, filename="a.txt", mimetype="text/plain")),
    ("-", ["--type", "Bytes"], Bytes(None)),
]


@pytest.mark.parametrize(("file", "options", "stored"), PUT)
def test_put(app: Flask, storage: MemoryStorage, file: str, options: list[str], stored: TypedValue) -> None:
    if file != "-":
        Path(file).write_bytes(DATA)
    result = run(app, "put", "t1", "v", file, *options, stdin=DATA)
    assert (result.exit_code, result.output) == (0, "")
    assert found(storage, "v") == (stored, DATA)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_put_text(app: Flask, storage: MemoryStorage, encoding: str) -> None:
    assert (
        run(app, "put", "t1", "v", "-", "--type=String", "--encoding", encoding, stdin="ä\n".encode(encoding)).exit_code
        == 0
    )
    assert storage.get("t1", "v").value == Value("String", "ä\n")


TYPED: list[tuple[list[str], str, Value]] = [
    (["Boolean"], "true\n", Value("Boolean", True)),
    (["Short"], "-7\n", Value("Short", -7)),
    (["Integer"], "42\n", Value("Integer", 42)),
    (["Long"], "9000000000", Value("Long", 9000000000)),
    (["Double"], "1.5", Value("Double", 1.5)),
    (["Date"], "2026-11-23T10:11:12.345+0000\n", Value("Date", "2026-11-23T10:11:12.345+0000")),
    (["Null"], "", Value("Null")),
    (["Json"], '{"a": 1}\n', Value("Json", '{"a": 1}\n')),
    (["Xml"], "<a/>", Value("Xml", "<a/>")),
    (
        ["Object", "--object-type", "java.util.ArrayList"],
        "[1]",
        Value(
            "Object", "[1]", {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
        ),
    ),
]


@pytest.mark.parametrize(("options", "text", "value"), TYPED, ids=lambda case: str(case))
def test_put_takes_every_type(app: Flask, storage: MemoryStorage, options: list[str], text: str, value: Value) -> None:
    result = run(app, "put", "t1", "v", "-", "--type", *options, stdin=text.encode())
    assert (result.exit_code, result.output) == (0, "")
    assert storage.get("t1", "v").value == value


def test_put_adds_a_missing_task_only_with_create(app: Flask, storage: MemoryStorage) -> None:
    into = ["put", "t2", "v", "-"]
    assert "There is no task t2. Check the id, or add the task with --create." in failed(run(app, *into, stdin=b""))
    assert run(app, *into, "--create", "--scope", "claim", stdin=b"outer").exit_code == 0
    assert run(app, *into, "--create", stdin=b"inner").exit_code == 0
    assert "There is no scope clame. Check" in failed(run(app, *into, "--scope", "clame", stdin=b"x"))
    assert list(storage.scopes()) == [Scope("claim", None, False), Scope("t1", None, True), Scope("t2", "claim", True)]
    assert found(storage, "v", "t2")[1] == b"inner"
    storage.update("t2", delete=["v"])
    assert found(storage, "v", "t2")[1] == b"outer"


def test_put_warns_if_the_task_does_not_see_the_variable(app: Flask, storage: MemoryStorage) -> None:
    result = run(app, "put", "t1", "v", "-", "--scope", "elsewhere", "--create", stdin=b"x")
    assert result.exit_code == 0
    assert "t1 does not see this variable: elsewhere is not around it" in result.output


WRONG = [
    (["put", "t1", "v", "absent.txt"], 2, "'absent.txt' does not exist"),
    (["put", "t1", "v", "."], 2, "is a directory"),
    (["put", "t1", "v", "-", "--type", "Nothing"], 2, "is not one of"),
    (["put", "t1", "v", "-", "--type", "Object"], 2, "--object-type is for an Object, and an Object needs it."),
    (["put", "t1", "v", "-", "--type", "Json", "--object-type", "a.B"], 2, "--object-type is for an Object"),
    (["put", "t1", "v", "-", "--type", "Integer", "--encoding", "latin-1"], 1, "'ÿ' of type 'Integer' to java type"),
    (["put", "t1", "v", "-", "--create", "--scope", "x" * 256], 1, "at most 255 characters"),
    (["put", "t1", "v", "-", "--type", "Bytes", "--mime", "a/b"], 2, "are for a File, not for Bytes"),
    (["put", "t1", "v", "-", "--mime", "nonsense"], 2, "'nonsense' is not a media type, such as application/pdf"),
    (["put", "t1", "v", "-", "--type", "String"], 1, "Give its charset with --encoding"),
    (["put", "t1", "v", "-", "--type", "String", "--encoding", "nope"], 1, "unknown encoding: nope. Give its charset"),
    (["get", "t1", "absent"], 1, "task variable with name absent does not exist"),
    (["get", "nope\x1b", "v"], 1, "There is no task nope\\x1b."),
    (["get", "t1", "v", "-o", "absent/folder"], 1, "absent/folder can't be written: No such file or directory"),
    (["get", "t1", "v", "-o", "."], 2, "is a directory"),
    (["ls", "nope"], 1, "There is no task nope."),
    (["rm", "nope", "v"], 1, "There is no task nope."),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG, ids=str)
def test_mistakes_are_told_in_a_sentence(
    app: Flask, storage: MemoryStorage, arguments: list[str], code: int, message: str
) -> None:
    storage.set("t1", "v", b"before")
    assert message in failed(run(app, *arguments, stdin=b"\xff"), code)
    assert found(storage, "v")[1] == b"before"
    assert list(Path().iterdir()) == []


GOT: list[tuple[object, bytes]] = [
    (File(DATA, filename="a.txt"), DATA),
    (Bytes(DATA), DATA),
    (Bytes(b"x" * 600_000), b"x" * 600_000),
    (File(None, filename="a.txt"), b""),
    ("ä\nb", "ä\nb".encode()),
    ("\ud800", b"\\ud800"),
    (5, b"5"),
    (None, b"null"),
    (Value("Json", '{"a": 1}'), b'{"a": 1}'),
]


@pytest.mark.parametrize(("value", "data"), GOT, ids=repr)
def test_get(app: Flask, storage: MemoryStorage, value: object, data: bytes) -> None:
    storage.set("t1", "v", value)
    for output in ([], ["-o", "-"]):
        piped = run(app, "get", "t1", "v", *output)
        assert (piped.exit_code, piped.stdout_bytes) == (0, data)
    Path("old").write_bytes(b"something that was there before")
    for file in ("new", "old"):
        assert run(app, "get", "t1", "v", "-o", file).output == f"{file}\n"
        assert Path(file).read_bytes() == data
    assert sorted(os.listdir()) == ["new", "old"]


def test_get_writes_through_links_and_pipes(app: Flask, storage: MemoryStorage) -> None:
    storage.set("t1", "v", DATA)
    Path("link").symlink_to("target")
    assert run(app, "get", "t1", "v", "-o", "link").exit_code == 0
    assert Path("link").is_symlink()
    assert Path("target").read_bytes() == DATA

    os.mkfifo("fifo")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("fifo").read_bytes()))
    reader.start()
    assert run(app, "get", "t1", "v", "-o", "fifo").exit_code == 0
    reader.join()
    assert read == [DATA]
    assert S_ISFIFO(Path("fifo").stat().st_mode)


class BrokenContent(Content):
    """Bytes that end too early, with an error or without."""

    size, etag, sha256, modified = 2000, "a", None, None

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    def open_at(self, offset: int) -> Iterator[bytes]:
        yield b"x" * 1000
        if self._failure:
            raise self._failure


class BrokenStorage(MemoryStorage):
    """A storage whose contents break off."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__()
        self._failure = failure

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        return Variable(name, task_id, File(BrokenContent(self._failure), filename="a.txt"))


@pytest.mark.parametrize("failure", [None, ContentVanished(), OSError("the disk is full")])
@pytest.mark.parametrize("before", [None, b"before"])
def test_a_broken_download_leaves_no_partial_file(failure: Exception | None, before: bytes | None) -> None:
    app, target = Flask("host"), Path("target")
    TaskVars(BrokenStorage(failure), everybody).init_app(app)
    if before:
        target.write_bytes(before)
    message = failed(run(app, "get", "t1", "v", "-o", target))
    assert str(failure or ContentVanished()) in message
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == ({"target": before} if before else {})
