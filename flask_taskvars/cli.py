"""`flask taskvars …`: put files in, look at them, take them out."""

from __future__ import annotations

import json
import mimetypes
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import click
from flask import Blueprint, current_app
from flask.cli import with_appcontext

from .disposition import is_media_type, safe_filename
from .errors import StorageUnavailable, TaskNotFound, TaskVarsError, VariableNotFound
from .mount import Mount
from .responses import exactly
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
@with_appcontext
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
@click.option("--filename", help="The file name of a File; that of FILE when left out.")
@click.option("--mime", help="The media type of a File; guessed from the file name when left out.")
@click.option("--encoding", help="The charset of a File, or of the text for a String (UTF-8 when left out).")
@click.option("--scope", help="Put it into this scope around the task, not into the task itself.")
@with_appcontext
def put(
    task: str,
    name: str,
    file: Path,
    kind: str,
    filename: str | None,
    mime: str | None,
    encoding: str | None,
    scope: str | None,
) -> None:
    """Put FILE (or - for standard input) into the variable NAME of TASK.

    A task or scope that doesn't exist yet is added.
    """
    if kind != "File" and (filename or mime):
        raise click.UsageError(f"--filename and --mime are for a File, not for {kind}.")
    if mime and not is_media_type(mime):
        raise click.BadParameter(f"{mime!r} is no media type, such as application/pdf.", param_hint="--mime")
    piped = str(file) == "-"
    filename = filename or (name if piped else file.name)
    with _explained(), click.open_file(str(file), "rb") as stream:
        storage = _storage()
        _ensure(storage, task, scope)
        with _bar(0 if piped else file.stat().st_size, f"{name} ←") as bar:
            storage.set(scope or task, name, _value(kind, _Watched(stream, bar), filename, mime, encoding))
        seen = storage.get_all(task).get(name) if scope else None
        if scope and (seen is None or seen.scope != scope):
            click.echo(f"{task} does not see it: {scope} is not around it, or a nearer scope has {name} too.", err=True)


def _value(kind: str, stream: _Watched, filename: str, mime: str | None, encoding: str | None) -> TypedValue:
    if kind == "Bytes":
        return Bytes(stream)
    if kind == "File":
        return File(stream, filename=filename, mimetype=mime or mimetypes.guess_type(filename)[0], encoding=encoding)
    try:
        return Value("String", b"".join(iter(lambda: stream.read(BLOCK), b"")).decode(encoding or "utf-8"))
    except (LookupError, ValueError) as error:
        raise click.ClickException(f"The text can't be read: {error}. Give its charset with --encoding.") from error


def _ensure(storage: StorageAdapter, task: str, scope: str | None) -> None:
    """Add the task and its scope, where the storage can.

    :raises TaskNotFound: it can't, and there is no such task.
    """
    for one, parent in ((scope, None), (task, scope)):
        if one is not None and isinstance(storage, Scoped):
            with suppress(ValueError, TypeError):  # it is there; or the scopes are the host's, who adds them
                storage.add_scope(one, parent)
    with suppress(VariableNotFound):
        storage.get(task, "")  # before anything is read and stored


@click.command("get")
@click.argument("task")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="The file to write, or - for standard output; one that exists is replaced.",
)
@with_appcontext
def get(task: str, name: str, output: Path | None) -> None:
    """Write the variable NAME, as TASK sees it, to a file, or to standard output when that is piped.

    Without -o, in a terminal, a File or Bytes goes to a file of its own name, and all else is shown.
    """
    with _explained():
        value = _storage().get(task, name).value
        in_terminal = output is None and sys.stdout.isatty()
        if in_terminal and isinstance(value, Value):
            click.echo("\n".join(map(_printable, _text(value).split("\n"))))
            return
        size, blocks = _data(value)
        if str(output) == "-" or (output is None and not in_terminal):
            _copy(size, blocks, sys.stdout.buffer)
            return
        target = output or _own_name(value, name)
        _save(size, blocks, target)
        click.echo(_printable(str(target)), err=True)


def _text(value: Value) -> str:
    return value.value if isinstance(value.value, str) else json.dumps(value.value)


def _data(value: TypedValue) -> tuple[int, Iterator[bytes]]:
    """The size of a value as a file, and its blocks."""
    if isinstance(value, Value):
        text = _text(value).encode(errors="backslashreplace")
        return len(text), iter([text])
    content = value.content
    return (content.size, content.open_at(0)) if isinstance(content, Content) else (0, iter(()))


def _own_name(value: TypedValue, name: str) -> Path:
    """The file that a variable becomes when nobody names one: never one that exists, and none that is hidden."""
    target = Path(re.sub(r"^\.", "_", safe_filename(value.filename if isinstance(value, File) else name)))
    if target.exists():
        raise click.ClickException(f"{target} exists already: name another file with -o.")
    return target


def _save(size: int, blocks: Iterator[bytes], target: Path) -> None:
    """Write all or nothing: what breaks off must not look whole."""
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            _copy(size, blocks, device)
        return
    target = target.resolve()
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as stream:
            _copy(size, blocks, stream)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _copy(size: int, blocks: Iterator[bytes], target: IO[bytes]) -> None:
    with _bar(size, "→") as bar, closing(exactly(blocks, size)) as whole:
        for block in whole:
            target.write(block)
            bar.update(len(block))


@click.command("ls")
@click.argument("task")
@with_appcontext
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
@click.option(
    "--older-than", type=click.FloatRange(0), default=24.0, show_default=True, help="Hours; younger contents are kept."
)
@with_appcontext
def sweep(older_than: float) -> None:
    """Delete the contents that no variable has any more: replaced, removed, or broken off."""
    with _explained():
        count = _tabled().sweep(older_than * 3600)
    click.echo(f"{count} content{'' if count == 1 else 's'} deleted.")


def _storage() -> StorageAdapter:
    """The storage of the mount whose group was called."""
    mounts: dict[str, Mount] = current_app.extensions["taskvars"]
    group = click.get_current_context().parent
    if group and group.info_name in mounts:
        return mounts[group.info_name].storage
    if len(mounts) > 1:
        raise click.ClickException(f"Several mounts share these commands: there are {', '.join(mounts)}.")
    [mount] = mounts.values()  # the host gave the group a name of its own
    return mount.storage


def _tabled() -> Tabled:
    storage = _storage()
    if not isinstance(storage, Tabled):
        raise click.ClickException(f"A {type(storage).__name__} has no tables of its own: there is nothing to do.")
    return storage


@contextmanager
def _explained() -> Iterator[None]:
    """Show what went wrong as a sentence, not as a stack trace."""
    try:
        yield
    except TaskNotFound as error:
        raise click.ClickException(f"There is no task {_printable(error.task_id)}.") from error
    except StorageUnavailable as error:
        cause = getattr(error.__cause__, "orig", error.__cause__)
        hint = " If its tables are missing, the command init-db makes them." if isinstance(_storage(), Tabled) else ""
        raise click.ClickException(f"{error}{f' ({cause})' if cause else ''}{hint}") from error
    except TaskVarsError as error:
        raise click.ClickException(str(error)) from error
    except BrokenPipeError:
        raise  # whoever read it has enough; click ends quietly
    except OSError as error:
        raise click.ClickException(str(error)) from error


class _Bar(Protocol):
    def update(self, n_steps: int, /) -> object: ...


class _NoBar:
    def update(self, n_steps: int, /) -> None:
        """Show nothing."""


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
    if size < LONG or not sys.stderr.isatty():
        yield _NoBar()
        return
    with click.progressbar(length=size, label=label, file=sys.stderr) as bar:
        yield bar


def _printable(text: str) -> str:
    """Text for a terminal: what a stored name could do to it is escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
