"""`flask taskvars doctor`: examine what the storage depends on, and the limits of the app."""

from __future__ import annotations

import json
from itertools import accumulate

import click
from flask import current_app
from flask.cli import with_appcontext

from ..mount import Mount, current_state
from ..settings import PREFIX, Settings
from .common import current_mount, current_tabled, explained, printable

_DEFAULTS = Settings()


@click.command("doctor", short_help="Look at the database, the tables, the clock, the content stores and the limits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: what was examined, and what is wrong.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at the database, its tables, its clock, the content stores and the app's limits.

    Behind a pooler, such as PgBouncer, there is a line for it too. Each line has what was examined, a tab, and `ok` or
    what to do. To test a content store, the command writes a few bytes and deletes them. The exit status is 1 if
    anything is wrong.
    """
    with explained():
        found = {**dict(current_tabled().diagnose()), "limits": _out_of_reach(current_mount())}
    if as_json:
        click.echo(json.dumps(found))
    else:
        for subject, problem in found.items():
            click.echo(f"{printable(subject)}\t{printable(problem or 'ok')}")
    if any(found.values()):
        raise click.exceptions.Exit(1)


def _out_of_reach(mount: Mount) -> str:
    """Find our limits that no request reaches, because the app's own is smaller.

    A default doesn't count: nobody chose it. Nothing counts if a `before_request` of the blueprint, or of one around
    it, may raise the app's limit for our routes.
    """
    smaller = current_app.config["MAX_CONTENT_LENGTH"]
    if smaller is None or _has_before_request(mount):
        return ""
    limits = {name: getattr(mount.settings, name) for name in ("max_content_length", "max_json_length")}
    unreached = " and ".join(
        f"{PREFIX}{name.upper()}={limit}"
        for name, limit in limits.items()
        if limit > smaller and limit != getattr(_DEFAULTS, name)
    )
    if not unreached:
        return ""
    return f"MAX_CONTENT_LENGTH={smaller} is smaller than {unreached}, and counts: raise it, or lower ours."


def _has_before_request(mount: Mount) -> bool:
    name = next(name for name, there in current_state().mounts.items() if there is mount)
    around = accumulate(name.split("."), "{}.{}".format)
    return any(current_app.before_request_funcs.get(one) for one in around)
