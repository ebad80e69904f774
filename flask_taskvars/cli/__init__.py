"""`flask taskvars …`: commands that put values in, list them, take them out, and look after the storage."""

from __future__ import annotations

from flask import Blueprint

from .doctor import doctor
from .engine import import_engine
from .scopes import add_scope, remove_scope, tasks
from .stores import check, init_db, move, sweep
from .values import get, ls, rm
from .writing import put

_HELP = """Work on the variables of tasks. These commands don't ask the app's authorize function.

TASK is the id of a task, as in the URL /task/TASK/variables. A task sees its own variables and those of the scopes
around it.
"""

_ON_VALUES = (tasks, add_scope, remove_scope, put, get, ls, rm)
_ON_STORAGE = (init_db, sweep, move, check, doctor, import_engine)


def add_commands(blueprint: Blueprint) -> None:
    """Add the commands to the blueprint's command group, which has the blueprint's name."""
    blueprint.cli.short_help = "Put files into task variables, list them, take them out."
    blueprint.cli.help = _HELP
    for command in (*_ON_VALUES, *_ON_STORAGE):
        blueprint.cli.add_command(command)
