"""Values of hundreds of megabytes from a live engine's database, in constant memory.

Also a program: `python -m tests.engine.test_big_values URL`, for a task `task` with a variable `big`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_taskvars import TaskVars, everybody
from flask_taskvars.storage.camunda import CamundaStorage
from tests.engine.rest import Rest
from tests.storage.test_big_values import TAIL, fetch, peak_memory

pytestmark = [pytest.mark.engine, pytest.mark.tools, pytest.mark.slow]

MIB = 1024**2
SIZE = min(int(os.environ.get("TASKVARS_TEST_BYTES", 128 * MIB)), 500 * MIB) // MIB
"""The size in MiB. PostgreSQL makes the value from hexadecimal digits, which must be shorter than 1 GiB."""
ALLOWED = 32 * MIB
PATTERN = bytes(range(256))


@pytest.fixture(scope="module")
def database(engine_url: str, rest: Rest) -> Iterator[sa.Engine]:
    """The engine's database, with a small and a large value in a task."""
    rest.call("POST", "/task/create", {"id": "task"})
    for name in ("small", "big"):
        file = {"type": "File", "value": "", "valueInfo": {"filename": "big.bin"}}
        rest.call("PUT", f"/task/task/variables/{name}", file)
    engine = sa.create_engine(engine_url)
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE act_ge_bytearray ALTER COLUMN bytes_ SET STORAGE EXTENDED"))
        fill(connection, "big", 0)  # to delete a value, the engine reads it into its heap
    engine.dispose()
    rest.call("DELETE", "/task/task/variables/big")


def fill(connection: sa.Connection, name: str, size: int) -> None:
    """Give a variable a value of so many MiB."""
    statement = sa.text(
        "UPDATE act_ge_bytearray SET bytes_ = decode(repeat(:pattern, :times), 'hex') WHERE id_ ="
        " (SELECT bytearray_id_ FROM act_ru_variable WHERE task_id_ = 'task' AND name_ = :name)"
    )
    connection.execute(statement, {"pattern": PATTERN.hex(), "times": size * MIB // len(PATTERN), "name": name})


@pytest.mark.parametrize("stored", ["EXTERNAL", "EXTENDED"], ids=["in slices", "compressed"])
def test_memory_stays_flat(database: sa.Engine, engine_url: str, stored: str) -> None:
    with database.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE act_ge_bytearray ALTER COLUMN bytes_ SET STORAGE {stored}"))
        fill(connection, "small", 4)
        fill(connection, "big", SIZE)
    command = [sys.executable, "-m", __name__, engine_url]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    seen = json.loads(run.stdout)
    print(f"{stored}: {seen}")
    assert seen["packed"] is (stored == "EXTENDED")
    assert seen["grown"] < ALLOWED


def measure(url: str) -> dict[str, object]:
    """Read a value. Return the growth of the peak memory in bytes."""
    app, storage = Flask("engine"), CamundaStorage(sa.create_engine(url))
    app.testing = True
    TaskVars(storage, everybody).init_app(app)
    assert fetch(app, name="small")[0] == "200 OK"
    before = peak_memory()
    status, length, digest, _ = fetch(app)
    assert (status, length) == ("200 OK", SIZE * MIB)
    whole = hashlib.sha256()
    for _ in range(SIZE):
        whole.update(PATTERN * (MIB // len(PATTERN)))
    assert digest == whole.digest()
    status, _, _, end = fetch(app, f"bytes=-{TAIL}")
    assert (status, end) == ("206 PARTIAL CONTENT", (PATTERN * TAIL)[-TAIL:])
    [packed] = storage.select(_PACKED, {})
    return {"grown": peak_memory() - before, "packed": packed.packed}


_PACKED: sa.Select[tuple[bool]] = sa.select(
    sa.literal_column("pg_column_size(b.bytes_) < octet_length(b.bytes_)").label("packed")
).select_from(sa.text("act_ge_bytearray b JOIN act_ru_variable v ON v.bytearray_id_ = b.id_ AND v.name_ = 'big'"))

if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
