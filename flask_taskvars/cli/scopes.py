"""`flask taskvars tasks`, `add-scope` and `remove-scope`: list and change the tasks and the scopes around them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import with_appcontext

from ..errors import TaskNotFound
from ..storage.base import ScopedStorage
from .common import as_json, current_storage, explained, printable


@contextmanager
def scoped() -> Iterator[ScopedStorage]:
    """Yield the mount's storage, to list or change its scopes.

    :raises ClickException: the storage does not keep scopes itself, or refuses the change.
    """
    storage = current_storage()
    if not isinstance(storage, ScopedStorage):
        raise click.ClickException(f"A {type(storage).__name__} keeps no scopes: it looks them up elsewhere.")
    with explained():
        try:
            yield storage
        except TaskNotFound as error:
            raise click.ClickException(f"There is no task or scope {printable(error.task_id)}.") from error
        except (ValueError, TypeError, NotImplementedError) as error:
            # ValueError: the id is taken. TypeError: the host keeps the scopes. The third: the storage can't list them.
            raise click.ClickException(printable(str(error))) from error


@click.command("tasks")
@click.option("--all", "every", is_flag=True, help="Also list the scopes that are not tasks.")
@click.option("--json", "json_lines", is_flag=True, help="Print one JSON object a line: id, parent, task.")
@with_appcontext
def tasks(every: bool, json_lines: bool) -> None:
    """List the tasks, by their ids.

    A line has the task's id and, after a tab, the id of the scope around it, if there is one.
    """
    with scoped() as storage:
        for scope in storage.scopes():
            if not (scope.is_task or every):
                continue
            if json_lines:
                click.echo(as_json({"id": scope.id, "parent": scope.parent, "task": scope.is_task}))
            else:
                click.echo("\t".join(map(printable, (scope.id, scope.parent or ""))).rstrip("\t"))


@click.command("add-scope", short_help="Add a task, or a scope around tasks.")
@click.argument("scope")
@click.option("--parent", metavar="SCOPE", help="The id of the scope around it, which must exist.")
@click.option("--no-task", is_flag=True, help="The scope only holds variables, as a process does; it has no URL.")
@with_appcontext
def add_scope(scope: str, parent: str | None, no_task: bool) -> None:
    """Add a task, or a scope around tasks, with the id SCOPE."""
    with scoped() as storage:
        storage.add_scope(scope, parent, task=not no_task)


@click.command("remove-scope", short_help="Remove a scope and everything below it.")
@click.argument("scope")
@with_appcontext
def remove_scope(scope: str) -> None:
    """Remove the task or scope with the id SCOPE, its variables, and all scopes below it.

    If there is no such scope, the command does nothing.
    """
    with scoped() as storage:
        storage.remove_scope(scope)
