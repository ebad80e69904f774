"""Draw the picture of the layers: a box for each package, and a line for each import."""

from __future__ import annotations

from collections.abc import Iterator

from tests.project.test_layers import LAYERS, MODULES, imports, room

WIDTH, BOX, HIGH, GAP = 860, 150, 34, 34
STYLE = """
  .box { fill: #fff; stroke: #57606a; rx: 6 } .name { font: 14px sans-serif; text-anchor: middle; fill: #1f2328 }
  .line { stroke: #8c959f; stroke-width: 1; fill: none } svg { background: #f6f8fa }
"""


def _places() -> dict[str, tuple[float, float]]:
    """Return the middle of each box."""
    return {
        one: (WIDTH * (column + 1) / (len(rooms) + 1), GAP + number * (HIGH + GAP))
        for number, rooms in enumerate(LAYERS)
        for column, one in enumerate(sorted(rooms))
    }


def _uses() -> set[tuple[str, str]]:
    """Return pairs of packages of which one imports the other, unless a path through others already shows it."""
    direct = {(room(name), room(other)) for name in MODULES for other in imports(name) if room(name) != room(other)}
    return {(one, other) for one, other in direct if not _leads(direct - {(one, other)}, one, other)}


def _leads(uses: set[tuple[str, str]], start: str, end: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        further = {other for one, other in uses if one == here} - seen
        seen |= further
        waiting += further
    return end in seen


def _lines() -> Iterator[str]:
    places = _places()
    height = len(LAYERS) * (HIGH + GAP) + GAP
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    yield "<title>The packages of flask_taskvars: each imports only those below it</title>"
    yield f"<style>{STYLE}</style>"
    for one, other in sorted(_uses()):
        (x1, y1), (x2, y2) = places[one], places[other]
        bend = 0 if abs(x1 - x2) > 1 or y2 - y1 < HIGH + GAP + 1 else BOX * 0.8
        start, end = y1 + HIGH / 2, y2 - HIGH / 2
        middle = (start + end) / 2
        curve = f"C{x1 + bend:g} {middle:g} {x2 + bend:g} {middle:g} {x2:g} {end:g}"
        yield f'<path class="line" d="M{x1:g} {start:g} {curve}"/>'
    for one, (x, y) in places.items():
        yield f'<rect class="box" x="{x - BOX / 2:g}" y="{y - HIGH / 2:g}" width="{BOX}" height="{HIGH}"/>'
        yield f'<text class="name" x="{x:g}" y="{y + 5:g}">{one}</text>'
    yield "</svg>"


def picture() -> str:
    """Return the picture as SVG."""
    return "\n".join(_lines()) + "\n"
