"""`flask taskvars get`, `ls` and `rm`: write a variable to a file, list variables, remove them."""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO

import click
from flask.cli import with_appcontext

from ..errors import VariableNotFound
from ..http.headers import safe_filename
from ..http.responses import exactly
from ..values import Content, File, TypedValue, Value, Variable
from .common import as_json, current_storage, explained, printable, progress


@click.command("get", short_help="Write a variable to a file.")
@click.argument("task")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="The file to write, or - for standard output. An existing file is replaced.",
)
@with_appcontext
def get(task: str, name: str, output: Path | None) -> None:
    """Write the variable NAME that TASK sees to a file, or to standard output if that is a pipe.

    In a terminal, without -o, a File or Bytes is written to a file with its own name; other values are printed.
    """
    with explained():
        value = current_storage().get(task, name).value
        in_terminal = output is None and sys.stdout.isatty()
        if in_terminal and isinstance(value, Value):
            click.echo("\n".join(map(printable, _text(value).split("\n"))))
            return
        size, blocks = _data(value)
        if str(output) == "-" or (output is None and not in_terminal):
            _copy(size, blocks, sys.stdout.buffer)
            return
        target = output or _own_name(value, name)
        _save(size, blocks, target)
        click.echo(printable(str(target)), err=True)


def _text(value: Value) -> str:
    return value.value if isinstance(value.value, str) else json.dumps(value.value)


def _data(value: TypedValue) -> tuple[int, Iterator[bytes]]:
    """Return a value as a file: its size and its blocks."""
    if isinstance(value, Value):
        text = _text(value).encode(errors="backslashreplace")
        return len(text), iter([text])
    content = value.content
    return (content.size, content.open_at(0)) if isinstance(content, Content) else (0, iter(()))


def _own_name(value: TypedValue, name: str) -> Path:
    """Choose a file name for a variable: never an existing or a hidden file."""
    target = Path(re.sub(r"^\.", "_", safe_filename(value.filename if isinstance(value, File) else name)))
    if target.exists():
        raise click.ClickException(f"{target} exists already: name another file with -o.")
    return target


def _save(size: int, blocks: Iterator[bytes], target: Path) -> None:
    """Write all or nothing, so that a part never looks like the whole file."""
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            _copy(size, blocks, device)
        return
    whole = target.resolve()
    part = whole.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as stream:
            _copy(size, blocks, stream)
        part.replace(whole)
    except OSError as error:
        if error.filename != str(part):
            raise
        raise click.ClickException(f"{printable(str(target))} can't be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _copy(size: int, blocks: Iterator[bytes], target: IO[bytes]) -> None:
    with progress(size, "→") as bar, closing(exactly(blocks, size)) as whole:
        for block in whole:
            target.write(block)
            bar.update(len(block))


@click.command("ls")
@click.argument("task")
@click.option(
    "--json", "json_lines", is_flag=True, help="Print one JSON object per line, with everything but the bytes."
)
@with_appcontext
def ls(task: str, json_lines: bool) -> None:
    """List the variables that TASK sees.

    A line has the name, the type, the size in bytes, the scope that holds it, and the file name, with tabs between.
    """
    with explained():
        for _, variable in sorted(current_storage().get_all(task).items()):
            told = _told(variable)
            if json_lines:
                click.echo(as_json(told))
            else:
                shown = (told.get(key) for key in ("name", "type", "size", "scope", "filename"))
                texts = zip(shown, ("", "", "-", "", ""), strict=True)
                click.echo("\t".join(printable(missing if one is None else str(one)) for one, missing in texts))


def _told(variable: Variable) -> Mapping[str, object]:
    """Describe a variable, without its bytes."""
    value, told = variable.value, {"name": variable.name, "scope": variable.scope}
    if isinstance(value, Value):
        return {**told, "type": value.type, "value": value.value, "valueInfo": dict(value.info)}
    content = value.content if isinstance(value.content, Content) else None
    digest = content.sha256.hex() if content and content.sha256 else None
    stored = {"size": content.size if content else None, "sha256": digest}
    named = {}
    if isinstance(value, File):
        named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
    return {**told, "type": type(value).__name__, **named, **stored}


@click.command("rm", short_help="Remove variables of a task.")
@click.argument("task")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--local", is_flag=True, help="Only variables of the task itself, not of a scope around it.")
@with_appcontext
def rm(task: str, names: tuple[str, ...], local: bool) -> None:
    """Remove the variables NAME... that TASK sees.

    If a variable is in a scope around the task, all tasks in that scope lose it. If TASK doesn't see one of the names,
    nothing is removed.
    """

    def all_there(found: Mapping[str, Variable]) -> None:
        for name in names:
            if name not in found:
                raise VariableNotFound(name)

    with explained():
        current_storage().update(task, delete=names, local=local, guard=all_there)
