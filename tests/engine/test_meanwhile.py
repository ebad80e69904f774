"""The engine writes while we read its database. A download has the old bytes or breaks off; it never has a mix."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from random import Random

import pytest
from flask import Flask

from flask_taskvars.errors import ContentVanished
from flask_taskvars.values import BLOCK
from tests.engine.rest import Rest
from tests.support.forms import CONTENT_TYPE, END, part

pytestmark = [pytest.mark.engine, pytest.mark.tools]

WHOLE = 50


def sliced(number: int) -> bytes:
    """Make a version of the value that PostgreSQL can't compress. It is read in slices."""
    return number.to_bytes(4, "big") + Random(number).randbytes(16 * BLOCK)


def packed(number: int) -> bytes:
    """Make a version that PostgreSQL compresses. It is read at once."""
    return number.to_bytes(4, "big") * (4 * BLOCK)


def upload(rest: Rest, task: str, data: bytes) -> None:
    answer = rest.send(
        "POST", f"/task/{task}/variables/v/data", {"Content-Type": CONTENT_TYPE}, part("data", data) + END
    )
    assert answer.status == 204, answer


def read(app: Flask, task: str) -> tuple[int, Iterator[bytes]]:
    """Return the status of a download, and an iterator of its blocks."""
    answer = app.test_client().get(f"/documented/task/{task}/variables/v/data")
    return answer.status_code, answer.iter_encoded()


CHANGES: dict[str, Callable[[Rest, str], object]] = {
    "update": lambda rest, task: upload(rest, task, b"new"),
    "delete": lambda rest, task: rest.call("DELETE", f"/task/{task}/variables/v"),
    "complete": lambda rest, task: rest.call("POST", f"/task/{task}/complete", {}),
}


@pytest.mark.parametrize("version", [sliced, packed])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_the_first_block(
    rest: Rest, beside: Flask, change: str, version: Callable[[int], bytes]
) -> None:
    task = rest.create_task()
    upload(rest, task, version(1))
    status, blocks = read(beside, task)
    seen = next(blocks)
    CHANGES[change](rest, task)
    with pytest.raises(ContentVanished) if version is sliced else nullcontext():
        for block in blocks:
            seen += block
    assert status == 200
    assert seen == version(1)[: BLOCK if version is sliced else None]


class Writer:
    """Writes new versions, deletes them and completes the task, in a loop."""

    def __init__(self, rest: Rest, version: Callable[[int], bytes]) -> None:
        self._rest, self._version = rest, version
        self.task, self.done = rest.create_task(), threading.Event()

    def run(self) -> None:
        task, number = self.task, 0
        while not self.done.is_set():
            number += 1
            upload(self._rest, task, self._version(number))
            ended, self.task = self.task, task
            if ended != task:
                CHANGES["complete"](self._rest, ended)
            if number % 5 == 0:
                CHANGES["delete"](self._rest, task)
            if number % 7 == 0:
                task = self._rest.create_task()


@pytest.mark.parametrize("version", [sliced, packed])
def test_a_loop_of_changes(rest: Rest, beside: Flask, version: Callable[[int], bytes]) -> None:
    writer, read_whole = Writer(rest, version), 0
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(writer.run)
        try:
            while read_whole < WHOLE and not written.done():
                read_whole += one_version(*read(beside, writer.task), version)
        finally:
            writer.done.set()
        written.result()


def one_version(status: int, blocks: Iterator[bytes], version: Callable[[int], bytes]) -> bool:
    """Tell whether an answer was one whole value. If not, check that it is an error or breaks off in one version."""
    seen, broken = b"", False
    try:
        for block in blocks:
            seen += block
    except ContentVanished:
        broken = True
    if status != 200:
        assert status == 404
        assert json.loads(seen)["type"] in ("InvalidRequestException", "RestException")
        return False
    expected = version(int.from_bytes(seen[:4], "big"))
    assert seen == expected[: len(seen)]
    assert seen
    assert broken or len(seen) == len(expected)
    return not broken
