"""Writers, readers and sweeps at once on PostgreSQL. The test prints the slowest of each, to find stalls."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.desk import make_desk
from tests.support.faults import Figures, rounds, together
from tests.support.load import Client, Load
from tests.support.servers import two_workers
from tests.support.storage_tools import parts

pytestmark = pytest.mark.faults

VARIABLES = 2
"""Few, so that the writers wait for each other's locks."""
CLIENTS = [Client.write] * 4 + [Client.read] * 4
SWEEPERS = 2
GRACE = 2.0
"""Seconds for which a sweep keeps bytes, for writes and for downloads. A write that takes longer gets a 503."""
_OLDEST = sa.text(
    "SELECT extract(epoch FROM clock_timestamp() - xact_start) AS age,"
    " concat_ws(', ', state, wait_event_type, wait_event, left(query, 60)) AS doing"
    " FROM pg_stat_activity WHERE xact_start IS NOT NULL AND backend_type = 'client backend'"
    " AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1"
)


class Oldest:
    """Finds the transaction that is open for the longest time."""

    def __init__(self) -> None:
        self.age, self.doing = 0.0, "nothing"

    def watch(self, url: str, seconds: float) -> None:
        """Look ten times a second for so many seconds."""
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for _ in rounds(seconds):
                time.sleep(0.1)
                for age, doing in connection.execute(_OLDEST):
                    self.age, self.doing = max((self.age, self.doing), (float(age), doing))
        engine.dispose()


@pytest.mark.lasts(short=4, share=0.1)
def test_stalls(postgresql_url: str, tmp_path: Path, figures: Callable[[str], Figures], seconds: float) -> None:
    counted, oldest = figures("stalls on postgresql"), Oldest()
    with make_desk(postgresql_url) as desk:
        storage, _ = parts(desk)
        storage.add_scope("task")
        with two_workers(tmp_path, {"TASKVARS_TEST_URL": postgresql_url}) as served:
            load = Load(served.address, VARIABLES, counted)

            def sweep() -> None:
                for _ in rounds(seconds):
                    time.sleep(0.1)
                    started = time.monotonic()
                    with desk.app.app_context():
                        counted.note("contents swept", storage.sweep(GRACE))
                    load.took("sweep", time.monotonic() - started)
                    counted.count(rounds=1)

            watch = partial(oldest.watch, postgresql_url, seconds)
            together(watch, *[sweep] * SWEEPERS, *load.clients(seconds, CLIENTS))
    for what, slowest in sorted(load.slowest.items()):
        counted.more[f"ms for the slowest {what}"] = round(slowest * 1000)
    counted.more[f"ms for the oldest transaction ({oldest.doing})"] = round(oldest.age * 1000)
    assert not counted.lost
    assert counted.acknowledged
