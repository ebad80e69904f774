"""Errors of CamundaStorage for impossible arguments."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_taskvars.errors import StorageUnavailable
from flask_taskvars.storage.camunda import CamundaStorage
from tests.support.databases import free_port


def database(url: str = "postgresql+psycopg://nobody@127.0.0.1:1/none") -> sa.Engine:
    return sa.create_engine(url)


def test_an_unsupported_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite can't be read: give the engine's PostgreSQL, MariaDB or MySQL"):
        CamundaStorage(database("sqlite://"))


@pytest.mark.parametrize("prefix", ["a b", "a.b.c", "x;DROP TABLE", 'a"', "."])
def test_an_impossible_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="table_prefix="):
        CamundaStorage(database(), prefix)


@pytest.mark.parametrize("url", ["engine-rest", "ftp://host/engine-rest", "http://", "http://[::1/"])
def test_an_impossible_rest_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="rest_url"):
        CamundaStorage(database(), rest_url=url)


def test_creating_a_storage_asks_no_database() -> None:
    storage = CamundaStorage(database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"))
    with pytest.raises(StorageUnavailable):
        storage.get("task", "v")
