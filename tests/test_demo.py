"""`python -m example_app`, as `make demo` runs it: it serves, says what to try, and ends cleanly."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from tests.demo import authorization, process, read_until, serving

pytestmark = pytest.mark.tools

SMALL = "1000000"


def get(url: str, user: str = "ada") -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(Request(url, headers={"Authorization": authorization(user)})) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_it_serves_what_it_says_and_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, FLASK_RECORDING_SIZE=SMALL) as demo:
        assert "1,000,000 bytes" in demo.said
        assert f"curl -u ada:ada -i {demo.url}/task/aTaskId/variables/aVarName/data\n" in demo.said
        assert get(f"{demo.url}/")[0] == 200
        commands = re.findall(r"curl -u (\w+):\1 .*?(http://\S+)", demo.said)
        assert [get(url, user)[0] for user, url in commands] == [200, 200, 200, 200, 403, 400]
        status, rest = demo.interrupt()
    assert status == 0
    assert rest.endswith("\nThe desk is closed. The next run opens it with all that it holds.\n")
    assert "Traceback" not in rest


def test_a_second_run_reuses_the_first(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with serving(tmp_path, FLASK_RECORDING_SIZE=SMALL) as demo:
            _, headers, body = get(f"{demo.url}/task/pay-out/variables/recording/data")
            seen.append((headers["ETag"], headers["Last-Modified"], body))
            demo.interrupt()
    assert seen[0] == seen[1]
    assert len(seen[0][2]) == int(SMALL)
    assert demo.said.count("is there from an earlier run") == 2
    assert "Adding" not in demo.said


def test_ctrl_c_while_it_fills_the_desk_leaves_nothing_half_made(tmp_path: Path) -> None:
    with process(tmp_path, FLASK_RECORDING_SIZE=str(10**12)) as demo:
        read_until(demo, "Making a recording")
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
        assert demo.returncode == 0
        assert "Traceback" not in rest
    with serving(tmp_path, FLASK_RECORDING_SIZE=SMALL) as again:
        assert "claim-17 is there from an earlier run." in again.said
        assert "Adding claim-18" in again.said
        assert len(get(f"{again.url}/task/pay-out/variables/recording/data")[2]) == int(SMALL)


def test_ctrl_c_during_a_download_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, FLASK_RECORDING_SIZE="64000000") as demo:
        host, port = demo.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            request = "GET /task/pay-out/variables/recording/data HTTP/1.1\r\nHost: desk\r\nAuthorization: "
            slow.sendall(f"{request}{authorization('ada')}\r\n\r\n".encode())
            assert slow.recv(1000).startswith(b"HTTP/1.1 200 OK")
            status, rest = demo.interrupt()
    assert status == 0
    assert "Traceback" not in rest


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refuses(tmp_path, str(port), f"The desk can't open on port {port}: Address already in use.")


@pytest.mark.parametrize("port", ["http", "65536", "-1", ""])
def test_no_port(tmp_path: Path, port: str) -> None:
    refuses(tmp_path, port, f"The desk can't open on port {port}: not a port number.")


def refuses(folder: Path, port: str, reason: str) -> None:
    with process(folder, PORT=port) as demo:
        said, _ = demo.communicate(timeout=60)
    assert (demo.returncode, said) == (1, f"{reason} Choose another one: PORT=5001 make demo\n")
    assert list(folder.iterdir()) == []
