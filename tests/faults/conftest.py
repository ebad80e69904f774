"""The fault suite prints what happened, also when all went well."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.faults import Figures

_PROPERTY = "figures"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Figures]]:
    """Makes the figures of a test, by its name in plain words; they are printed at the end of the run."""
    made: list[Figures] = []

    def make(name: str) -> Figures:
        made.append(Figures(name))
        return made[-1]

    yield make
    # With the report, because another process than this one may print it.
    request.node.user_properties += [(_PROPERTY, str(one)) for one in made]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    lines = [text for end in ends for name, text in end.user_properties if name == _PROPERTY]
    if lines:
        terminalreporter.section("figures of the fault suite")
    for line in lines:
        terminalreporter.write_line(line)
