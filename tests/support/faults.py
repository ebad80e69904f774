"""Shared by the fault tests: how long a test lasts, and the line of figures that it prints."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.support.rawhttp import PATIENCE

MINUTES = float(os.environ.get("TASKVARS_TEST_MINUTES", "0"))
"""For all selected tests that last as long as they are told; 0 is the short form, of some seconds each."""


@dataclass
class Figures:
    """Counts what happens in a test. Several threads may count."""

    name: str
    rounds: int = 0
    requests: int = 0
    faults: int = 0
    acknowledged: int = 0
    lost: int = 0
    more: dict[str, object] = field(default_factory=dict)
    """More figures, by name."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, **numbers: int) -> None:
        """Add to the named figures."""
        with self._lock:
            for name, number in numbers.items():
                setattr(self, name, getattr(self, name) + number)

    def note(self, name: str, number: int = 1) -> None:
        """Add to a figure in `more`."""
        with self._lock:
            self.more[name] = int(str(self.more.get(name, 0))) + number

    def __str__(self) -> str:
        names = ("rounds", "requests", "faults", "acknowledged", "lost")
        fields = [f"{getattr(self, name)} {name}" for name in names]
        return f"{self.name}: {', '.join([*fields, *(f'{value} {name}' for name, value in self.more.items())])}"


def together(*works: Callable[[], object]) -> None:
    """Run each function in its own thread. Raise the first error when all have ended."""
    with ThreadPoolExecutor(len(works)) as pool:
        for running in [pool.submit(work) for work in works]:
            running.result()


def rounds(seconds: float) -> Iterator[int]:
    """Yield round numbers for so many seconds, but at least one."""
    end, number = time.monotonic() + seconds, 0
    while number == 0 or time.monotonic() < end:
        number += 1
        yield number


def until(condition: Callable[[], bool], otherwise: str = "") -> None:
    """Wait until a condition holds; fail with a message if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
