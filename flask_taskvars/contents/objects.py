"""Contents as objects in Amazon S3 (or a compatible server), Azure Blob Storage or Google Cloud Storage."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import ConfigError, ContentVanished, StorageFull, StorageUnavailable
from ..values import BLOCK
from .base import ID, ContentStore, check_id, new_id
from .forks import apart, claim, claimed
from .signing import S3Signer
from .urls import SCHEMES

try:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import from_url
except ImportError as error:
    raise ImportError("Object stores need obstore: pip install 'flask-taskvars[objects]'") from error

_NO_BUCKET = re.compile("NoSuchBucket|ContainerNotFound|XAdminUserNotFound|bucket does not exist", re.IGNORECASE)
_FULL = re.compile(
    r"status code: (?!429)(?:507 |.*?(?:quota.{0,9}(?:exceeded|reached)|EntityTooLarge|"
    r"Insufficient(?:Capacity|Storage)|StorageFull|AccountSizeLimit))",
    re.IGNORECASE | re.DOTALL,
)
"""How servers say that they, or a quota, are full. Swift calls a quota EntityTooLarge. Too many requests answer 429."""

_UNCONDITIONAL = re.compile("status code: 501 ")
"""How Swift refuses `If-None-Match`."""

_OPTIONS = ("endpoint", "region", "timeout", "part_size")
_PARTS_IN_FLIGHT = 2


class ObjectContents(ContentStore):
    """Keep each content in its own object: `prefix/xx/<content_id>`, where `xx` are the last two digits of the id.

    Credentials come from the machine's role, or from the environment, under the names that the clouds' own tools use:
    `AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_ACCOUNT_NAME`, `GOOGLE_APPLICATION_CREDENTIALS` and so on.

    :param url: `s3://bucket/prefix`, `az://container/prefix` or `gs://bucket/prefix`. The options below may be in its
        query: `s3://bucket?endpoint=https://s3.example&region=eu-1`.
    :param endpoint: the URL of the server, if it is not the cloud's own; use `http:` only in tests.
    :param region: the bucket's region, for S3.
    :param timeout: seconds without an answer, including retries, after which a request fails.
    :param part_size: bytes in one part of an upload, at least 5 MiB. Two parts are in memory at a time. S3 takes at
        most 10,000 parts, which makes 78 GiB with the default.
    :raises ConfigError: the URL can't be read, or a credential is missing from the environment.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        timeout: float = 10,
        part_size: int = 8 * 2**20,
    ) -> None:
        url, options = _read(url)
        endpoint, region = options.get("endpoint", endpoint), options.get("region", region)
        self._timeout = _number(options.get("timeout", timeout), "timeout", 0.1)
        self._part_size = int(_number(options.get("part_size", part_size), "part_size", 5 * 2**20))
        self._url, parts = url, urlsplit(url)
        self._path = f"/{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
        self._store = _client(url, endpoint, region, self._timeout)
        self._is_conditional = True
        self._signer = _signer(endpoint, region) if parts.scheme == "s3" else None

    def __repr__(self) -> str:
        return f"ObjectContents({self._url!r})"

    def check(self) -> None:
        """Write, read and delete a probe. Do so in a child process: after that, this one could not fork any more.

        :raises ConfigError: one of these steps failed; the message has the store's reason.
        """
        reason = self._probe() if claimed() else apart(self._probe, 10 * self._timeout)
        if reason:
            raise ConfigError(
                f"Contents can't be stored in {self._url}: {reason}. Check the bucket's name, the credentials in the "
                "environment, and that they may put, get, list and delete objects."
            )

    def write(self, content_id: str, blocks: Iterable[bytes]) -> None:
        key, source, failures = _key(content_id), iter(blocks), list[BaseException]()
        start = _taken(source, self._part_size)
        with _explained(failures):
            if len(start) < self._part_size:
                self._create(key, bytes(start))
                return
            self._refuse_second(key)
            rest = _noted(chain([bytes(start)], source), failures)
            del start
            with _writing():
                obstore.put(self._store, key, rest, chunk_size=self._part_size, max_concurrency=_PARTS_IN_FLIGHT)

    def open_at(self, content_id: str, offset: int) -> Iterator[bytes]:
        with _explained():
            # Don't send a range for offset 0: an empty object would refuse it.
            options: Any = {"range": {"offset": offset}} if offset else {}
            found = _outside(obstore.get, self._store, _key(content_id), options=options)
            pieces = iter(found.stream(min_chunk_size=BLOCK))
            while (piece := _outside(next, pieces, None)) is not None:
                for start in range(0, len(piece), BLOCK):  # a piece may have megabytes
                    yield bytes(memoryview(piece)[start : start + BLOCK])

    def delete(self, content_id: str) -> None:
        key = _key(content_id)
        try:
            with _explained():
                obstore.delete(self._store, key)
        except ContentVanished:
            return

    def ids(self, before: datetime) -> Iterator[str]:
        with _explained():
            for chunk in obstore.list(self._store):
                for found in chunk:
                    content_id = found["path"].rpartition("/")[2]
                    ours = ID.fullmatch(content_id) and found["path"] == _key(content_id)
                    if ours and found["last_modified"] < before:
                        yield content_id

    def location(self, content_id: str, content_type: str, disposition: str | None) -> str | None:
        key = _key(content_id)
        if self._signer is None:
            with _explained():
                # This URL carries no media type and no file name: we can add those only for S3 with fixed keys.
                return str(obstore.sign(self._store, "GET", key, timedelta(minutes=1)))
        parameters = {"response-content-type": content_type}
        if disposition is not None:
            parameters["response-content-disposition"] = disposition
        return self._signer.url(f"{self._path}/{key}", parameters, datetime.now(UTC))

    def _create(self, key: str, data: bytes) -> None:
        """Put an object that doesn't exist yet."""
        if self._is_conditional:
            try:
                obstore.put(self._store, key, data, mode="create", use_multipart=False)
                return
            except BaseError as error:
                if not _UNCONDITIONAL.search(_reason(error)):
                    raise
                self._is_conditional = False
        self._refuse_second(key)
        obstore.put(self._store, key, data, use_multipart=False)

    def _refuse_second(self, key: str) -> None:
        """Raise if the object exists already, where the store can't check this in the write itself."""
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return
        raise FileExistsError(f"There is an object already: {key}")

    def _probe(self) -> str:
        """Try what the app will do; return the reason if a step fails, or an empty text."""
        probe = new_id()
        try:
            self.write(probe, [b"probe"])
            list(self.open_at(probe, 0))
            self.delete(probe)
        except StorageUnavailable as error:
            return _reason(error.__cause__ or error)
        return ""


def _read(url: str) -> tuple[str, dict[str, str]]:
    """Split a URL into the bucket's URL and the options in its query."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ConfigError(f"{url!r} is not the URL of an object store: give s3://bucket/prefix, az://… or gs://….")
    options = dict(parse_qsl(parts.query))
    if unknown := options.keys() - set(_OPTIONS):
        raise ConfigError(f"{url!r} has unknown options: {', '.join(sorted(unknown))}; known: {', '.join(_OPTIONS)}.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}", options


def _number(given: object, name: str, least: float) -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = 0
    if not least <= number < float("inf"):
        raise ConfigError(f"{name}={given!r} must be a number of at least {least:g}.")
    return number


def _client(url: str, endpoint: str | None, region: str | None, timeout: float) -> Any:
    config = {name: value for name, value in (("endpoint", endpoint), ("region", region)) if value}
    client = {
        "allow_http": bool(endpoint and endpoint.startswith("http:")),
        "connect_timeout": timedelta(seconds=min(timeout, 3)),
        "read_timeout": timedelta(seconds=timeout),
        "timeout": timedelta(days=7),  # limits a whole download, and clients may be slow
    }
    retry = {"max_retries": 3, "retry_timeout": timedelta(seconds=timeout)}
    try:
        store: Any = from_url(url, config=config, client_options=client, retry_config=retry)  # type: ignore[call-overload]
    except (BaseError, ValueError) as error:
        raise ConfigError(
            f"{url} can't be used: {_reason(error)}. Set the missing credentials in the environment."
        ) from error
    return store


def _signer(endpoint: str | None, region: str | None) -> S3Signer | None:
    """Make a signer with the keys in the environment; None if the keys come from a role."""
    environ = os.environ
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        return None
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = endpoint or environ.get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com"
    return S3Signer(endpoint, region, key, secret, environ.get("AWS_SESSION_TOKEN"))


def _reason(error: BaseException) -> str:
    """What an error of obstore says, without its debugging output."""
    return str(error).partition("\n\nDebug source")[0]


def _key(content_id: str) -> str:
    return f"{check_id(content_id)[-2:]}/{content_id}"


def _taken(source: Iterator[bytes], size: int) -> bytearray:
    """Take blocks from the source until they have at least `size` bytes."""
    start = bytearray()
    for block in source:
        start += block
        if len(start) >= size:
            break
    return start


def _noted(blocks: Iterable[bytes], failures: list[BaseException]) -> Iterator[bytes]:
    """Remember exceptions of the iterator, because the store may raise the same classes."""
    try:
        yield from blocks
    except Exception as error:
        failures.append(error)
        raise


_thread = threading.local()


@contextmanager
def _writing() -> Iterator[None]:
    """Remember that obstore asks for blocks on this thread, which must not call it again meanwhile."""
    _thread.is_writing = True
    try:
        yield
    finally:
        _thread.is_writing = False


def _outside(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call obstore; on another thread where the blocks of a write come out of an object too."""
    if not getattr(_thread, "is_writing", False):
        return call(*arguments, **named)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments, **named).result()


@contextmanager
def _explained(failures: list[BaseException] | None = None) -> Iterator[None]:
    """Turn errors of the store into ours. Their texts name the bucket, so they go only to the log.

    :param failures: exceptions that don't come from the store; they pass through.
    """
    claim()
    try:
        yield
    except (BaseError, OSError) as error:
        if failures:
            raise
        text = _reason(error)
        if isinstance(error, FileNotFoundError) and not _NO_BUCKET.search(text):
            raise ContentVanished from error
        raise (StorageFull if _FULL.search(text) else StorageUnavailable) from error
