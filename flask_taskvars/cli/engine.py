"""`flask taskvars import-engine`: copy variables from an engine's database into the app's own storage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from ..errors import StorageUnavailable
from .common import printable, progress
from .scopes import scoped

if TYPE_CHECKING:
    from ..storage.camunda import CamundaStorage
    from ..storage.camunda.importing import Counts

_FEW = 200
"""With fewer variables, no progress bar is shown."""


@click.command("import-engine", short_help="Import variables from an engine's database.")
@click.option(
    "--from",
    "url",
    required=True,
    envvar="ENGINE_DATABASE_URL",
    metavar="URL",
    help="The engine's database as a SQLAlchemy URL, such as postgresql+psycopg://reader:secret@host/camunda. Better "
    "set it in the environment as ENGINE_DATABASE_URL: then the password is not in the list of processes.",
)
@click.option(
    "--table-prefix", default="", help="The engine's own setting of this name, such as `camunda.` for a schema."
)
@click.option("--task", "tasks", multiple=True, metavar="ID", help="Only this task; may be given several times.")
@click.option("--process-definition", metavar="KEY", help="Only process instances of this key, in all its versions.")
@click.option("--dry-run", is_flag=True, help="Only count what would be imported; change nothing.")
@with_appcontext
def import_engine(
    url: str, table_prefix: str, tasks: tuple[str, ...], process_definition: str | None, dry_run: bool
) -> None:
    """Import variables from the database of a Camunda 7, Operaton or CIB seven. The engine may be running.

    Tasks and the scopes around them keep their ids, so their URLs stay the same. The command compares each variable
    with the app's storage: it skips equal ones and replaces different ones. It removes nothing. If an import broke off,
    run it again; a second run imports what has changed.

    For each variable that is left out, a line has the scope, the variable and the reason, with tabs between. The exit
    status is then 1.
    """
    if tasks and process_definition is not None:
        raise click.UsageError("Choose by --task or by --process-definition, not by both.")
    with scoped() as target, _engine(url, table_prefix) as source:
        from ..storage.camunda.importing import Import
        from ..storage.camunda.walking import Walk

        walk = Walk(source, process_definition, tasks)
        missing = [task for task in tasks if not walk.around(task)]
        with progress(walk.count(), "variables", least=_FEW) as bar:
            run = Import(source, walk, None if dry_run else target, bar.update)
            left_out = len(missing)
            for task in missing:
                _show("the engine has no such task", task)
            for one in run.run():
                left_out += 1
                _show(one.reason, one.scope, one.name)
    click.echo(_told(run.counts, left_out, dry_run=dry_run), err=True)
    if left_out:
        raise click.exceptions.Exit(1)


@contextmanager
def _engine(url: str, table_prefix: str) -> Iterator[CamundaStorage]:
    """Open the engine's database, only to read it.

    :raises ClickException: a package is missing, the URL is wrong, or the tables can't be read.
    """
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError

        from ..storage.camunda import CamundaStorage
    except ImportError as error:
        raise click.ClickException(
            f"{error.name} is missing: pip install 'flask-taskvars[camunda]', with the extra [postgresql] or [mysql] "
            "for the engine's database."
        ) from error
    try:
        engine = create_engine(url)
    except ImportError as error:
        raise click.ClickException(
            f"The driver {error.name} is missing: install it, or name another in the URL."
        ) from error
    except ArgumentError as error:
        raise click.BadParameter(
            "This is not a URL such as postgresql+psycopg://reader@host/camunda.", param_hint="--from"
        ) from error
    try:
        storage = CamundaStorage(engine, table_prefix)
        _check(storage)
        yield storage
    finally:
        engine.dispose()


def _check(storage: CamundaStorage) -> None:
    """Make sure that the engine's tables exist and can be read."""
    try:
        _ = storage.tables
    except StorageUnavailable as error:
        cause = getattr(error.__cause__, "orig", error.__cause__)
        raise click.ClickException(
            f"The engine's tables can't be read: {printable(str(cause))}. Check --from and --table-prefix."
        ) from error


def _show(reason: str, scope: str, name: str | None = None) -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)  # clears the progress bar, which is then drawn again below
    click.echo("\t".join(map(printable, (scope, name or "", reason))))


def _told(counts: Counts, left_out: int, *, dry_run: bool) -> str:
    there = f"{_number(counts.tasks, 'task')} and {_number(counts.scopes, 'scope')} around tasks"
    size = f"{_number(counts.size, 'byte')} in contents"
    variables = _number(counts.taken, "variable")
    if dry_run:
        return f"{there}, {variables}, {size}; {left_out:,} can't be taken. Nothing was changed."
    return f"{there}, {variables} taken, {counts.unchanged:,} there already, {size}; {left_out:,} left out."


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
