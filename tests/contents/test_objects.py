"""Contents in object stores: the contract of stores on S3 and Azure, and failures of servers and networks."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

pytest.importorskip("obstore", reason="the extra [objects] is not installed")

from flask_taskvars.contents import ContentStore, ObjectContents
from flask_taskvars.contents.base import new_id
from flask_taskvars.errors import ConfigError, StorageFull, StorageUnavailable
from flask_taskvars.values import BLOCK
from tests.contract.golden.world import Storage
from tests.support import stores
from tests.support.desk import make_desk
from tests.support.served_world import noise
from tests.support.storage_contract import StorageContract
from tests.support.store_contract import ContentStoreContract, cut, is_there, read

pytestmark = pytest.mark.tools
LARGE = 80 * BLOCK
"""Bytes that are uploaded in three parts."""


@pytest.fixture
def s3_url(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in stores.KEYS.items():
        monkeypatch.setenv(name, value)
    return f"s3://contents/some/prefix?endpoint={s3_endpoint}&timeout=2"


@pytest.fixture
def s3(s3_url: str) -> ObjectContents:
    return ObjectContents(s3_url)


class TestS3(ContentStoreContract):
    """The contract, with versitygw."""

    @pytest.fixture
    def store(self, s3: ObjectContents) -> ContentStore:
        return s3


class TestAzure(ContentStoreContract):
    """The contract, with Azurite."""

    @pytest.fixture
    def store(self, azure_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> ContentStore:
        for name, value in stores.AZURE_KEYS.items():
            monkeypatch.setenv(name, value)
        return ObjectContents(f"az://contents/prefix?endpoint={azure_endpoint}&timeout=2")


class TestAStorageOnObjects(StorageContract):
    """The contract of storages, with long values in the object store that the app's setting names."""

    @pytest.fixture
    def storage(self, object_store: tuple[str, str], database_url: Callable[[str], str | None]) -> Iterator[Storage]:
        with make_desk(database_url("sqlite"), TASKVARS_CONTENTS=stores.empty_prefix(*object_store)) as desk:
            yield desk.storage


@pytest.mark.parametrize("size", [1000, LARGE])
def test_an_object_is_never_written_again(s3: ObjectContents, size: int) -> None:
    content_id, data = new_id(), noise(size)
    s3.write(content_id, cut(data))
    with pytest.raises(StorageUnavailable):
        s3.write(content_id, cut(noise(size)))
    assert read(s3, content_id) == data


def test_lists_only_its_own_objects(s3: ObjectContents, s3_url: str) -> None:
    """Another app's prefix may lie below ours, and its keys may look like ids."""
    below, content_id = ObjectContents(s3_url.replace("/prefix", "/prefix/other")), new_id()
    below.write(content_id, [b"theirs"])
    assert content_id not in set(s3.ids(datetime.now(UTC) + timedelta(hours=1)))
    assert content_id in set(below.ids(datetime.now(UTC) + timedelta(hours=1)))


def test_a_source_that_fails_in_the_middle(s3: ObjectContents) -> None:
    """The source's error reaches the caller, even one of a type that the store raises too."""

    def broken() -> Iterator[bytes]:
        yield from cut(noise(LARGE))
        raise FileNotFoundError("the upload's file")

    content_id = new_id()
    with pytest.raises(FileNotFoundError, match="the upload's file"):
        s3.write(content_id, broken())
    assert not is_there(s3, content_id)


@pytest.mark.parametrize(
    ("bucket", "secret", "message"),
    [
        ("contents", stores.KEYS["AWS_SECRET_ACCESS_KEY"], None),
        ("nowhere", stores.KEYS["AWS_SECRET_ACCESS_KEY"], "NoSuchBucket.*Check the bucket's name"),
        ("contents", "wrong", "SignatureDoesNotMatch.*the credentials in the environment"),
    ],
)
def test_the_check_at_start_up(
    s3_url: str, monkeypatch: pytest.MonkeyPatch, bucket: str, secret: str, message: str | None
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    store = ObjectContents(s3_url.replace("contents", bucket))
    if message is None:
        store.check()
        return
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        store.check()
    for use in (lambda: read(store, new_id()), lambda: store.delete(new_id())):
        with pytest.raises(StorageUnavailable) as failure:
            use()
        assert type(failure.value) is StorageUnavailable  # not ContentVanished, or a sweep would take it for deleted


def test_a_server_that_is_silent_or_gone(s3_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = ObjectContents(f"s3://contents?endpoint=http://127.0.0.1:{silent.getsockname()[1]}&timeout=1")
        with pytest.raises(StorageUnavailable):
            read(store, new_id())
    with pytest.raises(StorageUnavailable):
        store.write(new_id(), [b"data"])


REFUSALS = [
    (403, "QuotaExceeded", "", StorageFull),
    (409, "XMinioAdminBucketQuotaExceeded", "", StorageFull),
    (507, "XMinioStorageFull", "", StorageFull),
    (507, "InsufficientStorage", "", StorageFull),
    (400, "EntityTooLarge", "", StorageFull),
    (403, "AccessDenied", "Bucket size quota is reached", StorageFull),
    (403, "AccessDenied", "no", StorageUnavailable),
    (429, "TooManyRequests", "Quota exceeded", StorageUnavailable),
    (501, "NotImplemented", "", StorageUnavailable),
    (503, "SlowDown", "", StorageUnavailable),
]


@pytest.mark.parametrize(("status", "code", "message", "error"), REFUSALS)
def test_errors_of_a_store_become_ours(
    status: int, code: str, message: str, error: type[StorageUnavailable], s3_url: str
) -> None:
    """Among them are several ways in which servers report that they are full."""

    class Refusing(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *about: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as refusing:
        Thread(target=refusing.serve_forever, daemon=True).start()
        store = ObjectContents(f"s3://contents?endpoint=http://127.0.0.1:{refusing.server_port}&timeout=1")
        with pytest.raises(StorageUnavailable) as failure:
            store.write(new_id(), [b"data"])
        refusing.shutdown()
    assert type(failure.value) is error


def test_a_signed_url_sends_the_signed_type_and_name(s3: ObjectContents) -> None:
    content_id = new_id()
    s3.write(content_id, [b"data"])
    for disposition in (None, "attachment; filename=\"a b.pdf\"; filename*=UTF-8''%E2%82%AC.pdf"):
        location = s3.location(content_id, "text/plain; charset=UTF-8", disposition)
        assert location is not None
        with urllib.request.urlopen(location) as answer:
            assert answer.read() == b"data"
            assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
            assert answer.headers["Content-Disposition"] == disposition


FORKING = """
import os, sys
from flask_taskvars.contents import ObjectContents
from flask_taskvars.contents.base import new_id
store = ObjectContents(sys.argv[1])
store.check()
if sys.argv[2] == "used":
    store.write(new_id(), [b"data"])
child = os.fork()
if not child:
    try:
        store.write(new_id(), [b"data"])
    except Exception as error:
        print(repr(error.__cause__), flush=True)
        os._exit(1)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(("use", "printed"), [("checked", "0\n"), ("used", "was used before this process was forked")])
def test_a_store_after_a_fork(s3_url: str, use: str, printed: str) -> None:
    """A store that was only checked before a fork works. One that was used raises an error, and does not hang."""
    command = [sys.executable, "-c", FORKING, s3_url, use]
    assert printed in subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


MEMORY = """
import resource, sys
from flask_taskvars.contents import ObjectContents
from flask_taskvars.contents.base import new_id
store, size = ObjectContents(sys.argv[1]), 256 * 1024
store.write(small := new_id(), [b"x" * size]); list(store.open_at(small, 0))
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.write(large := new_id(), (bytes(size) for _ in range(1024)))
for block in store.open_at(large, 0): pass
store.delete(large)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle)
"""


def test_a_large_content_takes_little_memory(s3_url: str) -> None:
    command = [sys.executable, "-c", MEMORY, s3_url]
    assert int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) <= 32 * 1024


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host/x", "is not the URL of an object store"),
        ("s3://", "is not the URL of an object store"),
        ("s3://bucket?part_size=1", r"part_size='1' must be .* 5\.24288e\+06"),
        ("s3://bucket?regoin=x", "unknown options: regoin"),
        ("s3://bucket?timeout=soon", "timeout='soon' must be a number"),
        ("az://container", "Account must be specified"),
    ],
)
def test_an_impossible_url_is_refused(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(ConfigError, match=message):
        ObjectContents(url)


def test_an_object_can_be_written_from_another_object(s3: ObjectContents) -> None:
    """`move` between buckets does this. obstore panics if the source of a write calls obstore."""
    first, second, data = new_id(), new_id(), noise(LARGE)
    s3.write(first, cut(data))
    s3.write(second, s3.open_at(first, 0))
    assert read(s3, second) == data
