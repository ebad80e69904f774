"""Programs that the tests install into the user's cache, once."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.databases import program

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flask-taskvars"


def installed(name: str, install: Callable[[Path], None]) -> Path:
    """Return a folder of the cache, filled by `install` if it doesn't exist yet.

    Several test processes may ask at once: one installs, and the others wait. An installation that is cut off leaves no
    folder of this name, so the next run begins anew.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / name
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
                install(Path(unfinished))
                Path(unfinished).rename(folder)
    return folder


def npm_package(name: str) -> Path:
    """Return a folder in whose `node_modules` an npm package is installed: `tus-js-client@4.3.1`.

    :raises Missing: it has to be installed, and there is no npm.
    """

    def install(folder: Path) -> None:
        command = [program("npm"), "install", "--no-audit", "--no-fund", "--prefix", str(folder), name]
        subprocess.run(command, check=True, capture_output=True)

    return installed(name, install)


def go_program(package: str) -> Path:
    """Return a program that is built from its source, which takes minutes of processor time: `host/path/name@v1.0.0`.

    :raises Missing: it has to be built, and there is no Go.
    """
    name = package.rpartition("/")[2]

    def install(folder: Path) -> None:
        go = program("go", (Path("/usr/local/go/bin"),))
        subprocess.run([go, "install", package], check=True, env={**os.environ, "GOBIN": str(folder)})

    return installed(name, install) / name.partition("@")[0]
