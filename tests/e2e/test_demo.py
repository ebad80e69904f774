"""`python -m example_app`, as `make demo` runs it: it serves, prints commands to try, and ends cleanly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from tests.conftest import server
from tests.support import stores
from tests.support.demo import authorization, process, read_until, serving
from tests.support.pages import ROOT

pytestmark = pytest.mark.tools

SMALL = "1000000"


def get(url: str, user: str = "ada") -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(Request(url, headers={"Authorization": authorization(user)})) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_printed_commands_work_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, FLASK_RECORDING_SIZE=SMALL) as demo:
        assert "1,000,000 bytes" in demo.said
        assert f"curl -u ada:ada -i {demo.url}/task/aTaskId/variables/aVarName/data\n" in demo.said
        assert get(f"{demo.url}/")[0] == 200
        commands = re.findall(r"curl -u (\w+):\1 .*?(http://\S+)", demo.said)
        assert [get(url, user)[0] for user, url in commands] == [200, 200, 200, 200, 403, 400]
        status, rest = demo.interrupt()
    assert status == 0
    assert rest.endswith("\nThe desk is closed. The next run opens it with the same data.\n")
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
    assert demo.said.count("exists from an earlier run") == 2
    assert "Adding" not in demo.said


@pytest.fixture
def s3_endpoint() -> Iterator[str]:
    yield from server(stores.s3)


def test_its_large_files_in_a_directory(tmp_path: Path) -> None:
    contents = tmp_path / "contents"
    assert_kept(tmp_path, FLASK_TASKVARS_CONTENTS=f"file://{contents}")
    assert [file.stat().st_size for file in contents.rglob("*") if file.stat().st_size >= int(SMALL)] == [int(SMALL)]


def test_its_large_files_in_a_bucket(s3_endpoint: str, tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra [objects] is not installed")
    assert_kept(tmp_path, FLASK_TASKVARS_CONTENTS=f"s3://contents/demo?endpoint={s3_endpoint}", **stores.KEYS)


def assert_kept(folder: Path, **variables: str) -> None:
    """Check that the second run serves the values of the first."""
    for _ in range(2):
        with serving(folder, FLASK_RECORDING_SIZE=SMALL, **variables) as demo:
            status, _, body = get(f"{demo.url}/task/pay-out/variables/recording/data")
            assert (status, len(body)) == (200, int(SMALL))
            demo.interrupt()
    with serving(folder, FLASK_RECORDING_SIZE=SMALL) as demo:  # without the store, the value is missing
        assert get(f"{demo.url}/task/pay-out/variables/recording/data")[0] == 503


OBJECTS = "s3://bucket/directory?region=x"


@pytest.mark.parametrize(
    ("contents", "installs", "setting"),
    [
        ("", ".[demo]", "none"),
        ("directory", ".[demo]", f"file://{ROOT}/instance/contents"),
        (OBJECTS, ".[objects]", OBJECTS),
    ],
)
def test_make_passes_on_where_to_store_contents(contents: str, installs: str, setting: str, tmp_path: Path) -> None:
    """The Python in this test only prints its arguments."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$* with ${FLASK_TASKVARS_CONTENTS-none}"\n')
    python.chmod(0o755)
    make = ["make", "--no-print-directory", "demo", f"VENV={tmp_path}", f"CONTENTS={contents}"]
    said = subprocess.run(make, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert said[-1] == f"-m example_app with {setting}"
    assert f"--editable {installs} with" in said[-2]


def test_ctrl_c_while_it_fills_the_desk_leaves_no_incomplete_claim(tmp_path: Path) -> None:
    with process(tmp_path, FLASK_RECORDING_SIZE=str(10**12)) as demo:
        read_until(demo, "Making a recording")
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
        assert demo.returncode == 0
        assert "Traceback" not in rest
    with serving(tmp_path, FLASK_RECORDING_SIZE=SMALL) as again:
        assert "claim-17 exists from an earlier run." in again.said
        assert "Adding claim-18" in again.said
        assert len(get(f"{again.url}/task/pay-out/variables/recording/data")[2]) == int(SMALL)


def test_ctrl_c_during_a_download_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, FLASK_RECORDING_SIZE="64000000") as demo:
        host, port = demo.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            request = "GET /task/pay-out/variables/recording/data HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
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
