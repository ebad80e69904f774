"""Send new generated requests to engines: `make explore MINUTES=10 CASES=20000 ENGINES=camunda,operaton`.

Each round has its own seed. A case with a difference is shrunk and written to build/explore, in the form that
`python -m tests.engine.record` reads. The search continues with the next seed.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from tests.contract.golden.world import Step
from tests.engine.compared import Mode, OnItsDatabase, OnOurOwn
from tests.engine.generated import Case, cases
from tests.engine.hosts import app_beside, make_database
from tests.engine.rest import Rest
from tests.engine.server import running_engine
from tests.support.databases import postgresql
from tests.support.desk import make_desk

FINDS = Path("build/explore")
ROUND = 100
"""The number of cases with one seed."""
SETTINGS = settings(
    max_examples=ROUND,
    derandomize=False,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


@dataclass
class Search:
    """One mode with one engine, and its number of equal cases."""

    engine: str
    name: str
    mode: Mode
    cases: int = 0
    finds: Counter[str] = field(default_factory=Counter)

    def run(self, number: int) -> None:
        """Run one round. A case with a difference ends it."""
        tried: list[Case] = []
        failed = False

        def compare(case: Case) -> None:
            nonlocal failed
            tried[:] = [case]
            try:
                self.mode(case)
            except BaseException:
                failed = True
                raise
            self.cases += not failed  # the cases that shrink a difference don't count

        made_up: Callable[[], None] = given(case=cases(camunda=self.engine == "camunda"))(compare)
        try:
            seed(number)(SETTINGS(made_up))()
        except (AssertionError, Flaky) as difference:
            self._keep(number, tried[0], difference)

    def _keep(self, number: int, case: Case, difference: Exception) -> None:
        told = "\n".join([str(difference), *getattr(difference, "__notes__", ())])
        file = FINDS / f"{self.engine}-{self.name}-{number}.json"
        FINDS.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([{"name": f"found {number}", "on": "fresh", "steps": [*map(_asked, chain(*case))]}]))
        print(f"== found, with the seed {number}, in {file}:\n{told}", flush=True)
        self.finds[str(difference).partition("\n")[0]] += 1


def _asked(step: Step) -> Mapping[str, object]:
    asked = {"method": step.method, "path": step.path, "headers": step.headers}
    return asked | ({"base64": base64.b64encode(step.body).decode()} if step.body else {})


@contextmanager
def searches(engine: str, server_url: str) -> Iterator[list[Search]]:
    """Yield both modes of an engine."""
    with ExitStack() as stack:
        url = make_database(server_url, engine)
        rest = Rest(stack.enter_context(running_engine(engine, url, heap="2g")))
        rest.deploy()
        desk = stack.enter_context(make_desk(make_database(server_url, f"own_{engine}"), TASKVARS_PROFILE="engine"))
        app = stack.enter_context(app_beside(url, rest))
        database = sa.create_engine(url)
        stack.callback(database.dispose)
        own, beside = OnOurOwn(rest, database, desk), OnItsDatabase(rest, database, app)
        yield [Search(engine, "own", own), Search(engine, "beside", beside)]


def explore(engine: str, server_url: str, seconds: float, most: int, number: int) -> list[Search]:
    """Run rounds of the modes in turn, until the time is over or every mode has its number of cases."""
    end = time.monotonic() + seconds
    with searches(engine, server_url) as both:
        while time.monotonic() < end and (waiting := [one for one in both if one.cases < most]):
            for search in waiting:
                search.run(number)
            number += 1
            print(*(f"{one.engine} {one.name}: {one.cases} cases" for one in both), sep=", ", flush=True)
    return both


def main() -> int:
    """Explore each engine. Return 1 if a difference was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="for all engines together")
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="for each mode and engine, in rounds")
    parser.add_argument("--engines", default="camunda,operaton")
    parser.add_argument("--seed", type=int, help="of the first round, to repeat one")
    told = parser.parse_args()
    engines = told.engines.split(",")
    number = secrets.randbelow(2**31) if told.seed is None else told.seed
    done: list[Search] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, postgresql(Path(folder)) as url:
        for engine in engines:
            done += explore(engine, url, told.minutes * 60 / len(engines), told.cases, number)
    for search in done:
        print(f"{search.engine}, {search.name}: {search.cases} cases, {search.finds.total()} finds")
        for what, count in search.finds.most_common():
            print(f"    {count} x {what}")
    return int(any(search.finds for search in done))


if __name__ == "__main__":
    sys.exit(main())
