"""`python -m tests.support.gated_demo`: the demo with a gate, added as a host adds one to an app that it has."""

from __future__ import annotations

from example_app.__main__ import main
from example_app.extensions import taskvars
from flask_taskvars import Bytes, File, Refused, Value
from flask_taskvars.errors.storage import StorageFull


@taskvars.accept
def by_name(task_id: str, name: str, value: File | Bytes | Value) -> None:
    """Refuse each variable whose name begins with the status that it shall get."""
    start = name.partition(" ")[0]
    if start == "507":
        raise StorageFull
    if start.isdecimal():
        raise Refused(int(start), f"The gate looked at {name}.")


if __name__ == "__main__":
    main()
