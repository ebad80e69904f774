"""Generated requests, sent to an engine and to us. The answers are the same, or differ on purpose."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings

from tests.engine.compared import Mode, OnItsDatabase, OnOurOwn
from tests.engine.generated import cases
from tests.engine.rest import Rest
from tests.support.desk import Desk, make_desk

pytestmark = [pytest.mark.engine, pytest.mark.tools]

CASES = int(os.environ.get("TASKVARS_TEST_CASES", "100"))


@pytest.fixture(scope="module")
def own_desk(postgresql_url: str) -> Iterator[Desk]:
    """An app with the profile `engine` and its own database."""
    with make_desk(postgresql_url, TASKVARS_PROFILE="engine") as desk:
        yield desk


@pytest.fixture(scope="module")
def engine_database(engine_url: str) -> Iterator[sa.Engine]:
    """The engine's PostgreSQL."""
    database = sa.create_engine(engine_url)
    yield database
    database.dispose()


def compare_cases(mode: Mode, engine_name: str) -> None:
    made_up = given(case=cases(camunda=engine_name == "camunda"))
    settings(max_examples=CASES, suppress_health_check=list(HealthCheck))(made_up(lambda case: mode(case)))()


def test_a_storage_of_our_own_answers_as_the_engine(
    rest: Rest, engine_database: sa.Engine, own_desk: Desk, engine_name: str
) -> None:
    compare_cases(OnOurOwn(rest, engine_database, own_desk), engine_name)


def test_beside_an_engine_we_answer_as_it_does(
    rest: Rest, engine_database: sa.Engine, beside: Flask, engine_name: str
) -> None:
    compare_cases(OnItsDatabase(rest, engine_database, beside), engine_name)
