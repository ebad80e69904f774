"""A real engine with its REST API, started for a test run and ended after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.support.databases import Missing, free_port

BUILD = Path(__file__).with_name("build")
START = 180.0


@contextmanager
def running_engine(
    name: str, database_url: str | None = None, *, authorization: bool = False, heap: str = "1g"
) -> Iterator[str]:
    """Run `camunda` or `operaton` on a free port. Yield the base URL of its REST API.

    :param database_url: a SQLAlchemy URL of PostgreSQL or MariaDB; None for an H2 in memory.
    :param authorization: whether it demands a log-in and checks permissions.
    :raises Missing: Java or Maven is not installed.
    :raises RuntimeError: the engine does not start. The message has its log.
    """
    jar, port = _jar(name), free_port()
    settings = {"PORT": str(port), "AUTHORIZATION": str(authorization).lower(), **_jdbc(database_url)}
    base = f"http://127.0.0.1:{port}/engine-rest"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                # Java drops the message of an exception that is thrown often. We compare messages, so keep them.
                ["java", f"-Xmx{heap}", "-XX:-OmitStackTraceInFastThrow", "-jar", jar],
                cwd=folder,
                env=os.environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            _await(process, base, log)
            yield base
        finally:
            process.kill()
            process.wait()


def _jar(name: str) -> str:
    """Return the path of the engine's jar, which is built if it doesn't exist yet."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise Missing(f"{program} is not installed")
    return subprocess.run([BUILD, name], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _jdbc(database_url: str | None) -> Mapping[str, str]:
    """Return the environment variables that tell Java the database."""
    if database_url is None:
        return {}
    url = sa.make_url(database_url)
    kind = {"postgresql": "postgresql", "mysql": "mariadb", "mariadb": "mariadb"}[url.get_backend_name()]
    place = f"jdbc:{kind}://{url.host}:{url.port}/{url.database}"
    known = "?useMysqlMetadata=true" if kind == "mariadb" else ""  # the engines know only the name MySQL
    return {"JDBC_URL": place + known, "JDBC_USER": url.username or "", "JDBC_PASSWORD": url.password or ""}


def _await(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    """Wait until the engine answers. A 401 counts as an answer."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/version", timeout=START).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise RuntimeError(f"The engine did not start:\n{log.read_text(errors='replace')}")
