"""Resumable uploads into object stores: pieces become one object, and abandoned uploads leave no objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")

from flask_taskvars.contents import ObjectContents
from flask_taskvars.storage.sqla import SQLAlchemyStorage, uploads
from flask_taskvars.values import BLOCK
from tests.support.desk import Desk, make_desk
from tests.support.forms import left_over
from tests.support.served_world import noise
from tests.support.stores import empty_prefix
from tests.support.tus import Tus

pytestmark = pytest.mark.tools
DATA = noise(12 * 2**20 + 5)


@pytest.fixture(scope="module")
def desk(object_store: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A task `t` whose long values lie in an object store."""
    contents = ObjectContents(empty_prefix(*object_store))
    with make_desk(f"sqlite:///{tmp_path_factory.mktemp('objects')}/taskvars.db", contents) as made:
        made.storage.add_scope("t")
        yield made


STEPS = [[len(DATA)], [1, BLOCK, 5 * 2**20, len(DATA)], [9 * 2**20, len(DATA) - 1, len(DATA)]]


def sweep(desk: Desk) -> None:
    assert isinstance(desk.storage, SQLAlchemyStorage)
    desk.storage.sweep(older_than=0)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("piece", [uploads.PIECE, 2**20])
def test_pieces_become_one_value(desk: Desk, steps: list[int], piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", piece)
    tus, offset = Tus(desk.client, "t"), 0
    url = tus.begun(tus.v, len(DATA))
    for step in steps:
        assert tus.patch(url, offset, DATA[offset:step]).status_code == 204
        offset = step
    assert tus.client.get(f"/task/{tus.v}/data").data == DATA
    assert left_over(desk) == 1 + 1  # the value's object, and the upload's row
    desk.storage.update("t", delete=["v"])
    sweep(desk)
    assert left_over(desk) == 0


def test_an_abandoned_upload_is_swept(desk: Desk) -> None:
    tus = Tus(desk.client, "t")
    tus.patch(tus.begun(tus.v, len(DATA) + 1), 0, DATA)
    gone = tus.begun(tus.v, len(DATA) + 1)
    tus.patch(gone, 0, DATA)
    assert tus.ask("DELETE", gone).status_code == 204
    assert left_over(desk) == 3  # an object, its row in the journal, and the upload's row
    sweep(desk)
    assert left_over(desk) == 0
