"""Writes docs/compatibility.md out of the table of differences: `python -m tests.compatibility`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flask_taskvars.settings import PROFILES
from tests.golden_differences import BESIDE, DIFFERENCES, row_of
from tests.golden_row import Difference
from tests.golden_world import ENGINES, cases

PATH = Path(__file__).parent.parent / "docs" / "compatibility.md"
VERSIONS = {engine: file.removesuffix(".json").partition("-")[2] for engine, file in ENGINES.items()}
STEPS = [step for case in cases() for step in case.steps]

PAGE = """\
# Compatibility with Camunda 7 and its forks

You leave Camunda 7, and its clients must not notice. This page tells what they could notice: every answer that is known
to differ from the engine's, and why. It is about the variables of tasks, the one resource of Camunda 7 served here.

## How it was compared

A running Camunda {Camunda} and a running Operaton {Operaton} were sent the same {steps} requests, in {cases} cases, and
what they answered was recorded: [tests/golden](../tests/golden). The tests send the same requests to this library, in
both [profiles](#which-profile-to-take), on each storage, and compare the status, the media type with its
parameters, the file name of the Content-Disposition, and the body: JSON as JSON, bytes as bytes.

{counts}

Each of the others has a row below. The tests assert what it is, and that no row is there for nothing:

```sh
make test PYTEST_ARGS=tests/test_golden.py
```

Compared too, and the same: how Camunda refuses a user who lacks a permission (403). Who is asking is up to your app,
and so is a 401.

Not compared, as no client should look at it: the order of headers and of keys, headers that an engine does not send, a
`code` of 0 or null, the body of an answer to OPTIONS, a message that names Java classes (ours says what to do), and the
Base64 of what Java serialized. Other forks of Camunda 7 were not recorded.

## Which profile to take

With `TASKVARS_PROFILE = "engine"` clients get the statuses of the engine, also its 500 for their own mistakes: take it
when a client looks for these, or when you can't know. `documented`, the default, has the statuses of Camunda's
documentation, and a 4xx where the caller is wrong, so that a 500 is always a fault of the server.

## Different in both profiles

Both engines, unless one is named.

{both}

## Different by profile

`engine` answers as the engines do, unless it says here what they answer.

{by_profile}

## Beside a live engine

With [`CamundaStorage`](live-engine.md) on the database of an engine that runs, the same requests have the same answers,
but for these, which are the engine's own:

{beside}

The tests start a Camunda and send it these requests again. They also send hundreds that are made up, to the engine, to
a storage of our own and to one beside the engine: no answer may differ but by a row above.

```sh
make test PYTEST_ARGS=tests/engine
```
"""


def page() -> str:
    """The whole page."""
    both = [row for row in DIFFERENCES if not row.documented]
    by_profile = [row for row in DIFFERENCES if row.documented]
    return PAGE.format(
        **VERSIONS,
        steps=len(STEPS),
        cases=len(cases()),
        counts=_counts(),
        both=table(("Asked", "The engines", "Here", "Why"), map(_in_both, both)),
        beside=table(("Asked", "Why"), ((one.asked, one.why) for one in BESIDE)),
        by_profile=table(("Asked", "`engine`", "`documented`", "Why"), map(_in_each, by_profile)),
    )


def _counts() -> str:
    """How many answers are the same."""
    heads = (f"The same as {engine} {version}" for engine, version in VERSIONS.items())
    return table((f"Of {len(STEPS)} answers, in", *heads), ((f"`{one}`", *map(str, _same(one))) for one in PROFILES))


def _same(profile: str) -> list[int]:
    return [sum(row_of(step.label, engine, profile) is None for step in STEPS) for engine in ENGINES]


def _in_both(row: Difference) -> Sequence[str]:
    return row.asked, (row.engines if len(row.of) > 1 else f"{row.of[0]}: {row.engines}"), row.ours, row.why


def _in_each(row: Difference) -> Sequence[str]:
    who = "The engines" if len(row.of) > 1 else row.of[0]
    engine = f"{row.as_engine}. {who}: {row.engines}" if row.as_engine else row.engines
    return row.asked, engine, row.ours, row.why


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
