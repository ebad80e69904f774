"""Run OpenStack Swift with one disk, by Debian's Python and out of Debian's packages.

/usr/bin/python3 swift_process.py FOLDER PROXY_PORT ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT MEMCACHED_PORT
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import eventlet  # type: ignore[import-not-found]
from swift.common.ring.builder import RingBuilder  # type: ignore[import-not-found]
from swift.common.utils import NullLogger, eventlet_monkey_patch, set_swift_dir  # type: ignore[import-not-found]
from swift.common.wsgi import run_server  # type: ignore[import-not-found]

SERVERS = ("proxy", "account", "container", "object")
PLAIN = "[pipeline:main]\npipeline = {0}-server\n[app:{0}-server]\nuse = egg:swift#{0}\n"
PROXY = """\
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo container-quotas proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{}
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = secret-of-the-tester .admin
[filter:slo]
use = egg:swift#slo
[filter:container-quotas]
use = egg:swift#container_quotas
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
recheck_container_existence = -1
"""


def configure(folder: Path, ports: list[int], memcached: int) -> None:
    """Write the configuration of each server, and the rings, which tell the proxy where the other servers are."""
    (folder / "devices" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    paths = f"swift_dir = {folder}\ndevices = {folder}/devices\nmount_check = false\nlog_address = {folder}/none\n"
    for name, port in zip(SERVERS, ports, strict=True):
        server = PROXY.format(memcached) if name == "proxy" else PLAIN.format(name)
        (folder / f"{name}.conf").write_text(f"[DEFAULT]\n{paths}{server}")
        if name != "proxy":
            make_ring(folder / f"{name}.ring.gz", port)


def make_ring(file: Path, port: int) -> None:
    """Write the ring of one server with one disk."""
    builder = RingBuilder(0, 1, 0)
    device = {"region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": port, "device": "disk"}
    builder.add_dev({**device, "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(str(file))


def main(folder: Path, ports: list[int], memcached: int) -> None:
    """Configure all servers, and run each in its own process."""
    eventlet_monkey_patch()
    configure(folder, ports, memcached)
    set_swift_dir(str(folder))
    for name, port in zip(SERVERS[1:], ports[1:], strict=True):
        if not os.fork():
            serve(folder, name, port)
    serve(folder, "proxy", ports[0])


def serve(folder: Path, name: str, port: int) -> None:
    """Run one server for ever."""
    listening = eventlet.listen(("127.0.0.1", port))
    run_server({"__file__": str(folder / f"{name}.conf")}, NullLogger(), listening, {"log_name": name})


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(port) for port in sys.argv[2:-1]], int(sys.argv[-1]))
