"""Workers are forked from a process that has already used the storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.databases import free_port
from tests.support.rawhttp import Address
from tests.support.servers import COMMANDS, run
from tests.support.storage_examples import DATA
from tests.support.stores import empty_prefix

pytestmark = pytest.mark.tools


@pytest.mark.parametrize("contents", ["database", "file://{}/contents"])
def test_workers_of_a_preloaded_app(contents: str, database_url: Callable[[str], str | None], tmp_path: Path) -> None:
    serve_and_ask(contents.format(tmp_path), f"{database_url('sqlite')}", DATA, tmp_path)


@pytest.mark.parametrize("object_store", ["s3"], indirect=True)
def test_workers_with_an_object_store(
    object_store: tuple[str, str], database_url: Callable[[str], str | None], tmp_path: Path
) -> None:
    """The store is created and checked before the fork, and used only after it."""
    pytest.importorskip("obstore", reason="the extra [objects] is not installed")
    serve_and_ask(empty_prefix(*object_store), f"{database_url('sqlite')}", b"short", tmp_path)


def serve_and_ask(contents: str, url: str, before: bytes, folder: Path) -> None:
    """Upload to two workers. Download the values that they and their parent have stored."""
    import requests

    address = Address("127.0.0.1", free_port())
    environment = {"TASKVARS_TEST_URL": url, "TASKVARS_TEST_CONTENTS": contents}
    command = [*COMMANDS["gunicorn"](address, "tests.support.preloaded_app:app"), "--preload", "--workers", "2"]
    with run("gunicorn", command, address, folder, environment):
        variables = f"http://{address}/task/task/variables"
        for number in range(6):
            assert requests.post(f"{variables}/{number}/data", files={"data": DATA}, timeout=30).status_code == 204
        for name in range(6):
            assert requests.get(f"{variables}/{name}/data", timeout=30).content == DATA
        assert requests.get(f"{variables}/before/data", timeout=30).content == before
