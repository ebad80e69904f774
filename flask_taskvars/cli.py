"""`flask taskvars …`: put files in, look at them, take them out."""

from __future__ import annotations

import json
import mimetypes
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import click
from flask import Blueprint, current_app

from .disposition import safe_filename
from .errors import TaskNotFound, TaskVarsError
from .mount import Mount
from .storage.base import StorageAdapter
from .values import BLOCK, Bytes, Content, File, TypedValue, Value

LONG = 16 * 1024 * 1024
"""Bytes from which on a transfer shows a progress bar."""


@runtime_checkable
class Scoped(Protocol):
    """A storage that keeps the scopes itself."""

    def add_scope(self, scope: str, parent: str | None = None) -> None: ...


@runtime_checkable
class Tabled(Protocol):
    """A storage with tables of its own."""

    def create_tables(self) -> None: ...
    def sweep(self, older_than: float) -> int: ...


def add_commands(blueprint: Blueprint) -> None:
    """Add the commands to the blueprint's group, which has the blueprint's name."""
    blueprint.cli.short_help = "Put files into task variables, list them, take them out."
    for command in (init_db, put, get, ls, sweep):
        blueprint.cli.add_command(command)


@click.command("init-db")
def init_db() -> None:
    """Make the tables that don't exist yet."""
    with _explained():
        _tabled().create_tables()
    click.echo("The tables are there.", err=True)


@click.command("put")
@click.argument("task")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--type", "kind", type=click.Choice(["File", "Bytes", "String"]), default="File", show_default=True)
@click.option("--mime", help="The media type of a File; guessed from the name when left out.")
@click.option("--encoding", help="The charset of a File.")
@click.option("--scope", help="Put it into this scope around the task, not into the task itself.")
def put(task: str, name: str, file: Path, kind: str, mime: str | None, encoding: str | None, scope: str | None) -> None:
    """Put FILE (or - for standard input) into the variable NAME of TASK.

    A task or scope that doesn't exist yet is added.
    """
    with _explained(), click.open_file(str(file), "rb") as stream:
        storage = _storage()
        _ensure(storage, task, scope)
        size = file.stat().st_size if str(file) != "-" else 0
        with _bar(size, f"{name} ←") as bar:
            storage.set(scope or task, name, _value(kind, _Watched(stream, bar), file, mime, encoding))


def _value(kind: str, stream: _Watched, file: Path, mime: str | None, encoding: str | None) -> TypedValue:
    if kind == "String":
        return Value("String", b"".join(iter(lambda: stream.read(BLOCK), b"")).decode(encoding or "utf-8"))
    if kind == "Bytes":
        return Bytes(stream)
    return File(stream, filename=file.name, mimetype=mime or mimetypes.guess_type(file.name)[0], encoding=encoding)


def _ensure(storage: StorageAdapter, task: str, scope: str | None) -> None:
    if not isinstance(storage, Scoped):
        return
    for one, parent in ((scope, None), (task, scope)):
        if one is not None:
            try:
                storage.add_scope(one, parent)
            except ValueError:
                continue  # it is there


@click.command("get")
@click.argument("task")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def get(task: str, name: str, output: Path | None) -> None:
    """Write the variable NAME, as TASK sees it, to a file, or to standard output when that is piped.

    Without -o, in a terminal, the file gets the variable's own file name.
    """
    with _explained():
        value = _storage().get(task, name).value
        if isinstance(value, Value):
            click.echo(value.value if isinstance(value.value, str) else json.dumps(value.value))
            return
        if output is None and not sys.stdout.isatty():
            _copy(value, sys.stdout.buffer)
            return
        target = output or Path(safe_filename(value.filename if isinstance(value, File) else name))
        if output is None and target.exists():
            raise click.ClickException(f"{target} exists already: name another file with -o.")
        part = target.with_name(f"{target.name}.part")
        with part.open("wb") as stream:
            _copy(value, stream)
        part.replace(target)
        click.echo(f"{target}", err=True)


def _copy(value: Bytes | File, target: IO[bytes]) -> None:
    content = value.content
    if isinstance(content, Content) and content.size:
        with _bar(content.size, "→") as bar:
            for block in content.open_at(0):
                target.write(block)
                bar.update(len(block))


@click.command("ls")
@click.argument("task")
def ls(task: str) -> None:
    """List the variables that TASK sees: name, type, size in bytes, scope, file name."""
    with _explained():
        for name, variable in sorted(_storage().get_all(task).items()):
            value = variable.value
            kind = value.type if isinstance(value, Value) else type(value).__name__
            content = None if isinstance(value, Value) else value.content
            size = str(content.size) if isinstance(content, Content) else "-"
            filename = value.filename if isinstance(value, File) else ""
            click.echo("\t".join(map(_printable, (name, kind, size, variable.scope, filename))))


@click.command("sweep")
@click.option("--older-than", type=float, default=1.0, show_default=True, help="Hours; younger contents are kept.")
def sweep(older_than: float) -> None:
    """Delete the contents that no variable has any more: replaced, removed, or broken off."""
    with _explained():
        click.echo(f"{_tabled().sweep(older_than * 3600)} contents deleted.")


def _storage() -> StorageAdapter:
    """The storage of the mount whose group was called."""
    mounts: dict[str, Mount] = current_app.extensions["taskvars"]
    parent = click.get_current_context().parent
    mount = mounts.get(parent.info_name or "" if parent else "")
    if mount is None:
        raise click.ClickException(f"Call one of the groups {', '.join(mounts)}.")
    return mount.storage


def _tabled() -> Tabled:
    storage = _storage()
    if not isinstance(storage, Tabled):
        raise click.ClickException(f"A {type(storage).__name__} has no tables of its own: there is nothing to do.")
    return storage


@contextmanager
def _explained() -> Iterator[None]:
    """Show the library's errors as a sentence, not as a stack trace."""
    try:
        yield
    except TaskNotFound as error:
        raise click.ClickException(f"{error}. `flask taskvars put` adds a task.") from error
    except TaskVarsError as error:
        cause = getattr(error.__cause__, "orig", error.__cause__)
        raise click.ClickException(f"{error} ({cause})" if cause else str(error)) from error


class _Bar(Protocol):
    def update(self, n_steps: int, /) -> None: ...


class _Watched:
    """A stream that moves a progress bar as it is read."""

    def __init__(self, stream: IO[bytes], bar: _Bar) -> None:
        self._stream, self._bar = stream, bar

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self._bar.update(len(piece))
        return piece


@contextmanager
def _bar(size: int, label: str) -> Iterator[_Bar]:
    with ExitStack() as stack:
        shown = size >= LONG and sys.stderr.isatty()
        file = sys.stderr if shown else stack.enter_context(open(os.devnull, "w"))
        yield stack.enter_context(click.progressbar(length=max(size, 1), label=label, file=file))


def _printable(text: str) -> str:
    """A cell of a table in a terminal: what a stored name could do to either is escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
