"""`flask taskvars doctor`: it finds each problem, and says what to do."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, request

from flask_taskvars import Bytes, create_blueprint, everybody
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.app.test_cli import failed, run
from tests.app.test_cli_program import database
from tests.support.databases import free_port
from tests.support.desk import make_desk
from tests.support.storage_contract import read


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
        packet = "max_allowed_packet\tok\n" if kind == "mariadb" else ""
        told = f"database\tok\ntables\tok\nclock\tok\n{packet}store files\tok\nlimits\tok\n"
        assert (fine.exit_code, fine.output) == (0, told)
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


def test_a_lost_store_and_a_store_of_another_database(tmp_path: Path) -> None:
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


@contextmanager
def packets_of(url: str, size: int) -> Iterator[None]:
    """Let the server take statements of so many bytes only."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        before = connection.scalar(sa.text("SELECT @@GLOBAL.max_allowed_packet"))
        connection.execute(sa.text(f"SET GLOBAL max_allowed_packet = {size}"))
    yield
    with engine.connect() as connection:
        connection.execute(sa.text(f"SET GLOBAL max_allowed_packet = {before}"))


@pytest.mark.parametrize(
    ("driver", "size"), [("pymysql", 2 * BLOCK), pytest.param("mysqlconnector", 32 * BLOCK, marks=pytest.mark.tools)]
)
def test_statements_that_are_too_long(driver: str, size: int, mariadb_url: str) -> None:
    """What the doctor says is too little is too little, and what it asks for is enough."""
    url = sa.make_url(mariadb_url).set(drivername=f"mysql+{driver}").render_as_string(hide_password=False)
    value = b"'" * 16 * BLOCK
    with packets_of(mariadb_url, size), database(url) as (app, storage):
        run(app, "init-db")
        told = failed(run(app, "doctor"))
        problem = re.search(rf"max_allowed_packet\tThe server takes {size} bytes .*: set it to (\d+) at least\.", told)
        assert problem
        with app.app_context():
            storage.add_scope("t1")
            with pytest.raises(StorageUnavailable):
                storage.set("t1", "v", value)
    with packets_of(mariadb_url, int(problem[1])), database(url) as (app, storage):
        assert "max_allowed_packet\tok" in run(app, "doctor").output
        with app.app_context():
            storage.set("t1", "v", value)
            assert read(storage.get("t1", "v")) == value
            app.extensions["sqlalchemy"].drop_all()


OURS = {"TASKVARS_MAX_CONTENT_LENGTH": 3000, "TASKVARS_MAX_JSON_LENGTH": 2000}
LIMITS: list[tuple[dict[str, int], str]] = [
    ({}, ""),
    ({"MAX_CONTENT_LENGTH": 1000}, ""),
    ({**OURS, "MAX_CONTENT_LENGTH": 3000}, ""),
    ({**OURS, "MAX_CONTENT_LENGTH": 2000}, "MAX_CONTENT_LENGTH=2000 is smaller than TASKVARS_MAX_CONTENT_LENGTH=3000,"),
    ({**OURS, "MAX_CONTENT_LENGTH": 1000}, "LENGTH=3000 and TASKVARS_MAX_JSON_LENGTH=2000, and counts: raise it, or"),
]


@pytest.mark.parametrize(("config", "told"), LIMITS)
def test_limits_that_nothing_reaches(config: dict[str, int], told: str) -> None:
    with make_desk("sqlite://", **config) as desk:
        found = json.loads(run(desk.app, "doctor", "--json").output)["limits"]
        assert (told in found) if told else found == ""


@pytest.mark.parametrize("outer", [True, False])
def test_an_apps_limit_that_a_before_request_may_raise(outer: bool, tmp_path: Path) -> None:
    app, engine = Flask("host"), sa.create_engine(f"sqlite:///{tmp_path / 'db'}")
    app.config |= {**OURS, "MAX_CONTENT_LENGTH": 1000}
    inner = create_blueprint(SQLAlchemyStorage(engine), authorize=everybody)
    office = Blueprint("office", __name__)
    (office if outer else inner).before_request(lambda: setattr(request, "max_content_length", 5000))
    office.register_blueprint(inner)
    app.register_blueprint(office)
    assert run(app, "init-db", group="office.taskvars").exit_code == 0
    assert "limits\tok" in run(app, "doctor", group="office.taskvars").output
    engine.dispose()


def test_no_database() -> None:
    with database(f"postgresql+psycopg://user:secret@127.0.0.1:{free_port()}/tasks") as (app, _):
        found = run(app, "doctor", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output) == {"database": "It can't be reached: OperationalError.", "limits": ""}
