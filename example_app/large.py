"""`make demo SEED=large`: a claim with twelve tasks, one of which has five hundred files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask_taskvars import File

from .extensions import db, storage
from .models import Claim, Task

STEPS = (
    "Read the report",
    "Ask the witnesses",
    "Sort the photos",
    "Call the surveyor",
    "Compare the estimates",
    "Check the sums insured",
    "Look for other insurers",
    "Write to the tenant",
    "Write to the landlord",
    "Order the drying",
    "Decide on the facade",
    "Pay in advance",
)
KINDS = (
    ("photo {:03}.txt", "text/plain"),
    ("estimate {:03}.csv", "text/csv"),
    ("sensor {:03}.json", "application/json"),
    ("letter {:03}.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("scan {:03}.tiff", "image/tiff"),
)
FILES = 500


def add_fire(claim_id: str) -> None:
    """Add the claim and its tasks to the desk's session."""
    tasks = [
        Task(id=f"fire-{number:02}", title=title, assignee=("ada", "ben")[number % 2])
        for number, title in enumerate(STEPS)
    ]
    db.session.add(Claim(id=claim_id, title="Fire in a block of flats", tasks=tasks))
    desk = storage.join(db.session)
    desk.add_scope(claim_id)
    desk.set(claim_id, "insured", "Elm Street Housing")
    for number, task in enumerate(tasks):
        desk.add_scope(task.id, parent=claim_id)
        desk.set(task.id, "due", datetime.now(UTC) + timedelta(days=number - 2))
    files = {}
    for number in range(FILES):
        pattern, mimetype = KINDS[number % len(KINDS)]
        name = pattern.format(number)
        files[name] = File(b"x,y\n1,2\n" * (number + 1), filename=name, mimetype=mimetype)
    desk.update("fire-02", put=files, local=True)
