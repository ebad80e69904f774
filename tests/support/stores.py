"""Real object stores, started for a test run and removed after it: versitygw (S3) and Azurite (Azure)."""

from __future__ import annotations

import base64
import hmac
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask_taskvars.contents.base import new_id
from tests.support.databases import Missing, free_port
from tests.support.installed import go_program, npm_package

KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tester", "AWS_REGION": "us-east-1"}
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account of every emulator. Microsoft documents it, so it is no secret."""

AZURE_KEYS = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY}
ENVIRONMENTS = {"s3": KEYS, "azure": AZURE_KEYS}
"""The environment variables that each kind of store needs."""


def empty_prefix(kind: str, endpoint: str) -> str:
    """Return the setting `TASKVARS_CONTENTS` for an empty prefix in a store."""
    return f"{'az' if kind == 'azure' else kind}://contents/{new_id()}?endpoint={endpoint}&timeout=2"


def versitygw() -> Path:
    """Return an S3 server that keeps objects in a folder. :raises Missing: it can't be built."""
    return go_program("github.com/versity/versitygw/cmd/versitygw@v1.8.0")


@contextmanager
def s3(folder: Path) -> Iterator[str]:
    """Start an S3 server with an empty bucket `contents`. Yield its endpoint. Its keys are :data:`KEYS`."""
    root, sidecar, port = folder / "root", folder / "sidecar", free_port()
    (root / "contents").mkdir(parents=True)
    sidecar.mkdir()
    environ = {**os.environ, "ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"]}
    environ["ROOT_SECRET_KEY"] = KEYS["AWS_SECRET_ACCESS_KEY"]
    command: list[str | Path] = [
        versitygw(),
        "--port",
        f"127.0.0.1:{port}",
        "--quiet",
        "posix",
        "--sidecar",
        sidecar,
        root,
    ]
    with running(command, port, folder, environ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def azure(folder: Path) -> Iterator[str]:
    """Start an Azure emulator with an empty container `contents`. Yield its endpoint. It takes :data:`AZURE_KEYS`."""
    azurite = npm_package("azurite@3.35.0") / "node_modules" / ".bin" / "azurite-blob"
    port = free_port()
    quiet = ["--disableTelemetry", "--silent", "--skipApiVersionCheck"]
    command: list[str | Path] = [
        azurite,
        *quiet,
        "--location",
        folder,
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        str(port),
    ]
    with running(command, port, folder, dict(os.environ)):
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _make_container(endpoint)
        yield endpoint


@contextmanager
def running(command: list[str | Path], port: int, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends. It is ready when it listens. Its log is in the folder."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, env=environ)
        try:
            wait_for_port(process, port)
            yield
        finally:
            process.terminate()
            process.wait(30)


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a server listens. :raises Missing: it has ended, or a minute has passed."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"{process.args!r} does not start") from None
            time.sleep(0.1)


def _make_container(endpoint: str) -> None:
    """Create the container `contents` with a request signed by the account's key (Shared Key)."""
    date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S GMT}"
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    text = f"PUT\n\n\n\n\n\n\n\n\n\n\n\n{lines}/{ACCOUNT}/{ACCOUNT}/contents\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(ACCOUNT_KEY), text.encode(), "sha256")).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    headers["Content-Length"] = "0"
    urllib.request.urlopen(
        urllib.request.Request(f"{endpoint}/contents?restype=container", method="PUT", headers=headers)
    ).close()
