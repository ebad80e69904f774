"""`flask taskvars put`: set a variable to the content of a file."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
from flask.cli import with_appcontext

from ..contract.conversions import JSON_FORMAT, convert
from ..errors import TaskNotFound
from ..http.headers import is_media_type
from ..values import BLOCK, Bytes, File, TypedValue
from .common import Watched, current_storage, explained, printable, progress
from .scopes import scoped

_TEXTS = ("String", "Boolean", "Short", "Integer", "Long", "Double", "Date", "Null", "Json", "Xml", "Object")
_AS_IT_IS = ("String", "Json", "Xml", "Object")
"""For all other types, blanks around the text are dropped."""


@dataclass(frozen=True, slots=True)
class Described:
    """The description of a value, from the command's options."""

    kind: str
    filename: str
    mime: str | None
    encoding: str | None
    object_type: str | None

    def read(self, name: str, stream: Watched) -> TypedValue:
        """Make a value from the bytes of a stream."""
        if self.kind == "Bytes":
            return Bytes(stream)
        if self.kind == "File":
            mimetype = self.mime or mimetypes.guess_type(self.filename)[0]
            return File(stream, filename=self.filename, mimetype=mimetype, encoding=self.encoding)
        text = _text(stream, self.encoding)
        if self.kind not in _AS_IT_IS:
            text = text.strip()
        info: dict[str, object] = {}
        if self.kind == "Object":
            info = {"serializationDataFormat": JSON_FORMAT, "objectTypeName": self.object_type}
        return convert(name, self.kind, text or None if self.kind == "Null" else text, info).value


def _text(stream: Watched, encoding: str | None) -> str:
    try:
        return b"".join(iter(lambda: stream.read(BLOCK), b"")).decode(encoding or "utf-8")
    except (LookupError, ValueError) as error:
        raise click.ClickException(f"The text can't be read: {error}. Give its charset with --encoding.") from error


@click.command("put", short_help="Set a variable to the content of a file.")
@click.argument("task")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--type",
    "kind",
    type=click.Choice(["File", "Bytes", *_TEXTS]),
    default="File",
    show_default=True,
    help="The type of the variable. All types but File and Bytes are written as text: 42, true, "
    "2026-11-23T10:11:12.345+0000.",
)
@click.option("--filename", help="The file name of a File; by default, the name of FILE.")
@click.option("--mime", help="The media type of a File; by default, guessed from the file name.")
@click.option("--encoding", help="The charset of a File, or of the text of another type (by default UTF-8).")
@click.option("--object-type", metavar="CLASS", help="The Java class of an Object, whose text is JSON.")
@click.option("--scope", help="Set the variable in this scope around the task, not in the task itself.")
@click.option("--create", is_flag=True, help="Add the task and the scope if they don't exist.")
@with_appcontext
def put(
    task: str,
    name: str,
    file: Path,
    kind: str,
    filename: str | None,
    mime: str | None,
    encoding: str | None,
    object_type: str | None,
    scope: str | None,
    create: bool,
) -> None:
    """Set the variable NAME of TASK to the content of FILE; - stands for standard input.

    \b
    flask taskvars put task-1 contract contract.pdf
    echo 42 | flask taskvars put task-1 amount - --type Integer
    """
    _check_options(kind, filename, mime, object_type)
    piped = str(file) == "-"
    value = Described(kind, filename or (name if piped else file.name), mime, encoding, object_type)
    with explained(), click.open_file(str(file), "rb") as stream:
        storage = current_storage()
        if create:
            _create(task, scope)
        with _told_apart("task", task, create):
            storage.check_task(task)  # before the file is read
        with _told_apart("scope", scope, create), progress(0 if piped else file.stat().st_size, f"{name} ←") as bar:
            storage.set(scope or task, name, value.read(name, Watched(stream, bar)))
        seen = storage.get_all(task).get(name) if scope else None
    if scope and (seen is None or seen.scope != scope):
        click.echo(
            f"{task} does not see this variable: {scope} is not around it, or a nearer scope has {name} too.", err=True
        )


def _check_options(kind: str, filename: str | None, mime: str | None, object_type: str | None) -> None:
    if kind != "File" and (filename or mime):
        raise click.UsageError(f"--filename and --mime are for a File, not for {kind}.")
    if (kind == "Object") != (object_type is not None):
        raise click.UsageError("--object-type is for an Object, and an Object needs it.")
    if mime and not is_media_type(mime):
        raise click.BadParameter(f"{mime!r} is not a media type, such as application/pdf.", param_hint="--mime")


def _create(task: str, scope: str | None) -> None:
    with scoped() as storage:
        for one, parent in ((scope, None), (task, scope)):
            if one is not None:
                with suppress(ValueError):  # it exists already
                    storage.add_scope(one, parent, task=one == task)


@contextmanager
def _told_apart(kind: str, scope: str | None, create: bool) -> Iterator[None]:
    """Say whether the task or the scope is missing. It is not created silently, because the id may be a typo."""
    try:
        yield
    except TaskNotFound as error:
        hint = "" if create else f" Check the id, or add the {kind} with --create."
        raise click.ClickException(f"There is no {kind} {printable(scope or error.task_id)}.{hint}") from error
