"""nginx as a file server, which sends files by the kernel's `sendfile`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import free_port, program
from tests.support.rawhttp import Address
from tests.support.servers import Served, run

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr; {user}
events {{ }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{server}
}}
"""

FILES = "server { listen 80; root files; }"


@contextmanager
def nginx(folder: Path, server: str = FILES) -> Iterator[Served]:
    """Serve the subfolder `files`.

    :param server: another configuration of the server. `listen 80` in it becomes a free port.
    :raises Missing: nginx is not installed.
    """
    command = [program("nginx"), "-c", str(folder / "nginx.conf")]
    address = Address("127.0.0.1", free_port())
    (folder / "files").mkdir()
    server = server.replace("listen 80;", f"listen {address};").replace("root files;", f"root {folder}/files;")
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, server=server, user=user))
    with run("nginx", command, address, folder, {}) as served:
        yield served
