"""The simplest Python program that sends contents: read a block, and send it.

Run it by `python -m benchmarks.loop HOST PORT PLACE`, with a folder or an `s3://bucket` as the place. It only
understands GET, and serves one client at a time.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import obstore
from obstore.store import S3Store

from flask_taskvars.values import BLOCK

Find: TypeAlias = "Callable[[str], tuple[int, Iterable[obstore.Bytes | bytes]] | None]"
"""A function from a path to its size and its blocks; None if there is nothing."""


def main(host: str, port: int, place: str) -> None:
    """Serve the contents of a place."""
    find = in_bucket(place) if place.startswith("s3:") else in_folder(Path(place))
    with socket.create_server((host, port)) as server:
        while True:
            connection, _ = server.accept()
            with suppress(ConnectionError), connection, connection.makefile("rb") as requests:
                while line := requests.readline():
                    while requests.readline().strip():
                        pass
                    send(connection, find(line.split()[1].decode().lstrip("/")))


def send(connection: socket.socket, found: tuple[int, Iterable[obstore.Bytes | bytes]] | None) -> None:
    """Answer with the blocks, or with a 404."""
    if found is None:
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    size, blocks = found
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
    for block in blocks:
        connection.sendall(block)


def in_folder(folder: Path) -> Find:
    """Return a function that finds files in a folder."""

    def find(path: str) -> tuple[int, Iterable[bytes]] | None:
        file = folder / path
        return (file.stat().st_size, read(file)) if file.is_file() else None

    def read(path: Path) -> Iterable[bytes]:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block

    return find


def in_bucket(url: str) -> Find:
    """Return a function that finds objects in a bucket. The environment has the keys and the endpoint."""
    store = S3Store.from_url(url, client_options={"allow_http": True, "timeout": "300s"})

    def find(path: str) -> tuple[int, Iterable[obstore.Bytes | bytes]] | None:
        if not path:
            return None
        try:
            found = obstore.get(store, path)
        except FileNotFoundError:
            return None
        return found.meta["size"], (block for block in found.stream(min_chunk_size=BLOCK))

    return find


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
