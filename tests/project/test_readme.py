"""README.md and docs/: every program runs, every transcript is true, and the tables fit the code."""

from __future__ import annotations

import ast
import doctest
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from werkzeug.datastructures import Headers

from example_app import create_app
from example_app.extensions import db
from example_app.seed import seed
from flask_taskvars import TaskVars, everybody
from flask_taskvars.errors import ContentVanished
from flask_taskvars.settings import PROFILES, Profile
from flask_taskvars.storage.memory import MemoryStorage
from flask_taskvars.storage.sql.limits import INLINE, WINDOW
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.conftest import missing
from tests.support.databases import free_port
from tests.support.demo import Demo, environment, serving
from tests.support.pages import PAGES, ROOT, blocks, loaded, rows, section

README = ROOT / "README.md"
STORAGE = ROOT / "docs" / "storage.md"
DEMO = "http://127.0.0.1:5000"

NEEDY = {"authorization", "live-engine", "migrations", "operating", "testing", "uploads"}
"""Pages whose programs need other packages."""

PROGRAMS = [
    pytest.param(program, id=f"{page.name}-{number}", marks=[pytest.mark.tools] if page.stem in NEEDY else [])
    for page in PAGES
    for number, program in enumerate(blocks(page.read_text(), "python"))
]
TRANSCRIPTS = [
    pytest.param(transcript, id=f"{page.name}-{number}")
    for page in PAGES
    for number, transcript in enumerate(blocks(page.read_text(), "console"))
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_runs_twice(program: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(program)
    for _ in range(2):
        subprocess.run([sys.executable, "-W", "error", "app.py"], cwd=tmp_path, env=environment(tmp_path), check=True)


def test_the_first_program_serves_when_it_is_pasted(tmp_path: Path) -> None:
    mount = section(README, "## Mount it in your app")
    (tmp_path / "app.py").write_text(blocks(mount, "python")[0])
    [url] = re.findall(rf"{DEMO}\S+", blocks(mount, "sh")[0])
    port = free_port()
    command = [sys.executable, "-m", "flask", "run", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path)) as server:
        try:
            headers, body = _patient_get(url.replace(":5000", f":{port}"))
        finally:
            server.terminate()
    assert body == b"Signed."
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert headers["Content-Disposition"] == 'attachment; filename="contract.txt"'


def _patient_get(url: str) -> tuple[dict[str, str], bytes]:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return dict(answer.headers), answer.read()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Path]]:
    """The demo with all its data, and a folder to work in."""
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder) as served:
        yield served, folder


@pytest.mark.tools
@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_each_transcript_is_true(transcript: str, demo: tuple[Demo, Path]) -> None:
    if shutil.which("curl") is None:
        missing("curl is not installed")
    served, folder = demo
    first, *steps = re.split(r"^\$ ", transcript, flags=re.MULTILINE)
    assert first == "", "the transcript does not start with a command"
    for step in steps:
        command, _, shown = step.partition("\n")
        done = subprocess.run(
            command.replace(DEMO, served.url),
            shell=True,
            cwd=folder,
            env=environment(folder, LC_ALL="C.UTF-8"),
            capture_output=True,
            text=True,
            check=True,
        )
        printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        assert _matches(shown, printed), f"$ {command}\n{printed}\n{done.stderr}"


def _matches(shown: str, printed: str) -> bool:
    """Tell whether a page shows the printed text. `...` stands for anything."""
    return doctest.OutputChecker().check_output(shown.rstrip(), printed, doctest.ELLIPSIS)


CASES = {
    "a File with a media type and a charset": "aTaskId/variables/aVarName",
    "a File with a media type": "aTaskId/variables/policy",
    "a File without a media type": "pay-out/variables/recording",
    "Bytes": "pay-out/variables/signature",
    "a variable of any other type": "aTaskId/variables/amount",
    "a variable that the task doesn't see": "aTaskId/variables/nope",
    "a task that doesn't exist": "nope/variables/nope",
}


def test_the_table_of_answers(tmp_path: Path) -> None:
    *table, forbidden = rows(section(README, "## What it answers"))
    app = create_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'desk.db'}", RECORDING_SIZE=1000, TESTING=True)
    with app.app_context():
        seed()
        for case, *expected in table:
            answer = app.test_client().get(f"/task/{CASES[case]}/data", auth=("ada", "ada"))
            assert _row(answer.status_code, answer.headers) == expected, case
        db.session.remove()
        db.engine.dispose()
    assert [case for case, *_ in table] == list(CASES)

    storage = MemoryStorage()
    storage.add_scope("task-1")
    closed = Flask("closed")
    TaskVars(storage, authorize=lambda action, task_id, name: False).init_app(closed)
    refusal = closed.test_client().get("/task/task-1/variables/nope/data")
    assert _row(refusal.status_code, refusal.headers) == forbidden[1:]


def _row(status: int, headers: Headers) -> list[str]:
    disposition = headers.get("Content-Disposition")
    return [str(status), f"`{headers['Content-Type']}`", f"`{disposition}`" if disposition else "none"]


def form() -> dict[str, Any]:
    return {"data": (BytesIO(b"new bytes"), "file.bin"), "valueType": "File"}


BODIES: Mapping[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("POST", "/task/{id}/variables"): lambda: {"json": {"modifications": {"a": {"value": 1}}, "deletions": ["b"]}},
    ("PUT", "/task/{id}/variables/{varName}"): lambda: {"json": {"type": "String", "value": "text"}},
    ("POST", "/task/{id}/variables/{varName}/data"): lambda: {"data": form()},
}


def served(profile: Profile = "documented") -> tuple[MemoryStorage, FlaskClient]:
    """Make an app with a variable. Return its storage and a client."""
    storage = MemoryStorage()
    storage.add_scope("task-1")
    storage.set("task-1", "name", b"bytes")
    app = Flask("served")
    app.testing = True
    TaskVars(storage, everybody, profile=profile).init_app(app)
    return storage, app.test_client()


@pytest.mark.parametrize(("method", "path", "status", "body"), rows(section(README, "## All methods")))
@pytest.mark.parametrize("scope", ["variables", "localVariables"])
def test_the_table_of_methods(method: str, path: str, status: str, body: str, scope: str) -> None:
    template = path.strip("`")
    url = template.replace("variables", scope).format(id="task-1", varName="name")
    _, client = served()
    more = BODIES.get((method, template), dict)()
    answer = client.open(url, method=method, **more)
    assert answer.status_code == int(status)
    assert bool(answer.data) is (status == "200")


def test_the_table_of_profiles() -> None:
    paths = {"a task that": "/task/nope/variables/x/data", "a variable that": "/task/task-1/variables/a/b/data"}
    table = rows(section(README, "## The two profiles"))
    assert len(table) == len(paths)
    for asked, documented, engine in table:
        [path] = (path for case, path in paths.items() if asked.startswith(case))
        for profile, expected in zip(PROFILES, (documented, engine), strict=True):
            answer = served(profile)[1].get(path)
            assert answer.json is not None
            assert f"{answer.status_code} `{answer.json['type']}`".startswith(expected)


def test_the_sizes() -> None:
    storages = section(README, "## Storages")
    for size in (f"up to {INLINE // 1024} KiB", f"rows of {BLOCK // 1024} KiB", f"at most {WINDOW} of these"):
        assert size in storages


def test_the_adapter_is_short_and_works(tmp_path: Path) -> None:
    program = blocks(section(STORAGE, "## An adapter of your own"), "python")[0]
    classes = [node for node in ast.parse(program).body if isinstance(node, ast.ClassDef)]
    lines = [line for one in classes for line in (ast.get_source_segment(program, one) or "").splitlines() if line]
    assert len(lines) <= 25
    with loaded(program, tmp_path) as module:
        client = module.app.test_client()
        url = "/task/task-1/variables/note.txt/data"
        assert client.get(url, headers={"Range": "bytes=-7"}).data == b"folder."
        tag = client.head(url).headers["ETag"]
        assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
        for path in (
            "/task/task-1/variables/nope/data",
            "/task/../variables/app.py/data",
            "/task/nope/variables/a/data",
        ):
            assert client.get(path).status_code == 404
        assert client.delete("/task/task-1/variables/note.txt").status_code == 405
        held = module.FolderStorage().get("task-1", "note.txt").value.content
        (tmp_path / "tasks" / "task-1" / "note.txt").write_text("replaced")
        with pytest.raises(ContentVanished):
            list(held.open_at(0))


def test_every_picture_is_shown() -> None:
    shown = {Path(image).name for page in PAGES for image in re.findall(r"images/[\w.-]+", page.read_text())}
    assert {path.name for path in (ROOT / "docs" / "images").iterdir()} == shown


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 180


def test_the_limit_of_sqlite_in_memory() -> None:
    app = Flask("limit")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    memory = SQLAlchemy(app)
    storage = SQLAlchemyStorage(memory)
    with app.app_context():
        memory.create_all()
        storage.add_scope("task-1")
        storage.join(memory.session).set("task-1", "mine", 1)
        storage.set("task-1", "ours", 2)  # its commit also commits what the session has begun
        memory.session.commit()
        assert sorted(storage.get_all("task-1")) == ["ours"]
        memory.session.remove()
        memory.engine.dispose()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_targets(page: Path) -> None:
    for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z]+)\b", page.read_text(), re.MULTILINE))
    assert named <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
