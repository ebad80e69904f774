"""`TASKVARS_CONTENTS`: several apps share one storage object, but each has its own setting."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.errors import ConfigError
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern

LARGE = pattern(2 * BLOCK)


def make_app(storage: SQLAlchemyStorage | MemoryStorage, contents: object, db: SQLAlchemy | None = None) -> Flask:
    app = Flask("host")
    app.config.update(TASKVARS_CONTENTS=contents, SQLALCHEMY_DATABASE_URI="sqlite://")
    if db:
        db.init_app(app)
    TaskVars(storage, everybody).init_app(app)
    return app


def files(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file() and path.name != "0" * 32])


def test_each_app_has_its_own_content_store(tmp_path: Path) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    settings: list[object] = [
        f"file://{tmp_path}/a",
        {"b": f"file://{tmp_path}/b%20b", "db": "database"},
        "database",
        "",
    ]
    apps = [make_app(storage, contents, db) for contents in settings]
    for app in apps:
        with app.app_context():
            storage.create_tables()
            storage.add_scope("task")
            storage.set("task", "v", Bytes(LARGE))
            storage.join(db.session).set("task", "w", Bytes(LARGE))
            db.session.commit()
            assert read(storage.get("task", "v")) == LARGE
        assert app.test_client().get("/task/task/variables/w/data").data == LARGE
    assert [files(tmp_path / name) for name in ("a", "b b")] == [2, 2]
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def test_a_content_outlives_its_app_context(tmp_path: Path) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    app = make_app(storage, f"file://{tmp_path}", db)
    with app.app_context():
        storage.create_tables()
        storage.add_scope("task")
        storage.set("task", "v", Bytes(LARGE))
        found = storage.get("task", "v")
    assert read(found) == LARGE
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        ("/srv/contents", "can't be read: give 'database', 'file:///srv/contents'"),
        ("file://srv/contents", "can't be read"),
        ("file:///", "can't be read"),
        ("https://example.org/bucket", "can't be read"),
        ("s3:///prefix", "can't be read"),
        ({"files": "nope"}, "TASKVARS_CONTENTS='nope' can't be read"),
        ("s3://bucket?endpoint=http://127.0.0.1:9", "bucket"),
        ("file:///proc/contents", "Create the directory, and let the user of this process write to it"),
    ],
)
def test_an_impossible_setting_is_an_error_at_start_up(contents: object, complaint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        make_app(SQLAlchemyStorage(SQLAlchemy()), contents)
    assert complaint in str(refusal.value)


def test_a_storage_that_keeps_its_contents_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="A MemoryStorage keeps its contents itself: remove TASKVARS_CONTENTS"):
        make_app(MemoryStorage(), f"file://{tmp_path}")


def test_move_and_check(tmp_path: Path) -> None:
    db = SQLAlchemy()
    storage = SQLAlchemyStorage(db)
    app = make_app(storage, {"db": "database", "files": f"file://{tmp_path}"}, db)
    with app.app_context():
        storage.create_tables()
        storage.add_scope("task")
        storage.set("task", "v\t", Bytes(LARGE))
    run = app.test_cli_runner().invoke
    assert run(args=["taskvars", "check", "--deep"]).output == "All contents are there.\n"
    assert run(args=["taskvars", "move", "--to", "files", "--older-than", "1"]).output == ""
    assert files(tmp_path) == 0
    assert run(args=["taskvars", "move", "--to", "files"]).exit_code == 0
    assert files(tmp_path) == 1
    assert run(args=["taskvars", "sweep", "--older-than", "0"]).output == "1 content deleted.\n"
    [path] = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "0" * 32]
    path.write_bytes(bytes(len(LARGE)))
    line = f"altered\tfiles\t{path.name}\ttask\tv\\t\n"
    checked = run(args=["taskvars", "check", "--deep"])
    assert (checked.exit_code, checked.output) == (1, line)
    moved = run(args=["taskvars", "move", "--to", "db"])
    assert (moved.exit_code, moved.output) == (1, f"{line}Error: Missing and altered contents were not moved.\n")
    unknown = run(args=["taskvars", "move", "--to", "nope"])
    assert (unknown.exit_code, unknown.output) == (1, "Error: There is no content store 'nope': there are db, files.\n")
    (tmp_path / "00" / ("0" * 32)).write_bytes(b"another's")
    foreign = run(args=["taskvars", "check", "--repair"])
    assert foreign.exit_code == 1
    assert "The content store 'files' belongs to another database" in foreign.output
    with app.app_context():
        db.engine.dispose()
