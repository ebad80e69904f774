"""`python -m tests.engine.record NEW.json`: send new cases to both engines, and add them to the golden answers.

tests/contract/golden/README.md describes a case. Here it has no answers, and its `on` is `fresh`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract.golden.world import ENGINES, GOLDEN, Answer, step_of
from tests.engine.rest import Rest
from tests.engine.server import running_engine

LONG = 16384
DROPPED = {"date", "connection", "keep-alive"}


def recorded(rest: Rest, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case with an engine's answers."""
    world = rest.make_world()
    steps = [step | {"answer": _written(rest.ask(step_of(case["name"], step), world))} for step in case["steps"]]
    return {**case, "steps": steps}


def add(file: Path, cases: Sequence[Mapping[str, Any]]) -> None:
    """Append cases to those in a file, one on each line."""
    known = json.loads(file.read_text())
    lines = ",\n".join(json.dumps(case) for case in [*known, *cases])
    file.write_text(f"[\n{lines}\n]\n")


def _written(answer: Answer) -> dict[str, Any]:
    headers = [[name, value] for name, value in answer.headers if name.lower() not in DROPPED]
    return {"status": answer.status, "headers": headers, "body": _body(answer.body)}


def _body(body: bytes) -> dict[str, Any]:
    if len(body) > LONG:
        return {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    try:
        text = body.decode()
        return {"json": json.loads(text)} if text[:1] in ("{", "[") else {"text": text}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    except ValueError:
        return {"text": text}


if __name__ == "__main__":
    new = json.loads(Path(sys.argv[1]).read_text())
    for engine, name in ENGINES.items():
        with running_engine(engine.lower()) as base:
            rest = Rest(base)
            rest.deploy()
            add(GOLDEN / name, [recorded(rest, case) for case in new])
