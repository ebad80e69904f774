"""`flask taskvars doctor`: what it finds, and that it tells what to do."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes
from flask_taskvars.contents import DirectoryContents
from tests.app.test_cli import failed, run
from tests.app.test_cli_program import database
from tests.support.databases import free_port


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_tables_and_clock(
    kind: str, database_url: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryContents(tmp_path / "contents")
    with database(database_url(kind), contents={"files": store}) as (app, _):
        with app.app_context():
            app.extensions["sqlalchemy"].drop_all()
        assert "Missing: taskvars_scope, taskvars_variable" in failed(run(app, "doctor"))
        run(app, "init-db")
        fine = run(app, "doctor")
        assert (fine.exit_code, fine.output) == (0, "database\tok\ntables\tok\nclock\tok\nstore files\tok\n")
        with app.app_context(), app.extensions["sqlalchemy"].engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE taskvars_variable DROP COLUMN revision"))
        assert "Missing: taskvars_variable.revision. Run your migrations" in failed(run(app, "doctor"))
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() - 60)
        clock = json.loads(run(app, "doctor", "--json").output)["clock"]
        assert clock == (
            "" if kind == "sqlite" else "The database's clock differs from the app's by +60 s: synchronize both by NTP."
        )
        with app.app_context():
            app.extensions["sqlalchemy"].drop_all()


def test_a_store_that_is_gone_or_another_databases(tmp_path: Path) -> None:
    store = DirectoryContents(tmp_path / "contents")
    for name in ("one", "two"):
        with database(f"sqlite:///{tmp_path / name}.db", contents={"files": store}) as (app, storage):
            with app.app_context():
                storage.create_tables()
                storage.add_scope("t1")
                if name == "one":
                    storage.set("t1", "v", Bytes(bytes(300_000)))
                    continue
            assert "belongs to another database" in failed(run(app, "doctor"))
            shutil.rmtree(tmp_path / "contents")
            assert "store files\tContents can't be stored in" in failed(run(app, "doctor"))


def test_no_database() -> None:
    with database(f"postgresql+psycopg://user:secret@127.0.0.1:{free_port()}/tasks") as (app, _):
        found = run(app, "doctor", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output) == {"database": "It can't be reached: OperationalError."}
