"""`flask taskvars doctor`: examine what the storage depends on."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from .common import current_tabled, explained, printable


@click.command("doctor", short_help="Look at the database, the tables, the clock and the content stores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what was examined, and what is wrong.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at the database, its tables, its clock and the content stores.

    Each line has what was examined, a tab, and `ok` or what to do. To test a content store, the command writes a few
    bytes and deletes them. The exit status is 1 if anything is wrong.
    """
    with explained():
        found = dict(current_tabled().diagnose())
    if as_json:
        click.echo(json.dumps(found))
    else:
        for subject, problem in found.items():
            click.echo(f"{printable(subject)}\t{printable(problem or 'ok')}")
    if any(found.values()):
        raise click.exceptions.Exit(1)
