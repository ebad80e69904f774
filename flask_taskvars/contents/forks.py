"""Guard obstore against forks: its threads don't survive one, and a child process would wait for them for ever."""

from __future__ import annotations

import os
import select
import signal
import warnings
from collections.abc import Callable

from ..errors import StorageUnavailable

_user: int | None = None
"""The id of the process that used obstore first. Processes forked from it inherit this id."""


def claimed() -> bool:
    """Whether this process, or the process that forked it, has used obstore."""
    return _user is not None


def claim() -> None:
    """Announce that this process will use obstore.

    :raises StorageUnavailable: this process was forked from one that has used obstore.
    """
    global _user
    if _user not in (None, os.getpid()):
        raise StorageUnavailable from RuntimeError(
            "An object store was used before this process was forked, and can't be used now: don't read or write "
            "contents while the app is made, or start the server without --preload."
        )
    _user = os.getpid()


def apart(probe: Callable[[], str], seconds: float) -> str:
    """Run a function in a forked process, and return its result.

    :param seconds: the time after which the process is killed.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a fork beside other threads is safe here: the child only probes
        child = os.fork()
    if not child:
        _answer(probe, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        if not select.select([pipe], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    return answer.removesuffix("\0") if answer.endswith("\0") else "it did not answer in time"


def _answer(probe: Callable[[], str], writing: int) -> None:
    try:
        os.write(writing, f"{probe()}\0".encode())
    finally:
        os._exit(0)
