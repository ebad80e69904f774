"""A second S3 server: OpenStack Swift from Debian's packages, in one folder and on the loopback interface."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import Missing, free_port, program
from tests.support.rawhttp import Address
from tests.support.servers import ROOT, run
from tests.support.stores import running

PYTHON = Path("/usr/bin/python3")
INSTALLED = Path("/usr/lib/python3/dist-packages/swift/obj/server.py")
KEYS = {"AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tester", "AWS_REGION": "us-east-1"}
ROOM = 20 * 2**20
"""Bytes that fit into the bucket `full`: two parts of 8 MiB fit, a third does not."""


@contextmanager
def swift(folder: Path) -> Iterator[str]:
    """Start a Swift with the buckets `contents` and `full`. Yield its endpoint. Its keys are :data:`KEYS`."""
    memcached, cache = program("memcached"), free_port()
    if not INSTALLED.exists():
        raise Missing("OpenStack Swift is not installed")
    ports = [str(free_port()) for _ in range(4)]
    address = Address("127.0.0.1", int(ports[0]))
    script = str(ROOT / "tests" / "support" / "swift_process.py")
    command = [str(PYTHON), "-I", script, str(folder / "swift"), *ports, str(cache)]
    caching: list[str | Path] = [memcached, "-u", "root", "-l", "127.0.0.1", "-p", str(cache)]
    with running(caching, cache, folder, dict(os.environ)), run("swift", command, address, folder):
        _make_buckets(address)
        yield f"http://{address}"


def _make_buckets(address: Address) -> None:
    """Create the buckets through Swift's own protocol, which has quotas. Parts of uploads lie in `full+segments`."""
    logging_in = {"X-Auth-User": KEYS["AWS_ACCESS_KEY_ID"], "X-Auth-Key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}/auth/v1.0", headers=logging_in)) as answer:
        url, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]
    for name, quota in {"contents": "", "full": ROOM, "full%2Bsegments": ROOM}.items():
        headers = {"X-Auth-Token": token, "X-Container-Meta-Quota-Bytes": str(quota), "Content-Length": "0"}
        urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT", headers=headers)).close()
