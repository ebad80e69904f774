"""Where processor time goes: a look, some hundred times a second of it, at whose code is running."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType

from flask_taskvars.storage.sql import direct

INTERVAL = 0.001
"""Seconds of processor time between two looks; most systems make it 4 ms."""

LAYERS = {
    "flask": "flask_us",
    "werkzeug": "flask_us",
    "blinker": "flask_us",
    "flask_sqlalchemy": "pool_us",
    "sqlalchemy": "pool_us",
    "psycopg": "driver_us",
    "flask_taskvars": "own_us",
}
"""From a package to the metric that it counts for."""

_DRIVER_CALLS = {run.__code__ for run in direct._RUN.values()}


def by_layer(call: Callable[[], object], calls: int) -> dict[str, float]:
    """Microseconds of processor time of a call, in the middle of many, and the part of each layer."""
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
    """The layer of the innermost frame that is of one: the standard library counts for whoever calls it."""
    while frame is not None:
        if frame.f_code in _DRIVER_CALLS:
            return "driver_us"
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package in LAYERS:
            return LAYERS[package]
        frame = frame.f_back
    return "none"
