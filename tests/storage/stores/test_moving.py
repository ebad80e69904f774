"""`move` and `check`: what they find in the content stores, and what they change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_taskvars import Bytes
from flask_taskvars.contents import DirectoryContents
from flask_taskvars.contents.base import MARKER
from flask_taskvars.errors import ConfigError, StorageUnavailable
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.storage.sqla.chunks import ChunkContents, ChunkStatements
from flask_taskvars.storage.sqla.findings import Finding
from tests.support.forms import stored as names
from tests.support.journaled import LARGE, OTHER, findings, journal, opened
from tests.support.storage_contract import content_of, read


def test_move_takes_contents_from_all_other_stores(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents
) -> None:
    values = {"a": LARGE, "b": OTHER, "short": b"short"}
    opened(engine, None).update("task", put={name: Bytes(data) for name, data in values.items()})
    storage.set("task", "there", Bytes(LARGE))
    before = {name: content_of(variable) for name, variable in storage.get_all("task").items()}
    mover = storage.mover("files")
    assert mover.size(0) == len(LARGE) + len(OTHER)
    assert mover.size(3600) == 0
    seen: list[int] = []
    assert list(mover.move(0, seen.append)) == []
    assert sum(seen) == len(LARGE) + len(OTHER)
    after = {name: content_of(variable) for name, variable in storage.get_all("task").items()}
    assert {name: (one.etag, one.modified) for name, one in after.items()} == {
        name: (one.etag, one.modified) for name, one in before.items()
    }
    assert {name: read(storage.get("task", name)) for name in values} == values
    assert b"".join(before["a"].open_at(0)) == LARGE  # a download that began before the move
    assert len(names(files)) == 3
    assert storage.sweep(older_than=0) == 2
    assert list(storage.mover("db").move(0, seen.append)) == []
    assert storage.sweep(older_than=0) == 3
    assert (names(files), findings(storage)) == (set(), [])
    with pytest.raises(ConfigError, match="no content store 'nope': there are files, db"):
        storage.mover("nope")


@pytest.mark.parametrize("change", ["replace", "delete", "remove"])
def test_a_move_skips_contents_that_change_meanwhile(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents, change: str
) -> None:
    chunked = opened(engine, None)
    chunked.set("task", "v", Bytes(LARGE))

    class Slow(DirectoryContents):
        def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
            super().write(content_id, blocks)
            if content_id != MARKER:
                match change:
                    case "replace":
                        chunked.set("task", "v", Bytes(OTHER))
                    case "delete":
                        chunked.update("task", delete=["v"])
                    case "remove":
                        chunked.remove_scope("task")

    moving = opened(engine, {"slow": Slow(files._root)})
    assert list(moving.mover("slow").move(0, lambda size: None)) == []
    assert (names(files), journal(storage, engine)) == (set(), ["old"])
    if change == "replace":
        assert read(chunked.get("task", "v")) == OTHER
    assert chunked.sweep(older_than=0) == 1


def test_finds_missing_altered_and_leftover_contents(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents
) -> None:
    for name in ("altered", "missing", "short", "whole"):
        storage.set("task", name, Bytes(LARGE))
    ids = {name: content_of(variable)._id for name, variable in storage.get_all("task").items()}  # type: ignore[attr-defined]
    place = {name: files._place(content_id) for name, content_id in ids.items()}
    place["altered"].write_bytes(OTHER + LARGE[len(OTHER) :])
    place["short"].write_bytes(LARGE[:-1])
    place["missing"].unlink()
    chunks = ChunkContents(ChunkStatements(storage.metadata.tables["taskvars_chunk"]), storage._database)
    for store, content_id in ((files, "f" * 32), (chunks, "0" * 31 + "1")):  # early versions left such contents
        store.write(content_id, [b"left"])
    quick = [
        Finding("left over", None, "0" * 31 + "1"),
        Finding("left over", "files", "f" * 32),
        Finding("missing", "files", ids["missing"], "task", "missing"),
        Finding("missing", "files", ids["short"], "task", "short"),
    ]
    altered = Finding("altered", "files", ids["altered"], "task", "altered")
    assert findings(storage, deep=False) == quick
    assert sorted(map(str, findings(storage, repair=True))) == sorted(map(str, [*quick, altered]))
    assert journal(storage, engine) == ["old", "old"]
    assert storage.sweep(older_than=0) == 2
    assert len(findings(storage)) == 3
    mover = opened(engine, {"db": None, "files": files}).mover("db")
    assert {one.kind for one in mover.move(0, lambda size: None)} == {"altered", "missing"}
    assert read(storage.get("task", "whole")) == LARGE
    assert journal(storage, engine) == ["old"]


def test_refuses_the_store_of_another_database(
    storage: SQLAlchemyStorage, files: DirectoryContents, tmp_path: Path
) -> None:
    storage.set("task", "v", Bytes(LARGE))
    other_engine = sa.create_engine(f"sqlite:///{tmp_path}/other.db")
    other = SQLAlchemyStorage(other_engine, contents={"files": files})
    other.create_tables()
    other.add_scope("task")
    with pytest.raises(ConfigError, match="belongs to another database"):
        findings(other, repair=True)
    for use in (lambda: other.set("task", "v", Bytes(LARGE)), lambda: other.mover("files")):
        with pytest.raises(StorageUnavailable):
            use()
    assert read(storage.get("task", "v")) == LARGE
    assert journal(other, other_engine) == []
    other_engine.dispose()


def test_a_store_without_a_marker_is_marked_before_its_leftovers_are_swept(
    storage: SQLAlchemyStorage, engine: sa.Engine, files: DirectoryContents
) -> None:
    assert findings(storage) == []
    files.write("f" * 32, [b"whose?"])
    found = [Finding("unmarked", "files", MARKER), Finding("left over", "files", "f" * 32)]
    assert findings(storage) == findings(storage, repair=True) == found
    assert journal(storage, engine) == []
    assert findings(storage, repair=True) == found[1:]
    assert journal(storage, engine) == ["old"]


def test_names_of_stores_are_compared_exactly(engine: sa.Engine, tmp_path: Path) -> None:
    """MariaDB's collations ignore case."""
    large, small = DirectoryContents(tmp_path / "large"), DirectoryContents(tmp_path / "small")
    opened(engine, {"Files": large}).set("task", "v", Bytes(LARGE))
    storage = opened(engine, {"files": small, "Files": large})
    assert list(storage.mover("files").move(0, lambda size: None)) == []
    assert storage.sweep(older_than=0) == 1
    assert (len(names(small)), names(large)) == (1, set())
    assert read(storage.get("task", "v")) == LARGE
