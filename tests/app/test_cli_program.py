"""`flask taskvars …` on databases, under other names that a host gives it, in a terminal, and as a program."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, File, TaskVars, Value, create_blueprint, everybody
from flask_taskvars.cli.common import LONG
from flask_taskvars.cli.writing import put
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.app.test_cli import failed, run
from tests.support.databases import free_port

DATA = b"\r\n\0\xff" + bytes(range(256))
BIG = b"x" * 300_000  # more than fits into a variable's row


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def database(url: str, **options: Any) -> Iterator[tuple[Flask, SQLAlchemyStorage]]:
    """Make an app on a database, which may have no tables yet."""
    app, db = Flask("host"), SQLAlchemy()
    storage = SQLAlchemyStorage(db, **options)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    TaskVars(storage, everybody).init_app(app)
    try:
        yield app, storage
    finally:
        with app.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_a_database_from_its_tables_to_the_sweep(kind: str, database_url: Callable[[str], str]) -> None:
    Path("big").write_bytes(BIG)
    with database(database_url(kind)) as (app, _):
        with app.app_context():
            app.extensions["sqlalchemy"].drop_all()
        for command in (["ls", "t1"], ["get", "t1", "v"], ["put", "t1", "v", "big"], ["sweep"]):
            message = failed(run(app, *command))
            assert "taskvars_" in message
            assert "If its tables are missing, run the command init-db." in message
        for _ in range(2):
            assert run(app, "init-db").output == "All tables exist.\n"
        for _ in range(3):
            assert run(app, "put", "t1", "big", "big", "--create").exit_code == 0
        assert run(app, "get", "t1", "big").stdout_bytes == BIG
        assert run(app, "sweep").output == "0 contents deleted.\n"
        assert run(app, "sweep", "--older-than", "0").output == "2 contents deleted.\n"
        assert run(app, "put", "t1", "big", "big").exit_code == 0
        assert run(app, "sweep", "--older-than", "0").output == "1 content deleted.\n"
        assert run(app, "get", "t1", "big").stdout_bytes == BIG
        assert "not in the range" in failed(run(app, "sweep", "--older-than", "-1"), 2)


def test_an_unreachable_database() -> None:
    with database(f"postgresql+psycopg://nobody:s3cret@127.0.0.1:{free_port()}/nothing") as (app, _):
        for command in (["init-db"], ["ls", "t1"], ["get", "t1", "v"], ["put", "t1", "v", "-"], ["sweep"]):
            message = failed(run(app, *command, stdin=b"x"))
            assert "can't be reached now" in message
            assert "onnection refused" in message
            assert "init-db" not in message
            assert "s3cret" not in message


def test_scopes_of_the_hosts_own() -> None:
    with database(f"sqlite:///{Path.cwd() / 'taskvars.db'}", scopes={"t1": ["t1"]}.get) as (app, _):
        assert run(app, "init-db").exit_code == 0
        assert run(app, "put", "t1", "v", "-", stdin=b"x").exit_code == 0
        assert run(app, "get", "t1", "v").stdout_bytes == b"x"
        assert "There is no task t2." in failed(run(app, "put", "t2", "v", "-", stdin=b"x"))
        for command in (["tasks"], ["add-scope", "t2"], ["remove-scope", "t1"], ["put", "t2", "v", "-", "--create"]):
            assert "The host keeps the scopes" in failed(run(app, *command, stdin=b"x"))


@pytest.mark.parametrize("command", ["init-db", "sweep"])
def test_a_storage_without_tables(command: str) -> None:
    assert "A MemoryStorage has no tables of its own" in failed(run(mounted(MemoryStorage()), command))


def mounted(*storages: MemoryStorage) -> Flask:
    app = Flask("host")
    app.testing = True
    for number, storage in enumerate(storages):
        name = "taskvars" if number == 0 else f"taskvars{number}"
        TaskVars(storage, everybody, name=name, url_prefix=f"/{name}").init_app(app)
    return app


HOSTILE = "\x1b[31m\r\n\t\u202e\ud800ü"


def test_ls_shows_what_a_task_sees() -> None:
    storage = MemoryStorage()
    storage.add_scope("claim")
    storage.add_scope("t1", "claim")
    storage.set("claim", "outer", 5)
    storage.set("claim", "masked", 5)
    storage.set("t1", "masked", None)
    storage.set("t1", "file", File(DATA, filename=HOSTILE, mimetype="text/plain"))
    storage.set("t1", "raw", DATA)
    storage.set("t1", "nothing", Bytes(None))
    result = run(mounted(storage), "ls", "t1")
    assert [line.split("\t") for line in result.output.splitlines()] == [
        ["file", "File", "260", "t1", r"\x1b[31m\r\n\t\u202e\ud800ü"],
        ["masked", "Null", "-", "t1", ""],
        ["nothing", "Bytes", "-", "t1", ""],
        ["outer", "Integer", "-", "claim", ""],
        ["raw", "Bytes", "260", "t1", ""],
    ]


def test_two_mounts_have_two_groups() -> None:
    first, second = MemoryStorage(), MemoryStorage()
    app = mounted(first, second)
    assert run(app, "put", "t1", "v", "-", "--create", stdin=b"1").exit_code == 0
    assert run(app, "put", "t1", "v", "-", "--create", stdin=b"2", group="taskvars1").exit_code == 0
    assert [run(app, "get", "t1", "v", group=group).stdout_bytes for group in ("taskvars", "taskvars1")] == [b"1", b"2"]
    assert "Put files into task variables" in app.test_cli_runner().invoke(args=["--help"]).output
    # Without its command group, a command can't tell which mount is meant.
    assert "group of one: taskvars, taskvars1." in failed(
        app.test_cli_runner().invoke(put, ["t1", "v", "-"], input=b"x")
    )


@pytest.mark.parametrize(("options", "group"), [({}, "outer.taskvars"), ({"cli_group": "files"}, "files")])
def test_a_group_has_the_name_that_the_host_gives_it(options: dict[str, Any], group: str) -> None:
    app, outer = Flask("host"), Blueprint("outer", __name__)
    outer.register_blueprint(create_blueprint(MemoryStorage(), authorize=everybody), **options)
    app.register_blueprint(outer)
    assert run(app, "put", "t1", "v", "-", "--create", stdin=b"x", group=group).exit_code == 0
    assert run(app, "get", "t1", "v", group=group).stdout_bytes == b"x"


class Terminal:
    """A terminal for commands. It records what it shows."""

    def __init__(self) -> None:
        self._leader, self.follower = pty.openpty()
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self._shown += os.read(self._leader, 4096)
            except OSError:  # the other end is closed
                return

    def close(self) -> str:
        os.close(self.follower)
        self._reader.join()
        os.close(self._leader)
        return self._shown.decode()


def in_terminal(app: Flask, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int | str | None, str]:
    """Run a command in a terminal. Return its exit code and what the terminal shows."""
    terminal = Terminal()
    with open(terminal.follower, "w", closefd=False) as screen, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        code = main(app, *arguments)
    return code, terminal.close()


def main(app: Flask, *arguments: str) -> int | str | None:
    """Run a command that writes to the present `sys.stdout`. Return its exit code."""
    with pytest.raises(SystemExit) as end:
        app.cli.main(["taskvars", *arguments], prog_name="flask", obj=ScriptInfo(create_app=lambda *_: app))
    return end.value.code


def test_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage()
    storage.add_scope("t1")
    storage.set("t1", "file", File(DATA, filename="../dir/a\x1b.bin"))
    storage.set("t1", ".raw", DATA)
    storage.set("t1", "big", b"x" * LONG)
    storage.set("t1", "text", "line\n\x1b[31mred")
    storage.set("t1", "json", Value("Json", "[1]"))
    app = mounted(storage)
    shown = [
        ("get t1 file", 0, "a_.bin"),
        ("get t1 file", 1, "Error: a_.bin exists already: name another file with -o."),
        ("get t1 file -o a_.bin", 0, "a_.bin"),
        ("get t1 .raw", 0, "_raw"),
        ("get t1 text", 0, "line\n\\x1b[31mred"),
        ("get t1 json", 0, "[1]"),
        ("get t1 text -o text", 0, "text"),
    ]
    for command, code, text in shown:
        assert in_terminal(app, monkeypatch, *command.split()) == (code, f"{text}\n".replace("\n", "\r\n"))
    files = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert files == {"a_.bin": DATA, "_raw": DATA, "text": b"line\n\x1b[31mred"}
    for command in ("get t1 big", "put t1 again big"):
        end, bar = in_terminal(app, monkeypatch, *command.split())
        assert end == 0
        assert "100%" in bar


def test_a_closed_pipe_is_not_reported_as_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    storage = MemoryStorage()
    storage.add_scope("t1")
    storage.set("t1", "big", BIG)
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), open(writer, "w") as gone, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", gone)
        assert main(mounted(storage), "get", "t1", "big") == 1
    assert capfd.readouterr().err == ""


PROGRAM = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///program.db"
db = SQLAlchemy(app)
TaskVars(SQLAlchemyStorage(db), everybody).init_app(app)
"""


def program(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "flask", "--app", "program", "taskvars", *arguments]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, input=stdin, capture_output=True, env=environ, timeout=120)


def test_as_a_program() -> None:
    Path("program.py").write_text(PROGRAM)
    assert program("init-db").returncode == 0
    assert program("put", "t1", "v", "-", "--create", "--filename", "a.bin", stdin=DATA).returncode == 0
    got = program("get", "t1", "v")
    assert (got.returncode, got.stdout) == (0, DATA)
    unknown = program("ls", "nope")
    assert (unknown.returncode, unknown.stdout) == (1, b"")
    assert b"There is no task nope." in unknown.stderr
    assert b"Traceback" not in unknown.stderr
