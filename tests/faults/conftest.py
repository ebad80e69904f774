"""The fault suite prints its figures even if all tests pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.faults import MINUTES, Figures

_PROPERTY = "figures"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Figures]]:
    """A function that makes the figures of a test, given its name in plain words. The run prints them at its end."""
    made: list[Figures] = []

    def make(name: str) -> Figures:
        made.append(Figures(name))
        return made[-1]

    yield make
    # The figures travel with the report, because another process may print it.
    request.node.user_properties += [(_PROPERTY, str(one)) for one in made]


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long a test lasts that has the marker `lasts(short=…, share=…)`.

    `short` is the seconds of the short form. In the long form all selected tests together last :data:`MINUTES`, and
    each of them in proportion to its `share`: so one that is selected alone lasts all of them.
    """
    found = [marker for item in request.session.items if (marker := item.get_closest_marker("lasts"))]
    mine = request.node.get_closest_marker("lasts").kwargs
    part: float = mine["share"] / sum(marker.kwargs["share"] for marker in found)
    return max(float(mine["short"]), MINUTES * 60 * part)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    lines = [text for end in ends for name, text in end.user_properties if name == _PROPERTY]
    if lines:
        terminalreporter.section("figures of the fault suite")
    for line in lines:
        terminalreporter.write_line(line)
