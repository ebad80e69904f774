"""Random malformed requests cause no 5xx beyond the contract, no hang and no dead worker, and reveal no internals.

To send more requests, made from another seed: `python -m tests.e2e.security.test_fuzz gunicorn 1000000 SEED`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from flask_taskvars.settings import PROFILES
from tests.support.fuzz_app import fill
from tests.support.fuzzing import Fuzzer
from tests.support.rawhttp import PATIENCE, Address, ask
from tests.support.servers import Served, serve

pytestmark = pytest.mark.tools

REQUESTS = 30_000
"""Requests for each server and profile: a number, not a time, so that all machines send the same."""
CHUNK = 500
"""Requests between two checks of the server's processes."""
FOLDER = re.escape(os.fsencode(tempfile.gettempdir()))
LEAKS = re.compile(
    rb"Traceback|site-packages|\.py\b|sqlalchemy|sqlite3?\.|SELECT |INSERT |UPDATE |top secret|%b/" % FOLDER
)
OWN_ERRORS = {501, 505}
"""Statuses of the servers themselves, for methods, codings and versions that they don't pass to the app."""


def sent(address: Address, request: bytes, whole: bool) -> bytes:
    """Send a request, and return everything that the server answers until it closes the connection.

    :param whole: whether the request is complete. If not, the client closes its side.
    :raises OSError: the server hangs, or closes the connection after a whole request without an answer.
    """
    answer = bytearray()
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        try:
            connection.sendall(request)
            if not whole:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                answer += piece
        except TimeoutError:
            raise  # the server hangs
        except OSError:
            return bytes(answer)  # the server refused the head, and the unread body reset the connection
    if whole and not answer:
        raise ConnectionError("There is no answer.")
    return bytes(answer)


def problem(profile: str, answer: bytes) -> str | None:
    """Describe what is wrong with an answer; None if nothing is."""
    final = re.sub(rb"\AHTTP/1.1 100 Continue\r\n\r\n", b"", answer)
    found = re.match(rb"HTTP/1\.[01] (\d{3})", final)
    if found is None:
        return None if not final or not final.startswith(b"HTTP") else "no status line"
    status, (head, _, rest) = int(found[1]), final.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
    body = rest[: int(length[1])] if length else rest
    downloaded = re.search(rb"(?i)\nrepr-digest:", head)  # its body was uploaded before, and may contain anything
    if not downloaded and (leak := LEAKS.search(body)):
        return f"tells {leak[0]!r}"
    if status < 500 or status in OWN_ERRORS:
        return None
    return None if profile == "engine" and is_the_contracts(body) else f"status {status}"


def is_the_contracts(body: bytes) -> bool:
    """Tell whether a 500 is one that the engine sends too, and not a failure of ours."""
    try:
        return bool(json.loads(body)["type"] != "ServerErrorException")
    except ValueError:
        return not body  # the answer to a HEAD


def fuzz(served: Served, profile: str, requests: int, seed: int) -> Counter[str]:
    """Send so many requests, and count the statuses."""
    import psutil

    fuzzer, seen = Fuzzer(seed, f"/{profile}"), Counter[str]()
    workers = {child.pid for child in psutil.Process(served.pid).children(recursive=True)}
    for _ in range(0, requests, CHUNK):
        for _ in range(CHUNK):
            request, whole = fuzzer.request()
            try:
                answer = sent(served.address, request, whole)
            except OSError as error:
                error.add_note(f"--- the request\n{request[:3000]!r}")
                raise
            wrong = problem(profile, answer)
            assert wrong is None, (wrong, request[:3000], answer[:1000])
            seen[answer[9:12].decode("ascii", "replace")] += 1
        assert {child.pid for child in psutil.Process(served.pid).children(recursive=True)} == workers
        assert (
            ask(served.address, "/documented/task/task/variables/locked").body
            == b'{"type": "String", "value": "kept", "valueInfo": {}}'
        )
    log = served.log.read_bytes()
    assert b"Traceback" not in log, log[log.index(b"Traceback") :][:3000]
    return seen


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_no_request_breaks_the_server(server: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fuzz.db'}"
    fill(url)
    with serve(server, tmp_path, "tests.support.fuzz_app:app", {"TASKVARS_TEST_URL": url}) as served:
        for profile in PROFILES:
            seen = fuzz(served, profile, REQUESTS, seed=1)
            assert {"200", "204", "400", "403", "404", "405", "412", "416"} <= seen.keys()


def main(server: str, requests: str, seed: str) -> None:
    """Run the fuzzer, and print the statuses."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/fuzz.db"
        fill(url)
        with serve(server, Path(folder), "tests.support.fuzz_app:app", {"TASKVARS_TEST_URL": url}) as served:
            for profile in PROFILES:
                seen = fuzz(served, profile, int(requests), int(seed))
                print(server, profile, f"{seen.total()} requests:", dict(sorted(seen.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
