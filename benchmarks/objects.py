"""Large values in an object store: sent by the app, and read by obstore alone, the library that the app uses."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import obstore
from obstore.store import S3Store

from flask_taskvars.values import BLOCK
from tests.support.databases import free_port
from tests.support.rawhttp import Address
from tests.support.servers import PYTHON
from tests.support.servers import run as run_server
from tests.support.stores import KEYS, s3

from .client import Client, Refused
from .processes import forget_peak, peak, resident
from .rounds import Measured, in_turn, shown
from .stage import SERVERS, Contestant, Stage
from .values import digest, label, path_of

SMALL = 1024
ALONE, LOOP = "obstore alone", "a loop alone"


@dataclass(frozen=True)
class Scale:
    rounds: int
    sizes: dict[int, int]
    """The number of downloads in a round, by size."""


@dataclass(frozen=True)
class Loop(Contestant):
    """The loop, which sends objects by their keys."""

    keys: Mapping[int, str] = field(default_factory=dict)

    def path(self, size: int) -> str:
        return f"/{self.keys[size]}"


FULL, SHORT = Scale(5, {10**8: 3, 10**9: 1}), Scale(1, {10**6: 2, 3 * 10**6: 1})


def run(stage: Stage, scale: Scale) -> list[Measured]:
    """Measure both servers, on one bucket of a versitygw."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(s3(stage.folder("s3")))
        bucket = _bucket(endpoint)
        ours = [*_ours(stage, scale, stack, endpoint)]
        passed = [_memory(one, size) for size in scale.sizes for one in ours]
        loop = stack.enter_context(_loop(stage, endpoint, bucket))
        contestants: list[Contestant | S3Store] = [*ours, loop, bucket]
        stage.settle()
        for size, downloads in scale.sizes.items():

            def measure(one: Contestant | S3Store, size: int = size, downloads: int = downloads) -> Measured:
                name = one.name if isinstance(one, Contestant) else ALONE
                return Measured(name, label(size), _speed(one, size, downloads))

            passed += in_turn(contestants, scale.rounds, measure)
        return passed


def _bucket(endpoint: str) -> S3Store:
    config: Any = {"access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    options: Any = {"allow_http": True, "timeout": "300s"}
    return S3Store("contents", endpoint=endpoint, region=KEYS["AWS_REGION"], client_options=options, **config)


def _ours(stage: Stage, scale: Scale, stack: ExitStack, endpoint: str) -> Iterator[Contestant]:
    database = stage.with_tables("sqlite", "objects")
    env = {"BENCH_CONTENTS": f"s3://contents?endpoint={endpoint}", **KEYS}
    stage.upload(database, env, [SMALL, *scale.sizes])
    for server in SERVERS:
        yield stack.enter_context(stage.app("ours", database, server, name=f"ours on {server}", env=env))


@contextmanager
def _loop(stage: Stage, endpoint: str, bucket: S3Store) -> Iterator[Loop]:
    address = Address("127.0.0.1", free_port())
    command = [*PYTHON, "benchmarks.loop", address.host, str(address.port), "s3://contents"]
    env = {**KEYS, "AWS_ENDPOINT": endpoint}
    with run_server("loop", command, address, stage.folder("loop"), env) as served:
        yield Loop(LOOP, address, served.pid, keys=_keys(bucket))


def _keys(bucket: S3Store) -> dict[int, str]:
    """Return the key of the object of each size."""
    return {found["size"]: found["path"] for chunk in obstore.list(bucket) for found in chunk}


def _memory(ours: Contestant, size: int) -> Measured:
    """Download once, and check each byte."""
    with closing(Client(ours.address)) as client:
        client.get(path_of(SMALL), SMALL)
        idle = resident(ours.pid)
        forget_peak(ours.pid)
        if client.digest(path_of(size)) != digest(size):
            raise Refused("other bytes came")
    most = peak(ours.pid)
    values = {"peak_mib": most, "over_idle_mib": most - idle}
    print(f"  {label(size)}: {ours.name}: {shown(values)}", flush=True)
    return Measured(ours.name, label(size), values)


def _speed(one: Contestant | S3Store, size: int, downloads: int) -> dict[str, float]:
    if isinstance(one, Contestant):
        with closing(Client(one.address)) as client:
            times = [client.get(one.path(size), size) for _ in range(downloads)]
    else:
        key = _keys(one)[size]
        times = [_read(one, key, size) for _ in range(downloads)]
    first = statistics.median(first for first, _ in times)
    whole = statistics.median(whole for _, whole in times)
    return {"mb_per_s": size / whole / 1e6, "first_ms": first * 1e3}


def _read(bucket: S3Store, key: str, size: int) -> tuple[float, float]:
    """Return the seconds to the first and to the last byte."""
    started, first, seen = time.perf_counter(), 0.0, 0
    for piece in obstore.get(bucket, key).stream(min_chunk_size=BLOCK):
        first = first or time.perf_counter() - started
        seen += len(piece)
    if seen != size:
        raise Refused(f"download: {seen} of {size} bytes came")
    return first, time.perf_counter() - started
