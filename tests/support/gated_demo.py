"""`python -m tests.support.gated_demo`: the demo with a gate, added as a host adds one to its app."""

from __future__ import annotations

from example_app.__main__ import main
from example_app.extensions import taskvars
from flask_taskvars import Bytes, File, Refused, Value
from flask_taskvars.errors.storage import StorageFull


@taskvars.accept
def by_name(task_id: str, name: str, value: File | Bytes | Value) -> None:
    """Refuse a variable whose name begins with a status: `415 photo` gets a 415."""
    start = name.partition(" ")[0]
    if start == "507":
        raise StorageFull
    if start.isdecimal():
        raise Refused(int(start), f"The gate looked at {name}.")


if __name__ == "__main__":
    main()
