"""A session on another schema than the storage. If it were accepted, a sweep would delete its variables' bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_taskvars import Bytes
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.errors import ConfigError, StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from tests.support.forms import stored as names
from tests.support.journaled import LARGE, opened
from tests.support.storage_contract import read

TENANT = {"schema_translate_map": {None: "tenant"}}


@pytest.fixture
def tenants(engine: sa.Engine, tmp_path: Path) -> Iterator[sa.Engine]:
    """The same database, with the storage's tables and another task in the schema `tenant`."""
    if engine.dialect.name == "sqlite":
        engine.dispose()

        @sa.event.listens_for(engine, "connect")
        def attach(connection: Any, record: object) -> None:
            connection.execute("ATTACH ? AS tenant", [str(tmp_path / "tenant.db")])
    else:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA tenant"))
    translated = engine.execution_options(**TENANT)
    storage = SQLAlchemyStorage(translated)
    storage.create_tables()
    storage.add_scope("tenants-task")
    yield translated
    storage.metadata.drop_all(translated)
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA tenant"))


@pytest.fixture
def tenants_session(tenants: sa.Engine) -> Iterator[Session]:
    """A session whose engine translates the schema; the storage's engine doesn't."""
    with Session(tenants) as session:
        yield session


def test_a_session_on_another_schema_is_refused(
    storage: SQLAlchemyStorage, files: DirectoryContents, tenants_session: Session
) -> None:
    """It is refused before anything is stored. The storage's journal would not know its variables."""
    joined = storage.join(tenants_session)
    with pytest.raises(ConfigError, match="in the schema 'tenant', and the storage has it in the default schema"):
        joined.set("tenants-task", "v", Bytes(LARGE))
    assert names(files) == set()
    with pytest.raises(
        ConfigError, match=r"a storage for each, with content stores of its own: SQLAlchemyStorage\(engine"
    ):
        joined.get("tenants-task", "v")
    tenants_session.rollback()


def test_a_transaction_that_translates_is_refused_too(
    storage: SQLAlchemyStorage, engine: sa.Engine, tenants: sa.Engine
) -> None:
    with Session(engine) as session:
        session.connection(execution_options=TENANT)
        with pytest.raises(ConfigError, match="schema 'tenant'"):
            storage.join(session).add_scope("new")


def test_a_session_without_the_tenants_schema_is_refused_too(
    engine: sa.Engine, storage: SQLAlchemyStorage, tenants: sa.Engine, files: DirectoryContents
) -> None:
    with Session(engine) as session:
        joined = opened(tenants, {"files": files}).join(session)
        with pytest.raises(ConfigError, match="in the default schema, and the storage has it in the schema 'tenant'"):
            joined.set("task", "v", Bytes(LARGE))


def test_the_storage_of_a_tenant_works_in_its_schema(tenants: sa.Engine, files: DirectoryContents) -> None:
    storage = opened(tenants, {"files": files})
    assert_works(storage, tenants)


def test_two_schemas_share_no_content_store(
    storage: SQLAlchemyStorage, tenants: sa.Engine, files: DirectoryContents, tmp_path: Path
) -> None:
    storage.set("task", "v", Bytes(LARGE))
    with pytest.raises(StorageUnavailable) as failed:
        opened(tenants, {"files": files}).set("tenants-task", "v", Bytes(LARGE))
    assert "belongs to another database" in str(failed.value.__cause__)
    assert_works(opened(tenants, {"files": DirectoryContents(tmp_path / "tenant")}), tenants)


def test_a_listener_translates_for_all_connections(
    engine: sa.Engine, tenants: sa.Engine, files: DirectoryContents
) -> None:
    @sa.event.listens_for(engine, "engine_connect")
    def translate(connection: sa.Connection) -> None:
        connection.execution_options(**TENANT)

    try:
        assert_works(opened(engine, {"files": files}), engine)
    finally:
        sa.event.remove(engine, "engine_connect", translate)


def assert_works(storage: SQLAlchemyStorage, engine: sa.Engine) -> None:
    """Check that a sweep keeps the contents that a session has stored."""
    with Session(engine) as session:
        storage.join(session).set("tenants-task", "v", Bytes(LARGE))
        session.commit()
    storage.sweep(0)
    assert read(storage.get("tenants-task", "v")) == LARGE


def test_a_translation_of_other_schemas_does_no_harm(engine: sa.Engine, storage: SQLAlchemyStorage) -> None:
    with Session(engine.execution_options(schema_translate_map={"other": "tenant"})) as session:
        storage.join(session).set("task", "v", Bytes(LARGE))
        session.commit()
    assert read(storage.get("task", "v")) == LARGE


def test_bytes_in_the_database_lie_with_their_variables(engine: sa.Engine, tenants_session: Session) -> None:
    storage = opened(engine, None)
    joined = storage.join(tenants_session)
    joined.set("tenants-task", "v", Bytes(LARGE))
    tenants_session.commit()
    storage.sweep(0)
    assert read(joined.get("tenants-task", "v")) == LARGE
