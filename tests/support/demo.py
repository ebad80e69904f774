"""The demo, in its own process as `make demo` starts it, or its app in this process."""

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

from flask.testing import FlaskClient

from tests.support.pages import ROOT


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment for a demo with its data in `folder`, or for a command such as `flask` beside it."""
    own = {
        "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'desk.db'}",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PORT": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error,ignore::ResourceWarning",  # waitress leaves sockets open when the process ends
    }
    return os.environ | own | variables


def authorization(user: str) -> str:
    """Return the header that `curl -u ada:ada` sends for a user. Each password is the user's name."""
    return f"Basic {b64encode(f'{user}:{user}'.encode()).decode()}"


@contextmanager
def process(folder: Path, program: str = "example_app", **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start a demo, and kill it at the end.

    :param program: the module to run.
    """
    # Shells start background jobs with SIGINT ignored, and a child would inherit that. Then Ctrl-C had no effect.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        demo = subprocess.Popen(
            [sys.executable, "-m", program],
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
    """Return the demo's output up to the first line that contains `end`."""
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if end in line:
            return said
    raise AssertionError(f"The demo ended without {end!r}:\n{said}")


@dataclass
class Demo:
    """A demo that is ready to serve."""

    process: subprocess.Popen[str]
    said: str

    @property
    def url(self) -> str:
        return self.said.partition("open at ")[2].split("/ ")[0]

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C. Return the exit status and the rest of the output."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest


@contextmanager
def serving(folder: Path, program: str = "example_app", **variables: str) -> Iterator[Demo]:
    """Start a demo, and yield it when it is ready."""
    with process(folder, program, **variables) as demo:
        yield Demo(demo, read_until(demo, "variables/amount/data"))


@contextmanager
def adas_desk(folder: Path, recording_size: int) -> Iterator[FlaskClient]:
    """Yield Ada's client for the example app in this process.

    :param recording_size: the size of the large file `recording`, in bytes.
    """
    from example_app import create_app
    from example_app.extensions import db
    from example_app.seed import seed

    url = f"sqlite:///{folder / 'desk.db'}"
    app = create_app(SQLALCHEMY_DATABASE_URI=url, RECORDING_SIZE=recording_size, TESTING=True)
    with app.app_context():
        seed()
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = authorization("ada")
    yield client  # outside of the app context: inside, all requests would share one user
    with app.app_context():
        db.engine.dispose()
