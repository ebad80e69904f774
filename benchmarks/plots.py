"""Draw two pictures of the results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .rounds import Results
from .small import ONE_THREAD

mpl.use("agg")

COLOURS = {
    "ours, SQLite": "#1a6faf",
    "ours, PostgreSQL": "#5aa9dd",
    "bare": "#8a8a8a",
    "nginx": "#8a8a8a",
    "naive, SQLite": "#d9812b",
    "naive, PostgreSQL": "#efb678",
    "engine": "#a63d40",
}
NAMES = {
    "bare": "Flask view, no look-up",
    "nginx": "nginx sendfile",
    "engine": "Camunda 7, PostgreSQL",
    "naive, SQLite": "LargeBinary and send_file, SQLite",
    "naive, PostgreSQL": "LargeBinary and send_file, PostgreSQL",
    "ours, SQLite": "flask-taskvars, SQLite",
    "ours, PostgreSQL": "flask-taskvars, PostgreSQL",
}


_LEFT_OUT = (ONE_THREAD, "uWSGI")


def draw(folder: Path, sections: Mapping[str, Results]) -> None:
    """Draw `small.png` and `large.png`, if their sections were measured."""
    if small := sections.get("small"):
        figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
        _bars(axes, small, "rate", "requests per second")
        _finish(figure, axes, folder / "small.png")
    if large := sections.get("large"):
        figure, (speed, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        _bars(speed, large, "mb_per_s", "MB/s")
        _bars(memory, large, "over_idle_mib", "peak memory of the server over idle, MiB")
        memory.set_yscale("symlog", linthresh=10)
        memory.yaxis.set_major_formatter("{x:g}")
        _finish(figure, speed, folder / "large.png")


def _bars(axes: Axes, results: Results, metric: str, title: str) -> None:
    """Draw a group of bars for each case, with a bar for each contestant, or a cross if it has no value."""
    contestants = [name for name in COLOURS if name in results.contestants()]
    cases = [case for case in results.cases() if not case.endswith(_LEFT_OUT)]
    width = 0.84 / len(contestants)
    for number, name in enumerate(contestants):
        places = [case + (number - (len(contestants) - 1) / 2) * width for case in range(len(cases))]
        heights = [results.median(name, case, metric) for case in cases]
        bars = axes.bar(places, [height or 0 for height in heights], width, color=COLOURS[name], label=NAMES[name])
        labels = ["×" if height is None else f"{height:,.0f}" for height in heights]
        axes.bar_label(bars, labels, fontsize=6, padding=1)
    axes.set_xticks(range(len(cases)), cases)
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def _finish(figure: Figure, axes: Axes, path: Path) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)
