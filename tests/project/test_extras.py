"""Optional packages are optional: the library works without the packages of its extras and adapters."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

WITHOUT = """
import sys

class Missing:
    '''A finder that finds none of some packages, as if they were not installed.'''
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""

ON_MEMORY = """
from flask import Flask
from flask_taskvars import Bytes, TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage

app, storage = Flask("host"), MemoryStorage()
TaskVars(storage, everybody).init_app(app)
storage.add_scope("t1")
storage.set("t1", "v", Bytes(b"data"))
client = app.test_client()
assert client.put("/task/t1/variables/s", json={"type": "String", "value": "x"}).status_code == 204
assert client.get("/task/t1/variables").json.keys() == {"v", "s"}
print(client.get("/task/t1/variables/v/data").text)
"""

ON_SQLITE = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage

app, db = Flask("host"), SQLAlchemy()
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
storage = SQLAlchemyStorage(db)
db.init_app(app)
TaskVars(storage, everybody).init_app(app)
with app.app_context():
    db.create_all()
    storage.add_scope("t1")
    storage.set("t1", "v", b"data")
    print(app.test_client().get("/task/t1/variables/v/data").text)
    db.engine.dispose()
"""

ON_AN_ENGINE = """
from flask import Flask
from sqlalchemy import create_engine
from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.sqla import SQLAlchemyStorage

app, engine = Flask("host"), create_engine("sqlite://")
storage = SQLAlchemyStorage(engine)
storage.create_tables()
TaskVars(storage, authorize=everybody).init_app(app)
storage.add_scope("t1")
storage.set("t1", "v", b"data")
print(app.test_client().get("/task/t1/variables/v/data").text)
engine.dispose()
"""

DRIVERS = {"psycopg", "psycopg_binary", "pymysql"}
ENGINE = {"urllib3"}
DEMO = {"waitress", "flask_login"}
OBJECTS = {"obstore"}
GATES = {"magic", "clamav_client"}
DATABASES = {"sqlalchemy", "flask_sqlalchemy"}


def run(program: str, blocked: set[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program in its own process, in which some packages can't be imported."""
    source = WITHOUT.format(blocked=sorted(blocked or ())) + program
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", source]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize(
    ("program", "blocked"),
    [
        pytest.param(ON_MEMORY, DRIVERS | ENGINE | DEMO | OBJECTS | GATES | DATABASES, id="memory"),
        pytest.param(ON_SQLITE, DRIVERS | ENGINE | DEMO | OBJECTS | GATES, id="sqlite"),
        pytest.param(ON_AN_ENGINE, DRIVERS | ENGINE | DEMO | OBJECTS | GATES | {"flask_sqlalchemy"}, id="engine"),
    ],
)
def test_it_works_without_packages_that_were_not_chosen(program: str, blocked: set[str]) -> None:
    result = run(program, blocked)
    assert (result.returncode, result.stdout) == (0, "data\n"), result.stderr


def test_an_object_store_says_which_extra_it_needs() -> None:
    result = run("from flask_taskvars.contents import DirectoryContents, ObjectContents", OBJECTS)
    assert "pip install 'flask-taskvars[objects]'" in result.stderr


@pytest.mark.parametrize(("gate", "package"), [("ClamAV", "clamav_client"), ("MediaTypes", "magic")])
def test_a_gate_says_which_extra_it_needs(gate: str, package: str) -> None:
    result = run(f"from flask_taskvars.gates import SizeLimit, TaskQuota, {gate}", {package})
    assert "pip install 'flask-taskvars[gates]'" in result.stderr


def test_blocked_packages_can_not_be_imported() -> None:
    """Otherwise the tests above could not fail."""
    for package in sorted(DATABASES | ENGINE | {"pymysql"}):
        result = run(f"import {package}", {package})
        assert f"No module named '{package}'" in result.stderr


@pytest.mark.parametrize(
    "module", ["flask_taskvars", "flask_taskvars.contents", "flask_taskvars.gates", "flask_taskvars.storage.memory"]
)
def test_an_import_does_not_import_optional_packages(module: str) -> None:
    program = f"import {module}, sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    imported = set(run(program).stdout.split())
    assert "flask_taskvars" in imported
    assert imported.isdisjoint(DRIVERS | ENGINE | DEMO | OBJECTS | GATES | DATABASES)


def test_importing_the_sql_storage_does_not_import_flask_sqlalchemy() -> None:
    program = "import sys, flask_taskvars.storage.sqla; print('flask_sqlalchemy' in sys.modules)"
    assert run(program).stdout == "False\n"


def brought_by(extra: str) -> set[str]:
    """Return the distributions of an extra, including those of the extras that it names."""
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    named = set()
    for line in extras["options.extras_require"][extra].split("\n"):
        if own := re.fullmatch(r"flask-taskvars\[(.+)\]", line):
            named |= {name for other in own[1].split(",") for name in brought_by(other)}
        elif line:
            named.add(re.split(r"[\s\[]", line)[0].lower())
    return named


@pytest.mark.tools
def test_the_benchmarks_need_no_more_than_their_extra() -> None:
    others = brought_by("test") - brought_by("bench")
    assert "pytest" in others
    modules = packages_distributions().items()
    blocked = {module for module, owners in modules if others & {owner.lower() for owner in owners}}
    result = run("import benchmarks.__main__", blocked)
    assert result.returncode == 0, result.stderr
