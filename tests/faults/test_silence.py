"""A database falls silent, as if its cable were cut. Callers get an answer within the time-outs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from flask_taskvars import Value
from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.faults import Figures
from tests.support.relay import Relay, relay

pytestmark = pytest.mark.faults

PATIENCE = 60.0
"""Seconds. Without a time-out the kernel would try for a quarter of an hour."""
SETTINGS: dict[str, dict[str, object]] = {
    "postgresql": {"connect_timeout": 2, "tcp_user_timeout": 2000, "options": "-c statement_timeout=2000"},
    "mariadb": {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
}


@pytest.fixture(params=SETTINGS)
def reached(request: pytest.FixtureRequest) -> Iterator[tuple[SQLAlchemyStorage, Relay, sa.URL]]:
    """A storage whose database is behind a relay, with the time-outs of docs/reliability.md."""
    url = sa.make_url(request.getfixturevalue(f"{request.param}_url"))
    with relay(f"tcp://{url.host}:{url.port}") as between:
        port = sa.make_url(between.url).port
        engine = sa.create_engine(url.set(port=port), connect_args=SETTINGS[request.param])
        storage = SQLAlchemyStorage(engine)
        storage.metadata.drop_all(engine)
        storage.create_tables()
        storage.add_scope("task")
        storage.set("task", "v", 1)
        yield storage, between, url
        storage.metadata.drop_all(engine)
        engine.dispose()


def attempts(storage: SQLAlchemyStorage) -> list[Callable[[], object]]:
    return [lambda: storage.get("task", "v"), lambda: storage.get_all("task"), lambda: storage.set("task", "v", 2)]


def test_a_silent_network(
    reached: tuple[SQLAlchemyStorage, Relay, sa.URL],
    request: pytest.FixtureRequest,
    figures: Callable[[str], Figures],
) -> None:
    storage, between, _ = reached
    counted = figures(f"silent network, {request.node.callspec.params['reached']}")
    with ThreadPoolExecutor(1) as pool:
        for attempt in attempts(storage):
            attempt()
            with between.silent():
                error = pool.submit(attempt).exception(PATIENCE)
            assert isinstance(error, StorageUnavailable)
            counted.count(rounds=1, requests=2, faults=1)
            attempt()
    assert storage.get("task", "v").value == Value("Integer", 2)


@pytest.mark.parametrize("reached", ["postgresql"], indirect=True)  # MariaDB's own time-out takes 50 seconds
def test_a_lock_that_is_never_released(reached: tuple[SQLAlchemyStorage, Relay, sa.URL]) -> None:
    storage, _, url = reached
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE taskvars_variable"))
        for attempt in attempts(storage):
            with pytest.raises(StorageUnavailable):
                attempt()
    engine.dispose()
    storage.get("task", "v")
