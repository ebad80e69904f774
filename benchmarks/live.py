"""Beside a live engine: the same variable of the same database, read through the engine and through us."""

from __future__ import annotations

from contextlib import closing

import sqlalchemy as sa

from . import large
from .client import Client
from .goals import BESIDE
from .rounds import Measured
from .stage import Contestant, Stage
from .values import name_of, pieces

FULL, SHORT = large.Scale(3, {10**8: 2, 9 * 10**8: 1}), large.Scale(1, {})
"""PostgreSQL can store less than 1 GiB in a field."""

PIECES = "CREATE TEMPORARY TABLE piece (number int, data bytea) ON COMMIT DROP"
PIECE = "INSERT INTO piece VALUES (:number, :data)"
FILL = """
UPDATE act_ge_bytearray SET bytes_ = (SELECT string_agg(data, '' ORDER BY number) FROM piece)
WHERE id_ = (SELECT bytearray_id_ FROM act_ru_variable WHERE name_ = :name)
"""


def run(stage: Stage, scale: large.Scale) -> list[Measured]:
    """Measure the memory and the speed of each. Without an engine there are no results."""
    if not stage.engine or not scale.sizes:
        return []
    [engine] = stage.engine
    with stage.app("beside", engine.database, name=BESIDE) as beside:
        for size in (large.SMALL, *scale.sizes):
            _fill(stage, engine, size)
            stage.keep(beside, size)
        return large.compare(stage, [beside, engine], scale, engine_limit=max(scale.sizes))


def _fill(stage: Stage, engine: Contestant, size: int) -> None:
    """Let the engine create the variable, and write the bytes into its row, because an upload would take minutes."""
    if stage.is_filled(engine, size):
        return
    with closing(Client(engine.address)) as client:
        client.post(engine.path(size), large.SMALL)
    assert engine.database is not None
    database = sa.create_engine(engine.database.url)
    with database.begin() as connection:
        connection.execute(sa.text(PIECES))
        for number, data in enumerate(pieces(size)):
            connection.execute(sa.text(PIECE), {"number": number, "data": data})
        connection.execute(sa.text(FILL), {"name": name_of(size)})
    database.dispose()
    stage.keep(engine, size)
