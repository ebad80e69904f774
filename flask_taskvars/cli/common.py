"""Shared by the commands: the storage to work on, readable errors, and progress bars."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Protocol, runtime_checkable

import click

from ..errors import ConfigError, StorageUnavailable, TablesMissing, TaskNotFound, TaskVarsError
from ..mount import Mount, current_state
from ..storage.base import StorageAdapter

LONG = 16 * 1024 * 1024
"""A transfer of at least so many bytes shows a progress bar."""
_SHORT = 500
"""Characters of an error message that are printed; the rest is cut."""


class Finding(Protocol):
    """One thing that is wrong with a content."""

    @property
    def kind(self) -> str: ...
    @property
    def store(self) -> str | None: ...
    @property
    def content_id(self) -> str: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


class Mover(Protocol):
    """Moves contents into one store."""

    def size(self, older_than: float) -> int: ...
    def move(self, older_than: float, watch: Callable[[int], object]) -> Iterator[Finding]: ...


class Checker(Protocol):
    """Compares the variables with the content stores."""

    def size(self) -> int: ...
    def stores(self, older_than: float, repair: bool) -> Iterator[Finding]: ...
    def variables(self, deep: bool, watch: Callable[[int], object]) -> Iterator[Finding]: ...


@runtime_checkable
class Tabled(Protocol):
    """A storage with its own tables and content stores."""

    def create_tables(self) -> None: ...
    def sweep(self, older_than: float) -> int: ...
    def mover(self, to: str) -> Mover: ...
    def checker(self) -> Checker: ...
    def diagnose(self) -> Iterator[tuple[str, str]]: ...


def current_storage() -> StorageAdapter:
    """Return the storage of the mount whose commands were called."""
    return current_mount().storage


def current_mount() -> Mount:
    """Return the mount whose commands were called."""
    mounts = current_state().mounts
    group = click.get_current_context().parent
    if group and group.info_name in mounts:
        return mounts[group.info_name]
    if len(mounts) > 1:
        raise click.ClickException(
            f"The command can't tell which mount you mean. Call it in the command group of one: {', '.join(mounts)}."
        )
    [mount] = mounts.values()  # the host renamed the group
    return mount


def current_tabled() -> Tabled:
    """Return the storage of the mount, which must have its own tables.

    :raises ClickException: it has no tables.
    """
    storage = current_storage()
    if not isinstance(storage, Tabled):
        raise click.ClickException(f"A {type(storage).__name__} has no tables of its own: there is nothing to do.")
    return storage


@contextmanager
def explained() -> Iterator[None]:
    """Print errors as sentences, without a stack trace."""
    try:
        yield
    except TaskNotFound as error:
        raise click.ClickException(f"There is no task {printable(error.task_id)}.") from error
    except StorageUnavailable as error:
        cause = getattr(error.__cause__, "orig", error.__cause__)
        tabled = isinstance(error, TablesMissing) and isinstance(current_storage(), Tabled)
        hint = " If its tables are missing, run the command init-db." if tabled else ""
        raise click.ClickException(f"{error}{f' ({cause})' if cause else ''}{hint}") from error
    except (TaskVarsError, ConfigError) as error:
        raise click.ClickException(_short(printable(str(error)))) from error
    except BrokenPipeError:
        raise  # the reader, such as `head`, has stopped; click ends quietly
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error


class Bar(Protocol):
    """Shows the progress of a transfer."""

    def update(self, n_steps: int, /) -> object: ...


class _NoBar:
    def update(self, n_steps: int, /) -> None:
        """Show nothing."""


class Watched:
    """A stream that moves a progress bar as it is read."""

    def __init__(self, stream: IO[bytes], bar: Bar) -> None:
        self._stream, self._bar = stream, bar

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self._bar.update(len(piece))
        return piece


@contextmanager
def progress(size: int, label: str, *, least: int = LONG) -> Iterator[Bar]:
    """Show a bar on a terminal, for a transfer that takes a while.

    :param size: the number of bytes or other units; 0 if unknown.
    :param least: below this size no bar is shown.
    """
    if size < least or not sys.stderr.isatty():
        yield _NoBar()
        return
    with click.progressbar(length=size, label=label, file=sys.stderr) as bar:
        yield bar


def as_json(told: Mapping[str, object]) -> str:
    """Return one line of JSON, in ASCII."""
    return json.dumps(told)


def _short(text: str) -> str:
    """Return the start of a message, which may quote a whole file."""
    return text if len(text) <= _SHORT else f"{text[:_SHORT]} …"


def printable(text: str) -> str:
    """Escape control characters, with which a stored name could control the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
