"""A served app under many kinds of requests for a long time. Its memory, descriptors and connections don't grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.support.desk import make_desk
from tests.support.faults import MINUTES, Figures, rounds, together, until
from tests.support.load import TASK, Client, Load
from tests.support.rawhttp import ask
from tests.support.sampled import Sample, named, quarters, sampler
from tests.support.servers import ROOT, two_workers
from tests.support.storage_tools import parts

pytestmark = pytest.mark.faults

PICTURE = ROOT / "build" / "soak.png"
VARIABLES = 8
GRACE = 5.0
"""Seconds for which a sweep keeps bytes, for uploads and for downloads of replaced values."""
POOL = 5
"""The number of database connections that a worker may have."""
MEMORY = 16
"""The MiB by which a worker may grow. Noise is less; in the long form, a leak of 1 KiB in each request is more."""
STAYING = [Client.write, Client.write, Client.read, Client.read, Client.read_part]
ROAMING = [Client.upload, Client.upload]
"""Clients whose connections end now and then, so that a sample may find fewer connections."""


@pytest.mark.lasts(short=15, share=0.2)
def test_nothing_grows(postgresql_url: str, tmp_path: Path, figures: Callable[[str], Figures], seconds: float) -> None:
    counted = figures("soak on postgresql")
    env = {"TASKVARS_TEST_URL": named(postgresql_url), "TASKVARS_TEST_POOL": str(POOL)}
    with make_desk(postgresql_url) as desk:
        storage, _ = parts(desk)
        storage.add_scope("task")

        def sweep() -> None:
            for _ in rounds(seconds):
                time.sleep(0.5)
                with desk.app.app_context():
                    counted.note("contents swept", storage.sweep(GRACE))
                counted.count(rounds=1)

        with two_workers(tmp_path, env) as served, sampler(served, postgresql_url) as watch:
            until(lambda: ask(served.address, f"{TASK}/variables").status == 200 and watch.look().connections == 2)
            before = watch.look().others
            load = Load(served.address, VARIABLES, counted)
            together(partial(watch.run, seconds), sweep, *load.clients(seconds, [*STAYING, *ROAMING]))
            compare(watch.samples, counted)
            until(lambda: watch.look().others <= before and not watch.busy())
        checker = storage.checker()
        assert list(checker.variables(True, lambda size: None)) == []
        storage.sweep(0)
        assert list(checker.stores(-60, False)) == []
    assert not counted.lost
    assert counted.acknowledged
    assert counted.faults * 100 <= counted.requests, "only writes that took longer than GRACE may fail"


def compare(samples: Sequence[Sample], counted: Figures) -> None:
    """Check that nothing has grown since the app was warm."""
    memory = [quarters(worker) for worker in zip(*(sample.memory for sample in samples), strict=True)]
    others = quarters([sample.others for sample in samples])
    connections = quarters([sample.connections for sample in samples])
    counted.more["MiB"] = " and ".join(f"{earlier:.1f} → {later:.1f}" for earlier, later in memory)
    counted.more["other descriptors"] = f"{others[0]:.0f} → {others[1]:.0f}"
    counted.more["connections"] = f"{connections[0]:.0f} → {connections[1]:.0f}"
    if MINUTES:
        from tests.support.curves import draw  # only here, because importing matplotlib takes long

        draw(PICTURE, samples)
    assert all(later <= earlier + MEMORY for earlier, later in memory)
    assert others[1] <= others[0] + len(ROAMING)
    assert max(sample.connections for sample in samples) <= 2 * POOL
