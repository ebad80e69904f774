"""tus 1.0.0, sentence by sentence: each MUST (and most SHOULDs) for a server is in a row with its test.

The sentences are from https://tus.io/protocols/resumable-upload: the core protocol, and the extensions that we offer,
which are creation, creation-with-upload, checksum, termination and expiration.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as counting

import pytest

from flask_taskvars.contents import DirectoryContents
from tests.conftest import DIRECTORY, KINDS, database_url_of
from tests.http import tus_core, tus_extensions
from tests.http.tus_rows import ROWS, Behaviour
from tests.support.desk import Desk, make_desk
from tests.support.tus import Tus

_task = counting()
__all__ = ["tus_core", "tus_extensions"]  # importing them fills the table


@pytest.fixture(scope="module", params=[*KINDS, DIRECTORY])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An app on each storage in turn, shared by all rows."""
    folder = tmp_path_factory.mktemp("tus")
    contents = DirectoryContents(folder / "contents") if request.param == DIRECTORY else None
    with make_desk(database_url_of(request, request.param, folder), contents) as desk:
        yield desk


@pytest.fixture
def tus(server: Desk) -> Tus:
    """A client with its own task."""
    task = f"task-{next(_task)}"
    server.storage.add_scope(task)
    return Tus(server.client, task)


@pytest.mark.parametrize("behaviour", ROWS, ids=lambda behaviour: behaviour.__name__)
def test_protocol(tus: Tus, behaviour: Behaviour) -> None:
    behaviour(tus)
