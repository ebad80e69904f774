"""Describe the machine and the versions of a run."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from tests.support.databases import POSTGRESQL_FOLDERS

PACKAGES = ("Flask", "Werkzeug", "SQLAlchemy", "Flask-SQLAlchemy", "psycopg", "gunicorn", "granian", "obstore")
PROGRAMS = {
    "PostgreSQL": ("postgres", "--version"),
    "nginx": ("nginx", "-v"),
    "wrk": ("wrk", "--version"),
    "Java": ("java", "-version"),
}
NUMBER = re.compile(r"\d+(?:\.\d+)+")


def machine() -> dict[str, str]:
    """Return the cores, the memory, the processor and the kernel."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "processor": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before the start": f"{os.getloadavg()[0]:.2f}",
    }


def versions() -> dict[str, str]:
    """Return the versions of everything that is compared, and of the packages that it uses."""
    found = {"flask-taskvars": _commit(), "Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found |= {name: number for name, command in PROGRAMS.items() if (number := _program(*command))}
    return found


def _commit() -> str:
    """Return the version, and the commit if this is a checkout."""
    number, command = version("flask-taskvars"), ["git", "describe", "--always", "--dirty"]
    asked = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    return number if asked.returncode else f"{number} at {asked.stdout.strip()}"


def _program(*command: str) -> str | None:
    path = os.pathsep.join([*map(str, POSTGRESQL_FOLDERS), "/usr/sbin", os.environ["PATH"]])
    try:
        asked = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    except FileNotFoundError:
        return None
    number = NUMBER.search(asked.stdout + asked.stderr)
    return number[0] if number else None
