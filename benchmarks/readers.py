"""Many slow clients in one process: `python -m benchmarks.readers HOST PORT PATH COUNT BYTES_PER_SECOND`.

It prints a JSON list with the seconds of each download, or null for one that failed.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from http import HTTPStatus

BLOCK = 64 * 1024


async def download(address: tuple[str, int], path: str, rate: float) -> float | None:
    """Read at most so many bytes per second. Return the seconds, or None if the download broke off."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * BLOCK)
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, address)
        reader, writer = await asyncio.open_connection(sock=connection, limit=BLOCK)
        # No "Connection: close", because gunicorn's only event loop would wait up to two seconds for each client.
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address[0]}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if not head.startswith(b"HTTP/1.1 %d" % HTTPStatus.OK) or length is None:
            print(head.decode(errors="replace"), file=sys.stderr)
            return None
        started, seen, size = time.monotonic(), 0, int(length[1])
        while seen < size:
            block = await reader.read(min(BLOCK, size - seen))
            if not block:
                return None
            seen += len(block)
            await asyncio.sleep(max(0.0, started + seen / rate - time.monotonic()))
        return time.monotonic() - started
    except (OSError, asyncio.IncompleteReadError) as error:
        print(repr(error), file=sys.stderr)
        return None
    finally:
        connection.close()


async def main(host: str, port: str, path: str, count: str, rate: str) -> None:
    """Start all at once, and wait for the last."""
    waiting = [download((host, int(port)), path, float(rate)) for _ in range(int(count))]
    print(json.dumps(await asyncio.gather(*waiting)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
