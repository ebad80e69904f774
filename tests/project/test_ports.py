"""Servers of several test processes don't take each other's ports, not even before they listen."""

from __future__ import annotations

import socket
import subprocess
import sys
from random import Random

import pytest

from tests.support import databases
from tests.support.databases import free_port


@pytest.fixture(autouse=True)
def same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each of our processes think of the same ports."""
    monkeypatch.setattr(databases, "_PORTS", Random(1))


def another() -> int:
    """Let another process learn a port, and end it."""
    program = "from tests.support import databases; from random import Random; databases._PORTS = Random(1)"
    command = [sys.executable, "-c", f"{program}; print(databases.free_port())"]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def test_no_two_processes_learn_the_same_port() -> None:
    first = another()
    assert another() == first  # it was free again when its process had ended
    own = free_port()
    assert own == first
    assert another() != own


def test_a_port_that_is_in_use_is_left_out() -> None:
    taken = another()
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() != taken
