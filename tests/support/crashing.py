"""Run an action in a process that is killed at its n-th step: a statement, a commit, or a call of the content store."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from flask_taskvars import Bytes
from flask_taskvars.contents import ContentStore, DirectoryContents
from flask_taskvars.storage.sqla import SQLAlchemyStorage
from flask_taskvars.values import BLOCK
from tests.support.storage_examples import pattern

OLD, NEW = pattern(3 * BLOCK), pattern(3 * BLOCK + 1)
Stores: TypeAlias = dict[str, ContentStore | None]

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class Death:
    """Kills this process at a given step; never if it is 0."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self, *arguments: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Deadly(ContentStore):
    """A content store with a step before and after each call, and between the blocks of a write."""

    def __init__(self, store: ContentStore, death: Death) -> None:
        self._store, self._death = store, death

    def _blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._death.step()
            yield block

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        self._death.step()
        self._store.write(content_id, self._blocks(blocks))
        self._death.step()

    def open_at(self, content_id: str, offset: int) -> Iterator[bytes]:
        return self._store.open_at(content_id, offset)

    def delete(self, content_id: str) -> None:
        self._death.step()
        self._store.delete(content_id)
        self._death.step()

    def ids(self, before: datetime) -> Iterator[str]:
        return self._store.ids(before)


def open_stores(folder: Path, names: Iterable[str]) -> Stores:
    """Open a directory for each name; `db` stands for the database."""
    return {name: None if name == "db" else DirectoryContents(folder / name) for name in names}


def dies(action: str, url: str, folder: Path, names: tuple[str, ...], at: int) -> bool:
    """Run an action in a process that is killed at a step. Return False if the action had fewer steps and ended."""
    process = _processes.Process(target=_act, args=(action, url, folder, names, at))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _act(action: str, url: str, folder: Path, names: tuple[str, ...], at: int) -> None:
    death, engine = Death(at), sa.create_engine(url)
    stores: Stores = {name: store and Deadly(store, death) for name, store in open_stores(folder, names).items()}
    storage = SQLAlchemyStorage(engine, contents=stores)
    for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
        sa.event.listen(engine, event, death.step)
    match action:
        case "upload" | "replace":
            storage.set("task", action, Bytes(NEW))
        case "resume":
            upload = storage.begin_upload("task", len(NEW), "")
            for piece in (NEW[: BLOCK + 7], NEW[BLOCK + 7 :]):
                upload = storage.append(storage.find_upload(upload.id), [piece], whole=False)
            with storage.uploaded(upload) as content:
                storage.update("task", put={action: Bytes(content)})
        case "delete":
            storage.update("task", delete=["delete"])
        case "remove":
            storage.remove_scope("below")
        case "move":
            list(storage.mover(names[-1]).move(0, lambda size: None))
        case "sweep":
            storage.sweep(older_than=0)
    engine.dispose()
