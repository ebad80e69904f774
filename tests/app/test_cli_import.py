"""`flask taskvars import-engine`: errors before it reaches an engine. tests/engine has the other tests."""

from __future__ import annotations

import sys

import pytest
from flask import Flask

from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage
from tests.app.test_cli import failed, run
from tests.app.test_cli_tasks import ReadingStorage
from tests.support.databases import free_port


@pytest.fixture
def app() -> Flask:
    made = Flask("host")
    TaskVars(MemoryStorage(), everybody).init_app(made)
    return made


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("camunda", 2, "not a URL such as postgresql+psycopg://"),
        ("oracle9+none://host/db", 2, "not a URL such as postgresql+psycopg://"),
        ("sqlite://", 1, "sqlite can't be read: give the engine's PostgreSQL, MariaDB or MySQL"),
        ("mysql+asyncmy://host/db", 1, "The driver asyncmy is missing"),
    ],
)
def test_an_unusable_url_of_an_engine(app: Flask, url: str, code: int, said: str) -> None:
    assert said in failed(run(app, "import-engine", "--from", url), code)


def test_a_password_is_never_shown(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_DATABASE_URL", f"postgresql+psycopg://reader:secret@127.0.0.1:{free_port()}/camunda")
    told = failed(run(app, "import-engine"))
    assert "The engine's tables can't be read" in told
    assert "secret" not in told


def test_a_missing_package_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_taskvars.storage.camunda", None)
    told = failed(run(app, "import-engine", "--from", "postgresql+psycopg://host/camunda"))
    assert "pip install 'flask-taskvars[camunda]'" in told


def test_task_and_process_definition_exclude_each_other(app: Flask) -> None:
    options = ("--from", "sqlite://", "--task", "t", "--process-definition", "p")
    assert "not by both" in failed(run(app, "import-engine", *options), 2)


def test_a_storage_without_scopes_can_not_import() -> None:
    app = Flask("host")
    TaskVars(ReadingStorage(), everybody).init_app(app)
    assert "keeps no scopes" in failed(run(app, "import-engine", "--from", "sqlite://"))
