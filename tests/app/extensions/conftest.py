"""An app with a task, for the tests of other extensions."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_taskvars import File, TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage

TEXT = b"The quick brown fox jumps over the lazy dog. " * 20_000  # compressors would compress it
DATA = "/task/t/variables/text/data"
OTHER = "https://desk.example"


@pytest.fixture
def storage() -> MemoryStorage:
    made = MemoryStorage()
    made.add_scope("t")
    made.set("t", "text", File(TEXT, filename="a.txt", mimetype="text/plain"))
    made.set("t", "small", File(TEXT[:2000], filename="a.txt", mimetype="text/plain"))
    return made


@pytest.fixture
def bare(storage: MemoryStorage) -> Flask:
    """An app without our routes."""
    app = Flask("host")
    app.config.update(SECRET_KEY="for the tests only", TESTING=True)
    return app


@pytest.fixture
def app(bare: Flask, storage: MemoryStorage) -> Flask:
    TaskVars(storage, everybody, trusted_origins=[OTHER]).init_app(bare)
    return bare


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
