"""`flask taskvars init-db`, `sweep`, `move` and `check`: an operator's commands for the storage's tables and stores."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import click
from flask.cli import with_appcontext

from .common import Finding, current_mount, current_tabled, explained, printable, progress


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Create missing tables."""
    with explained():
        current_tabled().create_tables()
    click.echo("All tables exist.", err=True)


@click.command("sweep", short_help="Delete contents that no variable refers to.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    show_default="TASKVARS_GRACE_HOURS",
    help="Hours since the contents were replaced or removed. Give more than the longest upload takes.",
)
@with_appcontext
def sweep(older_than: float | None) -> None:
    """Delete contents that were replaced or removed, or whose upload broke off."""
    with explained():
        count = current_tabled().sweep(_seconds(older_than))
    click.echo(f"{count} content{'' if count == 1 else 's'} deleted.")


@click.command("move")
@click.option("--to", required=True, metavar="STORE", help="The content store's name in the storage's `contents`.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Hours; the command leaves younger contents where they are.",
)
@with_appcontext
def move(to: str, older_than: float) -> None:
    """Move the contents of all other stores into STORE.

    The app may continue to serve. The command verifies each copy before the variable refers to it. A later sweep
    deletes the old copies. If the command breaks off, run it again: it continues where it stopped.
    """
    with explained():
        mover, seconds = current_tabled().mover(to), older_than * 3600
        with progress(mover.size(seconds), f"→ {to}") as bar:
            found = _show(mover.move(seconds, bar.update))
    if found:
        raise click.ClickException("Missing and altered contents were not moved.")


@click.command("check", short_help="Find missing and leftover contents.")
@click.option(
    "--deep", is_flag=True, help="Read all bytes and compare their SHA-256. Without it, only the last byte is read."
)
@click.option("--repair", is_flag=True, help="Let a sweep delete leftover contents; add missing markers.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    show_default="TASKVARS_GRACE_HOURS",
    help="Hours; younger contents never count as leftover, because a transaction may still be open.",
)
@with_appcontext
def check(deep: bool, repair: bool, older_than: float | None) -> None:
    """Compare the variables with the content stores, and list missing, altered and leftover contents.

    Each line has what is wrong, the store, the content's id, and the scope and name of its variable. Without --repair
    the command changes nothing. To get missing or altered contents back, restore a backup. The exit status is 1 if
    the command found anything.
    """
    with explained():
        checker = current_tabled().checker()
        with progress(checker.size(), "✓") as bar:
            # The stores come first: this step refuses a store of another database.
            found = _show(chain(checker.stores(_seconds(older_than), repair), checker.variables(deep, bar.update)))
    if found:
        raise click.exceptions.Exit(1)
    click.echo("All contents are there.", err=True)


def _seconds(hours: float | None) -> float:
    return (current_mount().settings.grace_hours if hours is None else hours) * 3600


def _show(findings: Iterable[Finding]) -> int:
    """Print findings as they come, and count them."""
    count = 0
    for one in findings:
        count += 1
        parts = (one.kind, one.store or "database", one.content_id, one.scope or "", one.name or "")
        click.echo("\t".join(map(printable, parts)).rstrip("\t"))
    return count
