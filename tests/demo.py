"""The demo in a process of its own, started as `make demo` starts it, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a demo with its data in `folder`; other programs of it find the app there too."""
    own = {
        "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'desk.db'}",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PORT": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error,ignore::ResourceWarning",  # waitress leaves open what the process's end closes
    }
    return os.environ | own | variables


def authorization(user: str) -> str:
    """What `curl -u ada:ada` sends, for either user: their passwords are their names."""
    return f"Basic {b64encode(f'{user}:{user}'.encode()).decode()}"


@contextmanager
def process(folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A demo that has just been started; killed at the end."""
    # What a child ignores when it starts, it ignores for ever, and in jobs in the background that is SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        demo = subprocess.Popen(
            [sys.executable, "-m", "example_app"],
            env=environment(folder, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with demo:
        try:
            yield demo
        finally:
            demo.kill()


def read_until(demo: subprocess.Popen[str], end: str) -> str:
    """What a demo prints, up to the first line that has `end` in it."""
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if end in line:
            return said
    raise AssertionError(f"The demo ended without {end!r}:\n{said}")


@dataclass
class Demo:
    """A demo that serves."""

    process: subprocess.Popen[str]
    said: str

    @property
    def url(self) -> str:
        return self.said.partition("open at ")[2].split("/ ")[0]

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; tell the exit status and what it says then."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Demo]:
    """A demo that is ready."""
    with process(folder, **variables) as demo:
        yield Demo(demo, read_until(demo, "variables/amount/data"))
