"""Large values in a directory: sent by the app, by nginx for the app, and by nginx alone as static files."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import free_port
from tests.support.pages import ROOT, blocks
from tests.support.rawhttp import Address
from tests.support.servers import PYTHON
from tests.support.servers import run as run_server

from .client import Client, Refused
from .nginx import nginx
from .processes import forget_peak, on_cpu, peak, resident
from .rounds import Measured, in_turn, shown
from .stage import SERVERS, Stage, write
from .values import digest, label, path_of

SMALL = 1024
GB = 10**9
PLAIN, LOOP = "nginx alone", "a loop alone"
UPSTREAM, SOCKET, CONTENTS = "http://127.0.0.1:8000", "/run/taskvars-files.sock", "/srv/contents"
"""The configuration of docs/offload.md, with our paths."""


@dataclass(frozen=True)
class Scale:
    rounds: int
    sizes: dict[int, int]
    """The number of downloads in a round, by size."""


FULL, SHORT = Scale(5, {10**8: 10, 10**9: 3}), Scale(1, {10**6: 5, 3 * 10**6: 2})


@dataclass(frozen=True)
class Sender:
    """A program that answers downloads."""

    name: str
    address: Address
    app: int | None
    """The process of the app's server; None if there is no app."""
    nginx: int | None

    @property
    def pids(self) -> list[int]:
        return [pid for pid in (self.app, self.nginx) if pid]


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure both servers, with and without nginx, and nginx alone."""
    with ExitStack() as stack:
        contents = stage.folder("contents")
        contents.chmod(0o755)  # nginx's workers read as the user that runs them
        senders = [*_ours(stage, scale, stack, contents), *_others(stage, scale, stack, contents)]
        idle = {sender: _idle(sender) for sender in senders}
        passed = [_memory(sender, size, idle[sender]) for size in scale.sizes for sender in senders]
        stage.settle()
        for size, downloads in scale.sizes.items():

            def measure(sender: Sender, size: int = size, downloads: int = downloads) -> Measured:
                return Measured(sender.name, label(size), _cost(sender, size, downloads))

            passed += in_turn(senders, scale.rounds, measure)
        return passed


def _ours(stage: Stage, scale: Scale, stack: ExitStack, contents: Path) -> Iterator[Sender]:
    """Yield our apps, all on one directory. Its values are uploaded once."""
    database = stage.with_tables("sqlite", "files")
    env = {"BENCH_CONTENTS": f"file://{contents}"}
    [server, *_] = blocks((ROOT / "docs" / "offload.md").read_text(encoding="utf-8"), "nginx")
    server = server.replace(CONTENTS, str(contents))
    stage.upload(database, env, [SMALL, *scale.sizes])
    for name in SERVERS:
        app = stack.enter_context(stage.app("ours", database, name, env=env))
        yield Sender(f"ours on {name}", app.address, app.pid, None)
        behind = stack.enter_context(stage.app("ours", database, name, env=env | {"BENCH_OFFLOAD": "x-accel"}))
        folder = stage.folder("nginx")
        configured = server.replace(UPSTREAM, f"http://{behind.address}").replace(SOCKET, f"{folder}/files.sock")
        front = stack.enter_context(nginx(folder, configured))
        yield Sender(f"ours on {name}, X-Accel", front.address, behind.pid, front.pid)


def _others(stage: Stage, scale: Scale, stack: ExitStack, contents: Path) -> Iterator[Sender]:
    """Yield the other senders. They send the same files, because the cached pages of a copy may cost more or less."""
    folder = stage.folder("nginx")
    served = stack.enter_context(nginx(folder))
    write(folder / "files" / path_of(SMALL).lstrip("/"), SMALL)
    for size in scale.sizes:
        [content] = [file for file in contents.glob("*/*") if file.stat().st_size == size]
        place = folder / "files" / path_of(size).lstrip("/")
        place.parent.mkdir(parents=True)
        place.symlink_to(content)
    yield Sender(PLAIN, served.address, None, served.pid)
    address = Address("127.0.0.1", free_port())
    command = [*PYTHON, "benchmarks.loop", address.host, str(address.port), str(folder / "files")]
    served = stack.enter_context(run_server("loop", command, address, folder))
    yield Sender(LOOP, address, served.pid, None)


def _idle(sender: Sender) -> float:
    """Return the MiB of the processes after a first small download."""
    with closing(Client(sender.address)) as client:
        client.get(path_of(SMALL), SMALL)
    return sum(map(resident, sender.pids))


def _memory(sender: Sender, size: int, idle: float) -> Measured:
    """Download once, and check each byte."""
    for pid in sender.pids:
        forget_peak(pid)
    with closing(Client(sender.address)) as client:
        if client.digest(path_of(size)) != digest(size):
            raise Refused("other bytes came")
    most = sum(map(peak, sender.pids))
    values = {"peak_mib": most, "over_idle_mib": most - idle}
    print(f"  {label(size)}: {sender.name}: {shown(values)}", flush=True)
    return Measured(sender.name, label(size), values)


def _cost(sender: Sender, size: int, downloads: int) -> dict[str, float]:
    """Return the processor time in ms: of all servers for a GB, and of the app for a download."""
    before, app_before = sum(map(on_cpu, sender.pids)), on_cpu(sender.app) if sender.app else 0.0
    with closing(Client(sender.address)) as client:
        times = [client.get(path_of(size), size) for _ in range(downloads)]
    spent = (sum(map(on_cpu, sender.pids)) - before) / (downloads * size / GB)
    first = statistics.median(first for first, _ in times)
    whole = statistics.median(whole for _, whole in times)
    values = {"cpu_ms_gb": spent * 1e3, "mb_per_s": size / whole / 1e6, "first_ms": first * 1e3}
    if sender.app and sender.nginx:
        values["app_ms"] = (on_cpu(sender.app) - app_before) / downloads * 1e3
    return values
