"""A gate that lets ClamAV scan values for viruses."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from ..errors import ConfigError, Refused, ScannerUnavailable
from ..values import Content, TypedValue, Value
from .base import number_of_bytes

try:
    from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
except ImportError as error:
    raise ImportError("ClamAV needs clamav-client: pip install 'flask-taskvars[gates]'") from error

_PORT = re.compile(r"([^/:]+):(\d{1,5})")


class ClamAV:
    """Refuse Files and Bytes in which ClamAV's daemon finds a virus, with 422.

    It streams the bytes to the daemon, in constant memory. While the daemon can't be reached, each File and Bytes is a
    503. All other values are accepted.

    :param address: the daemon's socket: an absolute path, or `host:port`.
    :param limit: bytes; a longer value is refused with 413. The daemon has three limits of its own, and this one must
        not be larger than any of them: `StreamMaxLength` (25 MB on Debian), `MaxFileSize` and `MaxScanSize`. If a value
        is longer than one of the last two, the daemon does not scan it, and answers OK.
    :param timeout: seconds to wait for an answer of the daemon.
    :raises ConfigError: the address is neither a path nor `host:port`, or the limit is not a number of bytes.
    """

    def __init__(
        self, address: str = "/run/clamav/clamd.ctl", *, limit: int = 25 * 1024 * 1024, timeout: int = 120
    ) -> None:
        self._path, self._port = address, _PORT.fullmatch(address)
        if int(self._port[2]) > 0xFFFF if self._port else not address.startswith("/"):
            raise ConfigError(f"{address!r} is neither an absolute path nor a host and port such as 'scanner:3310'.")
        self._limit, self._timeout = number_of_bytes(limit), timeout

    def __call__(self, task_id: str, name: str, value: TypedValue) -> None:
        """Judge one value.

        :raises Refused: the value has a virus, or is too long to be scanned.
        :raises ScannerUnavailable: the daemon can't be reached, or reports an error.
        """
        if isinstance(value, Value) or not isinstance(value.content, Content):
            return
        if value.content.size > self._limit:
            raise Refused(413, f"A value of more than {self._limit} bytes can't be scanned.")
        status, virus = self._scan(value.content)
        if status == "FOUND":
            raise Refused(422, f"The virus scanner refuses the value: {virus}.")
        if status != "OK":
            raise ScannerUnavailable from ValueError(f"clamd answered {status} {virus}")

    def _scan(self, content: Content) -> tuple[str, str | None]:
        try:
            answers = self._client().instream(cast(BinaryIO, _Stream(content.open_at(0))))
        except (ClamdError, OSError, UnicodeError) as error:
            raise ScannerUnavailable from error
        return answers.get("stream", ("nothing", None))

    def _client(self) -> ClamdNetworkSocket:
        """Make a client for one scan: it has a single connection, which threads can't share."""
        if self._port:
            return ClamdNetworkSocket(self._port[1], int(self._port[2]), self._timeout)
        return ClamdUnixSocket(self._path, self._timeout)


class _Stream:
    """Turn blocks into a stream with a `read` method, as the client needs it."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._held = blocks, io.BytesIO()

    def read(self, size: int) -> bytes:
        while not (piece := self._held.read(size)):
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._held = io.BytesIO(block)
        return piece
