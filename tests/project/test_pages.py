"""Promises of single pages: the tests in docs/testing.md pass, and the paths in docs/upgrading.md are not served."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.memory import MemoryStorage
from tests.support.demo import environment
from tests.support.pages import ROOT, blocks, rows, section

TESTING = blocks((ROOT / "docs" / "testing.md").read_text(), "python")


@pytest.mark.parametrize(("number", "passed"), [(0, 6), (1, 1)])
def test_the_tests_of_the_page_on_testing_pass(number: int, passed: int, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(TESTING[number])
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True)
    assert f"{passed} passed" in done.stdout, done.stdout


def test_what_is_not_served() -> None:
    storage, app = MemoryStorage(), Flask("host")
    storage.add_scope("task-1")
    TaskVars(storage, everybody, url_prefix="/engine-rest").init_app(app)
    listed = [cell for cell, _ in rows(section(ROOT / "docs" / "upgrading.md", "## What is not served"))]
    requests = [request for cell in listed for request in re.findall(r"`([A-Z]+) (\S+)`", cell)]
    assert len(requests) == sum(cell.count("`") // 2 for cell in listed) >= 20
    for method, path in requests:
        answer = app.test_client().open("/engine-rest" + path.format(id="task-1"), method=method)
        assert (answer.status_code, answer.mimetype) == (404, "application/json"), path
