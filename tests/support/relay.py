"""A relay in front of a server. It records what clients send, and can fail as a network does."""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 1 << 16
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27


class Relay:
    """Passes bytes between clients and a server, unchanged.

    :param url: the server's.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 80)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.heard: list[bytes] = []
        """The bytes that clients sent, in pieces."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    client.close()
                    continue
                self._pairs.append((client, server))
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            while True:
                for end in select.select([client, server], [], [])[0]:
                    piece = end.recv(PIECE)
                    if not piece:
                        return
                    if end is client:
                        self.heard.append(piece)
                    (server if end is client else client).sendall(piece)

    def cut(self) -> None:
        """End all connections."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """End all connections, and refuse new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse all connections until the block ends."""
        address = self._listener.getsockname()
        self.close()
        try:
            yield
        finally:
            self._listener = socket.create_server(address)
            self._serve()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Lose all packets of clients until the block ends, as a network does: nothing is refused or acknowledged."""
        ends = [self._listener, *(client for client, _ in self._pairs if client.fileno() >= 0)]
        for end in ends:
            _drop_all(end)
        try:
            yield
        finally:
            for end in ends:
                with suppress(OSError):  # closed meanwhile
                    end.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


def _drop_all(end: socket.socket) -> None:
    """Let the kernel drop each packet before TCP sees it. The filter has one instruction (BPF_RET): return 0."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    end.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(instruction)))


@contextmanager
def relay(url: str) -> Iterator[Relay]:
    """Put a relay in front of the server at a URL."""
    made = Relay(url)
    try:
        yield made
    finally:
        made.close()
