"""`python -m tests.project.compatibility`: write docs/compatibility.md from the table of differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flask_taskvars.settings import PROFILES
from tests.contract.golden.differences import BESIDE, DIFFERENCES, row_of
from tests.contract.golden.row import Difference
from tests.contract.golden.world import ENGINES, cases

PATH = Path(__file__).parents[2] / "docs" / "compatibility.md"
VERSIONS = {engine: file.removesuffix(".json").partition("-")[2] for engine, file in ENGINES.items()}
STEPS = [step for case in cases() for step in case.steps]

PAGE = """\
# Compatibility with Camunda 7 and its forks

If you leave Camunda 7, its clients should not notice. This page lists what they could notice: every known answer that
differs from the engine's, with the reason. It covers the variables of tasks, the only resource of Camunda 7 that this
library serves.

## How it was compared

We sent {steps} requests, in {cases} cases, to a running Camunda {Camunda} and a running Operaton {Operaton}, and
recorded their answers: [tests/contract/golden](../tests/contract/golden). The tests send the same requests to this
library, in both [profiles](#which-profile-to-take) and on each storage. They compare the status, the media type with
its parameters, the file name of the Content-Disposition, and the body: JSON as JSON, bytes as bytes.

{counts}

Each answer that differs has a row below. The tests check that we answer as the row says, and that each row is needed:

```sh
make test PYTEST_ARGS=tests/contract/test_golden.py
```

The tests also compare how Camunda refuses a user who lacks a permission (403): our answers are the same. Your app
authenticates users, so it also sends the 401.

The tests do not compare what no client should look at: the order of headers and keys, headers that an engine does not
send, a `code` of 0 or null, the body of an answer to OPTIONS, messages that name Java classes (ours say what to do),
and the Base64 of objects that Java serialized. We did not record other forks of Camunda 7.

## Which profile to take

With `TASKVARS_PROFILE = "engine"` clients get the engine's statuses, including a 500 for their own mistakes. Choose it
if a client relies on these statuses, or if you can't find out. `documented`, the default, has the statuses of Camunda's
documentation, and a 4xx for every mistake of the caller, so that a 500 is always a fault of the server.

## Different in both profiles

These rows hold for both engines, unless they name one.

{both}

## Different by profile

`engine` answers like the engines. Where it doesn't, its column also says what they answer.

{by_profile}

## Beside a live engine

With [`CamundaStorage`](live-engine.md), on the database of a running engine, the rows above hold too, except these.
There the answer is the engine's:

{beside}

The tests start a Camunda and send it these requests again. They also send hundreds of generated requests to the engine,
to a storage of our own, and to a storage beside the engine. If an answer differs and no row above explains it, a test
fails.

```sh
make test PYTEST_ARGS=tests/engine
```
"""


def page() -> str:
    """Return the whole page."""
    both = [row for row in DIFFERENCES if not row.documented]
    by_profile = [row for row in DIFFERENCES if row.documented]
    return PAGE.format(
        **VERSIONS,
        steps=len(STEPS),
        cases=len(cases()),
        counts=_counts(),
        both=table(("Request", "The engines", "Here", "Why"), map(_in_both, both)),
        beside=table(("Request", "Why"), ((one.asked, one.why) for one in BESIDE)),
        by_profile=table(("Request", "`engine`", "`documented`", "Why"), map(_in_each, by_profile)),
    )


def _counts() -> str:
    """Return a sentence with the number of equal answers."""
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
    """Return a table in Markdown."""
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
