"""nginx as a file server, with nothing between it and the kernel's `sendfile`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import free_port, program
from tests.rawhttp import Address
from tests.servers import Served, run

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr; {user}
events {{ }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen {address}; root {folder}/files; }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[Served]:
    """Serve the folder `files` in this one.

    :raises Missing: it is not installed.
    """
    command = [program("nginx"), "-c", str(folder / "nginx.conf")]
    address = Address("127.0.0.1", free_port())
    (folder / "files").mkdir()
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, address=address, user=user))
    with run("nginx", command, address, folder, {}) as served:
        yield served
