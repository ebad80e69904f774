"""Two pictures for the README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from .rounds import Results

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


def draw(folder: Path, sections: Mapping[str, Results]) -> None:
    """Draw `small.png` and `large.png`, where their sections were measured."""
    if small := sections.get("small"):
        figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
        _bars(axes, small, "rate")
        axes.set_ylabel("requests per second")
        _finish(axes, folder / "small.png")
    if large := sections.get("large"):
        figure, (speed, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        _bars(speed, large, "mb_per_s")
        speed.set_ylabel("MB/s")
        _bars(memory, large, "over_idle_mib")
        memory.set_ylabel("peak memory of the server over idle, MiB")
        memory.set_yscale("symlog", linthresh=1)
        figure.legend(*speed.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        _finish(None, folder / "large.png")


def _bars(axes: Axes, results: Results, metric: str) -> None:
    """A group of bars for each case, and in it one for each contestant; where there is none, a cross."""
    contestants, cases = [name for name in COLOURS if name in results.contestants()], results.cases()
    width = 0.8 / len(contestants)
    for number, name in enumerate(contestants):
        places = [case + (number - (len(contestants) - 1) / 2) * width for case in range(len(cases))]
        heights = [results.median(name, case, metric) for case in cases]
        axes.bar(places, [height or 0 for height in heights], width, color=COLOURS[name], label=NAMES[name])
        missing = [place for place, height in zip(places, heights, strict=True) if height is None]
        axes.plot(missing, [0] * len(missing), "x", color=COLOURS[name])
    axes.set_xticks(range(len(cases)), cases)
    axes.spines[["top", "right"]].set_visible(False)


def _finish(axes: Axes | None, path: Path) -> None:
    if axes:
        axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    plt.savefig(path, dpi=120, metadata={"Software": None})
    plt.close()
