"""Measure a server: the processor time and the memory of all its processes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

MIB = 2**20
INTERVAL = 0.02


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu(pid: int) -> float:
    """Return the seconds of processor time (user and system) of the processes and their ended children so far."""
    total = 0.0
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def on_cpu(pid: int) -> float:
    """Return the seconds of processor time of the present threads so far, to the nanosecond.

    :func:`cpu` counts in ticks of 10 ms. This is too coarse for a download that the kernel sends.
    """
    threads = (Path(f"/proc/{process.pid}/task").glob("*/schedstat") for process in tree(pid))
    return sum(int(path.read_text().split()[0]) for paths in threads for path in paths) / 1e9


def resident(pid: int) -> float:
    """Return the MiB of memory that the processes hold now."""
    return sum(_field(process.pid, "VmRSS") for process in tree(pid))


def forget_peak(pid: int) -> None:
    """Reset the peak to the memory that the processes hold now."""
    for process in tree(pid):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak(pid: int) -> float:
    """Return the sum of the peaks of all processes since :func:`forget_peak`, in MiB."""
    return sum(_field(process.pid, "VmHWM") for process in tree(pid))


class PrivateMemory:
    """The memory of a database server in MiB, at first and at its peak, without the shared buffers of its processes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.before = self.most = self._now()

    @property
    def grown(self) -> float:
        return self.most - self.before

    def look(self) -> None:
        self.most = max(self.most, self._now())

    def _now(self) -> float:
        return sum(_field(process.pid, "RssAnon") for process in tree(self._pid))


@contextmanager
def watched(pid: int | None) -> Iterator[PrivateMemory | None]:
    """Sample a database server's memory while the block runs. Yield None if there is no server."""
    if pid is None:
        yield None
        return
    memory, done = PrivateMemory(pid), threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL):
            memory.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _field(pid: int, name: str) -> float:
    """Read a field of `/proc` in MiB; 0 for a process that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 / MIB if found else 0.0
