"""Fill an empty desk with two claims, four tasks and real files. `SEED=large` adds a third claim with many files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import click
from flask import current_app

from flask_taskvars import Bytes, File, Value

from .extensions import db, storage
from .history import remember
from .large import add_fire
from .models import Claim, Task

FILES = Path(__file__).parent / "files"


def seed() -> None:
    """Create missing tables and claims, each claim with its tasks and files in one transaction."""
    db.create_all()
    claims = {"claim-17": add_water_damage, "claim-18": add_hail_damage}
    if current_app.config.get("SEED") == "large":
        claims["claim-19"] = add_fire
    for claim_id, add in claims.items():
        if db.session.get(Claim, claim_id) is None:
            click.echo(f"Adding {claim_id} …")
            add(claim_id)
            for task in db.session.get_one(Claim, claim_id).tasks:
                for variable in storage.join(db.session).get_all(task.id).values():
                    remember(variable, task.assignee)
            db.session.commit()
        else:
            click.echo(f"{claim_id} exists from an earlier run.")


def add_water_damage(claim_id: str) -> None:
    """Add a claim with a task for each user and small files, from a path and from bytes."""
    check = Task(id="aTaskId", title="Check the policy", assignee="ada")
    assess = Task(id="assess-damage", title="Assess the damage", assignee="ben")
    add_claim(Claim(id=claim_id, title="Water damage, Elm Street 4", tasks=[check, assess]))

    desk = storage.join(db.session)
    desk.set(claim_id, "policy", File(FILES / "policy.pdf", filename="policy.pdf", mimetype="application/pdf"))
    desk.set(claim_id, "photo", File(FILES / "ceiling.png", filename="ceiling.png", mimetype="image/png"))
    desk.set(claim_id, "insured", "Grace Sample")
    desk.set(claim_id, "amount", 1250)
    desk.set(claim_id, "excess", 150)

    text = "Dear colleague,\n\nthe premium of 80 € was paid on time.\n".encode()
    desk.set(check.id, "aVarName", File(text, filename="someFile.txt", mimetype="text/plain", encoding="UTF-8"))
    letter = "Schöne Grüße aus der Küche: das Wasser läuft noch.\n".encode("iso-8859-1")
    named = File(letter, filename="Grüße.txt", mimetype="text/plain", encoding="ISO-8859-1")
    desk.set(check.id, "letter", named)
    desk.set(check.id, "excess", 200)  # hides the claim's variable of this name
    desk.set(assess.id, "amount", 1100)
    desk.set(check.id, "due", in_days(3))
    desk.set(assess.id, "due", in_days(5))


def add_hail_damage(claim_id: str) -> None:
    """Add a claim with a task for each user and a large file, from a stream."""
    pay = Task(id="pay-out", title="Pay out", assignee="ada")
    inspect = Task(id="inspect-car", title="Inspect the car", assignee="ben")
    add_claim(Claim(id=claim_id, title="Hail on a parked car", tasks=[pay, inspect]))

    desk = storage.join(db.session)
    size = current_app.config["RECORDING_SIZE"]
    with click.progressbar(length=size, label=f"Making a recording of {size:,} bytes") as bar:
        desk.set(claim_id, "recording", File(Noise(size, bar.update), filename="dashcam.bin"))
    desk.set(claim_id, "insured", "Omar Example")
    desk.set(inspect.id, "due", in_days(9))
    desk.set(pay.id, "signature", Bytes(bytes(range(256))))
    desk.set(pay.id, "due", Value("Date", "2026-11-23T10:11:12.345+0000"))


def in_days(days: int) -> datetime:
    """Return noon, some days from now."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)


def add_claim(claim: Claim) -> None:
    """Add a claim and its tasks, each with a scope of the same id.

    A claim's scope is a task for the storage, so that pages can list its variables. Nobody can read it by URL: the
    authorize function finds no such task.
    """
    db.session.add(claim)
    desk = storage.join(db.session)
    desk.add_scope(claim.id)
    for task in claim.tasks:
        desk.add_scope(task.id, parent=claim.id)


class Noise:
    """A stream of `size` pseudo-random bytes, the same on every machine. It stands for a recording.

    :param progress: called after each read with the number of bytes.
    """

    def __init__(self, size: int, progress: Callable[[int], object]) -> None:
        self._left, self._progress, self._random = size, progress, Random(18)

    def read(self, size: int, /) -> bytes:
        piece = self._random.randbytes(min(size, self._left))
        self._left -= len(piece)
        self._progress(len(piece))
        return piece
