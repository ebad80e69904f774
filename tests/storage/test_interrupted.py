"""An interrupted look-up, as by a worker's time-out: the error reaches the caller, and the connection stays usable."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event

from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.storage_contract import read


class Timeout(BaseException):
    """Stands for gevent.Timeout, and for the SystemExit of a slow worker."""


class TooLong(Exception):
    """Stands for the soft time-outs of task queues, which are subclasses of Exception."""


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    """A pool of one connection, so that each use gets the connection of the previous one."""
    engine = sa.create_engine(postgresql_url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def storage(engine: Engine) -> Iterator[SQLAlchemyStorage]:
    storage = SQLAlchemyStorage(engine)
    storage.metadata.drop_all(engine)
    storage.create_tables()
    storage.add_scope("task")
    storage.set("task", "v", b"small")
    yield storage
    storage.metadata.drop_all(engine)


@contextmanager
def locked(url: sa.URL) -> Iterator[None]:
    """Lock the variables, so that a look-up waits."""
    other = sa.create_engine(url)
    with other.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE taskvars_variable")
        yield
    other.dispose()


@contextmanager
def interrupted_by(error: type[BaseException]) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def listen(engine: Engine) -> None:
    event.listen(engine, "begin", lambda connection: None)


@pytest.mark.parametrize("prepare", [lambda engine: None, listen], ids=["nobody listens", "a listener"])
@pytest.mark.parametrize("error", [Timeout, KeyboardInterrupt, TooLong])
def test_an_interruption_reaches_the_caller_and_the_connection_still_works(
    error: type[BaseException], prepare: Callable[[Engine], None], engine: Engine, storage: SQLAlchemyStorage
) -> None:
    prepare(engine)
    for look_up in (lambda: storage.get("task", "v"), lambda: storage.get_all("task")):
        with locked(engine.url), pytest.raises(error) as raised, interrupted_by(error):
            look_up()
        assert raised.type is error
        assert read(storage.get("task", "v")) == b"small"
        storage.set("task", "v", b"small")


@pytest.mark.parametrize("name", ["connect", "checkout"])
def test_a_connection_with_an_open_transaction_still_works(
    name: str, engine: Engine, storage: SQLAlchemyStorage
) -> None:
    def leave_open(connection: Any, *_: object) -> None:
        connection.execute("SET LOCAL statement_timeout = '1min'")

    event.listen(engine, name, leave_open)
    for look_up in (lambda: storage.get("task", "v"), lambda: storage.get_all("task")):
        engine.dispose()
        look_up()
        storage.set("task", "v", b"small")
        assert read(storage.get("task", "v")) == b"small"
