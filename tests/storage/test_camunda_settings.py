"""What CamundaStorage says to the programmer who makes it wrong."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.camunda import CamundaStorage
from tests.support.databases import free_port


def database(url: str = "postgresql+psycopg://nobody@127.0.0.1:1/none") -> sa.Engine:
    return sa.create_engine(url)


def test_another_database_is_not_read() -> None:
    with pytest.raises(ValueError, match="sqlite can't be read: give the engine's PostgreSQL, MariaDB or MySQL"):
        CamundaStorage(database("sqlite://"))


@pytest.mark.parametrize("prefix", ["a b", "a.b.c", "x;DROP TABLE", 'a"', "."])
def test_a_prefix_is_part_of_a_name(prefix: str) -> None:
    with pytest.raises(ValueError, match="table_prefix="):
        CamundaStorage(database(), prefix)


@pytest.mark.parametrize("url", ["engine-rest", "ftp://host/engine-rest", "http://", "http://[::1/"])
def test_a_rest_url_is_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="rest_url"):
        CamundaStorage(database(), rest_url=url)


def test_nothing_is_asked_before_it_is_needed() -> None:
    storage = CamundaStorage(database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"))
    with pytest.raises(StorageUnavailable):
        storage.get("task", "v")
