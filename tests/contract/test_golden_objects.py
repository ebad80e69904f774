"""The recorded downloads again, with the values in an object store. The answers are the same as from the database."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")

from flask_taskvars import Bytes, File, TaskVars, everybody
from flask_taskvars.settings import PROFILES, Profile
from flask_taskvars.storage.sql.limits import INLINE
from tests.contract.golden.world import Step, World, cases, replay, typed, variables
from tests.support import stores
from tests.support.desk import Desk, make_desk
from tests.support.storage_tools import one_transaction

pytestmark = pytest.mark.tools
MOUNTS = {"documented": "", "engine": "/engine-rest"}
OF_THE_BYTES = {"content-length", "etag", "last-modified", "repr-digest"}
DOWNLOADS = [
    step
    for case in cases()
    if case.on == "world"
    for step in case.steps
    if step.method == "GET" and re.search("ariables/[^/]+/data", step.path) and "Range" not in step.headers
]


def long(data: bytes) -> bytes:
    """Repeat bytes until they are long enough for the object store."""
    return data * (INLINE // len(data) + 1) if data else b""


@pytest.fixture(scope="module")
def short_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The golden world, unchanged."""
    with make_desk(f"sqlite:///{tmp_path_factory.mktemp('short')}/taskvars.db") as desk:
        fill(desk, enlarge=False)
        yield desk


@pytest.fixture(scope="module")
def long_desk(object_store: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The golden world, with all bytes in an object store."""
    url = f"sqlite:///{tmp_path_factory.mktemp('long')}/taskvars.db"
    with make_desk(url, TASKVARS_CONTENTS=stores.empty_prefix(*object_store)) as desk:
        fill(desk, enlarge=True)
        yield desk


def fill(desk: Desk, *, enlarge: bool) -> None:
    engine = TaskVars(desk.storage, everybody, name="engine", profile="engine", url_prefix=MOUNTS["engine"])
    engine.init_app(desk.app)
    with one_transaction(desk) as storage:
        World().add_scopes(storage)
    for item in variables():
        value = typed(item)
        if enlarge and isinstance(value, Bytes | File) and isinstance(value.content, bytes):
            value = replace(value, content=long(value.content))
        desk.storage.set(item["scope"], item["name"], value)


@pytest.mark.parametrize("profile", PROFILES)
def test_downloads_have_the_same_answers(short_desk: Desk, long_desk: Desk, profile: Profile) -> None:
    found = [compare(step, short_desk, long_desk, profile) for step in DOWNLOADS]
    assert sum(found) > 50


def compare(step: Step, short_desk: Desk, long_desk: Desk, profile: Profile) -> bool:
    """Ask both and compare the answers. Return whether there were bytes in them."""
    one, other = (replay(desk.app, step, World(), MOUNTS[profile]) for desk in (short_desk, long_desk))
    assert other.status == one.status, step.label
    headers = [
        {name: value for name, value in answer.headers if name.lower() not in OF_THE_BYTES} for answer in (one, other)
    ]
    assert headers[0] == headers[1], step.label
    if one.status != 200:
        assert other.body == one.body
        return False
    assert other.body == long(one.body), step.label
    digest = b64encode(hashlib.sha256(other.body).digest()).decode()
    assert other.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    return bool(one.body)
