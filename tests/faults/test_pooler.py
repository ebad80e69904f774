"""PgBouncer between us and PostgreSQL: several clients use one server connection in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.app.test_cli import failed, run
from tests.app.test_cli_program import database
from tests.conftest import missing
from tests.support.databases import Missing
from tests.support.desk import Desk, make_desk
from tests.support.faults import Figures, rounds, together
from tests.support.poolers import pgbouncer
from tests.support.storage_contract import read
from tests.support.storage_examples import pattern
from tests.support.storage_tools import parts

pytestmark = pytest.mark.faults

CLIENTS = 12
VALUES = {"small": pattern(1000), "large": pattern(2 * BLOCK + 1)}


@contextmanager
def pooler(url: str, mode: str) -> Iterator[str]:
    """Start a PgBouncer with three connections to the server. Yield its URL."""
    # Not in one of pytest's folders, because only their owner may enter them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with pgbouncer(Path(folder), url, mode) as through:
                yield through
        except Missing as absence:
            missing(str(absence))


@pytest.fixture(scope="module")
def pooled_url(postgresql_url: str) -> Iterator[str]:
    """The URL of a PgBouncer in transaction mode."""
    with pooler(postgresql_url, "transaction") as url:
        yield url


@pytest.fixture(params=["nobody listens", "a listener"])
def desk(request: pytest.FixtureRequest, pooled_url: str) -> Iterator[Desk]:
    """A desk behind the pooler: its look-ups run on the driver's connection or, with a listener, through SQLAlchemy."""
    options = {"pool_size": CLIENTS}
    with make_desk(pooled_url, SQLALCHEMY_ENGINE_OPTIONS=options) as made:
        _, db = parts(made)
        if request.param == "a listener":
            sa.event.listen(db.engine, "begin", lambda connection: None)
        yield made


@pytest.mark.lasts(short=2, share=0.03)
def test_many_clients_at_once_without_a_setting(desk: Desk, figures: Callable[[str], Figures], seconds: float) -> None:
    counted = figures("PgBouncer, transactions")
    for number in range(CLIENTS):
        desk.storage.add_scope(f"task-{number}")
        for name, value in VALUES.items():
            desk.storage.set(f"task-{number}", name, value + bytes([number]))

    def serve(number: int) -> None:
        client = desk.app.test_client()
        for turn in rounds(seconds):
            ask(client, f"/task/task-{number}/variables", number, turn, counted)

    together(*(partial(serve, number) for number in range(CLIENTS)))
    assert counted.lost == counted.faults == 0


def ask(client: FlaskClient, url: str, number: int, turn: int, counted: Figures) -> None:
    """Read, change and read again. Count the wrong answers."""
    answers = [client.get(f"{url}/{name}/data") for name in VALUES]
    wrong = [one for one, value in zip(answers, VALUES.values(), strict=True) if one.data != value + bytes([number])]
    written = client.put(f"{url}/own", json={"type": "Integer", "value": turn})
    answers += [written, client.get(f"{url}/own"), client.get(url)]
    failed = sum(one.status_code >= 300 for one in answers)
    kept = failed or (answers[-2].get_json()["value"] == answers[-1].get_json()["own"]["value"] == turn and not wrong)
    counted.count(rounds=1, requests=5, faults=failed, acknowledged=written.status_code == 204, lost=not kept)


def test_a_session_of_the_hosts(desk: Desk) -> None:
    storage, db = parts(desk)
    storage.add_scope("task")
    for turn in range(20):  # drivers prepare statements that run often
        joined = storage.join(db.session)
        joined.set("task", "v", turn)
        assert joined.get("task", "v")
        db.session.commit()
        db.session.remove()
        engine = sa.create_engine(db.engine.url)
        assert SQLAlchemyStorage(engine).get("task", "v").scope == "task"
        engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_the_doctor_sees_the_pooler(driver: str, pooled_url: str, postgresql_url: str) -> None:
    for url, told in ((pooled_url, "clock\tok\npooler\tok\n"), (postgresql_url, "clock\tok\nlimits\tok\n")):
        through = sa.make_url(url).set(drivername=f"postgresql+{driver}").render_as_string(hide_password=False)
        for settings in ({}, {"connect_args": {"prepare_threshold": None}} if driver == "psycopg" else {}):
            with make_desk(through, SQLALCHEMY_ENGINE_OPTIONS=settings) as desk:
                found = run(desk.app, "doctor")
                assert (told in found.output, found.exit_code) == (True, 0)


def test_the_doctor_sees_a_pooler_that_refuses_transactions(postgresql_url: str) -> None:
    with pooler(postgresql_url, "statement") as url, database(url) as (app, _):
        assert failed(run(app, "doctor")).startswith(
            "pooler\tIt refuses transactions: set `pool_mode = transaction`.\n"
        )


def test_without_a_pooler_statements_are_prepared(postgresql_url: str) -> None:
    with make_desk(postgresql_url) as desk:
        storage, db = parts(desk)
        storage.add_scope("task")
        storage.set("task", "v", b"small")
        for _ in range(10):
            assert read(storage.get("task", "v")) == b"small"
        with db.engine.connect() as connection:
            found = connection.scalars(sa.text("SELECT statement FROM pg_prepared_statements")).all()
        assert any("visible" in statement for statement in found)
