"""PgBouncer from Debian's packages, in front of a PostgreSQL of this run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.support.databases import free_port, owner, program, running
from tests.support.stores import wait_for_port

_SETTINGS = """\
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 200
log_connections = 0
log_disconnections = 0
"""


@contextmanager
def pgbouncer(folder: Path, url: str, mode: str = "transaction", size: int = 3) -> Iterator[str]:
    """Start a PgBouncer in front of the PostgreSQL at a URL. Yield the URL that leads through it.

    :param mode: how long a client keeps a server connection: for a `session`, a `transaction` or a `statement`.
    :param size: the number of server connections.
    """
    server, own = sa.make_url(url), free_port()
    command = program("pgbouncer")
    user = owner(folder, "postgres")
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(host=server.host, port=server.port, user=server.username, own=own, mode=mode, size=size)
    )
    settings.chmod(0o644)
    with running([*user, command, settings], folder) as process:
        wait_for_port(process, own)
        yield server.set(port=own).render_as_string(hide_password=False)
