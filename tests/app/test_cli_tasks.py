"""`flask taskvars tasks`, `add-scope`, `remove-scope`, `ls` and `rm`, and the text of `--help`."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from flask import Flask

from flask_taskvars import File, TaskVars, Value, create_blueprint, everybody
from flask_taskvars.errors import ReadOnly, VariableNotFound
from flask_taskvars.storage import Scope, StorageAdapter
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.values import Variable
from tests.app.test_cli import failed, run
from tests.support.pages import ROOT, rows, section

COMMANDS = sorted(create_blueprint(MemoryStorage(), authorize=everybody).cli.commands)


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


class ReadingStorage(StorageAdapter):
    """A storage that has one task and does not keep scopes."""

    def get(self, task_id: str, name: str, *, local: bool = False) -> Variable:
        raise VariableNotFound(name)

    def get_all(self, task_id: str, *, local: bool = False) -> dict[str, Variable]:
        return {}

    def update(self, task_id: str, **changes: Any) -> None:
        raise ReadOnly


def test_scopes_come_and_go(app: Flask, storage: MemoryStorage) -> None:
    assert run(app, "add-scope", "claim", "--no-task").exit_code == 0
    assert run(app, "add-scope", "t2\x1b", "--parent", "claim").exit_code == 0
    assert run(app, "tasks").output == "t1\nt2\\x1b\tclaim\n"
    assert [json.loads(line) for line in run(app, "tasks", "--all", "--json").output.splitlines()] == [
        {"id": "claim", "parent": None, "task": False},
        {"id": "t1", "parent": None, "task": True},
        {"id": "t2\x1b", "parent": "claim", "task": True},
    ]
    assert "The scope t1 exists already" in failed(run(app, "add-scope", "t1"))
    assert "There is no task or scope nope." in failed(run(app, "add-scope", "t3", "--parent", "nope"))
    for _ in range(2):
        assert run(app, "remove-scope", "claim").exit_code == 0
        assert list(storage.scopes()) == [Scope("t1", None, True)]


def test_a_storage_without_scopes() -> None:
    app = Flask("host")
    TaskVars(ReadingStorage(), everybody).init_app(app)
    for command in (["tasks"], ["add-scope", "t2"], ["remove-scope", "t1"], ["put", "t2", "v", "-", "--create"]):
        assert "A ReadingStorage keeps no scopes" in failed(run(app, *command, stdin=b"x"))


def test_rm(app: Flask, storage: MemoryStorage) -> None:
    storage.add_scope("t2", parent="t1")
    for name in ("a", "b", "c"):
        storage.set("t1", name, 1)
    storage.set("t2", "a", 2)
    assert "name absent does not exist" in failed(run(app, "rm", "t2", "a", "absent"))
    assert "name b does not exist" in failed(run(app, "rm", "t2", "a", "b", "--local"))
    assert "Missing argument" in failed(run(app, "rm", "t2"), 2)
    assert run(app, "rm", "t2", "a", "b").exit_code == 0
    assert {name: one.value for name, one in storage.get_all("t2").items()} == {
        "a": Value("Integer", 1),
        "c": Value("Integer", 1),
    }


def test_ls_for_scripts(app: Flask, storage: MemoryStorage) -> None:
    storage.set("t1", "file", File(b"data", filename="ä\x1b.txt", mimetype="text/plain"))
    storage.set("t1", "raw", b"data")
    storage.set("t1", "text", "ä")
    digest = hashlib.sha256(b"data").hexdigest()
    named = {"filename": "ä\x1b.txt", "mimeType": "text/plain", "encoding": None}
    assert [json.loads(line) for line in run(app, "ls", "t1", "--json").output.splitlines()] == [
        {"name": "file", "scope": "t1", "type": "File", **named, "size": 4, "sha256": digest},
        {"name": "raw", "scope": "t1", "type": "Bytes", "size": 4, "sha256": digest},
        {"name": "text", "scope": "t1", "type": "String", "value": "ä", "valueInfo": {}},
    ]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_whole_sentences(app: Flask, command: str) -> None:
    helped = run(app, *command.split(), "--help")
    assert helped.exit_code == 0
    assert "..." not in helped.output.partition("\nCommands:")[2]  # click puts it where it cuts a long text
    about, _, options = helped.output.partition("Options:")
    _, *sentences = (text for text in about.split("\n\n") if not re.match(r"\s*flask ", text))
    sentences += re.split(r"\n +-", options.partition("\nCommands:")[0])[1:]
    for sentence in filter(str.strip, sentences):
        assert re.search(r"[.\]]\s*$", sentence), sentence


def test_the_page_lists_every_command() -> None:
    listed = [
        name for cell, _ in rows(section(ROOT / "docs" / "api.md", "## Commands")) for name in cell.split("`")[1::2]
    ]
    assert sorted(name.split(" ")[0] for name in listed) == COMMANDS
