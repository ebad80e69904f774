"""The memory of the most expensive requests that the default settings allow, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.worst import MIB, REQUESTS

LIMITS = {"arrays in a String": 240, "objects in a value": 200, "a text of 4 bytes a character": 48}
"""MiB for requests that are read into memory: up to 50 times the body, as docs/configuration.md says.

All other requests are streamed.
"""


@pytest.mark.parametrize("name", REQUESTS)
def test_the_memory_of_a_bad_request(name: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "tests.support.worst", name], capture_output=True, check=True)
    told = json.loads(ended.stdout)
    assert told["status"] < 500
    assert told["peak"] <= LIMITS.get(name, 16) * MIB, told
    assert told["status"] < 400 or told["answered"] < 61_000
