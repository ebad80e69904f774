"""Find out where processor time goes: some hundred times a second, look which package's code is running."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType

from flask_taskvars.storage.sql import direct

INTERVAL = 0.001
"""Seconds of processor time between two samples. Most systems make it 4 ms."""

LAYERS = {
    "flask": "flask_us",
    "werkzeug": "flask_us",
    "blinker": "flask_us",
    "flask_sqlalchemy": "pool_us",
    "sqlalchemy": "pool_us",
    "psycopg": "driver_us",
    "flask_taskvars": "own_us",
}
"""The metric for the time of each package."""

_DRIVER_CALLS = {run.__code__ for run in direct._RUN.values()}


def by_layer(call: Callable[[], object], calls: int) -> dict[str, float]:
    """Return the average microseconds of processor time of a call, in total and for each layer."""
    for _ in range(calls // 10):
        call()
    seen: Counter[str] = Counter()
    before = signal.signal(signal.SIGPROF, lambda _, frame: seen.update([_layer(frame)]))
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    started = time.process_time()
    try:
        for _ in range(calls):
            call()
        whole = (time.process_time() - started) / calls * 1e6
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    looks = max(1, seen.total())
    return {"cpu_us": whole} | {layer: whole * seen[layer] / looks for layer in dict.fromkeys(LAYERS.values())}


def _layer(frame: FrameType | None) -> str:
    """Return the layer of the innermost frame that belongs to one. The standard library counts for its caller."""
    while frame is not None:
        if frame.f_code in _DRIVER_CALLS:
            return "driver_us"
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package in LAYERS:
            return LAYERS[package]
        frame = frame.f_back
    return "none"
