"""Draw the samples of a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from tests.support.sampled import Sample

mpl.use("agg")

COLOURS = ("#1a6faf", "#d9812b", "#8a8a8a", "#a63d40")


def draw(path: Path, samples: Sequence[Sample]) -> None:
    """Draw a curve for each worker's memory and descriptors, and one for the connections of all."""
    figure, (memory, descriptors, connections) = plt.subplots(3, figsize=(10, 7), sharex=True, layout="constrained")
    _curves(memory, samples, [sample.memory for sample in samples], "resident memory of each worker, MiB")
    _curves(descriptors, samples, [sample.descriptors for sample in samples], "open descriptors of each worker")
    _curves(connections, samples, [(sample.connections,) for sample in samples], "connections to the database")
    connections.set_xlabel("minutes")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def _curves(axes: Axes, samples: Sequence[Sample], heights: Sequence[Sequence[float]], title: str) -> None:
    """Draw from 0, so that a curve looks as flat as it is; the quarters that are compared have a background."""
    minutes = [sample.moment / 60 for sample in samples]
    for curve, colour in zip(zip(*heights, strict=True), COLOURS, strict=False):
        axes.plot(minutes, curve, color=colour, linewidth=1)
    for start in (0.25, 0.75):
        axes.axvspan(start * minutes[-1], (start + 0.25) * minutes[-1], color="#f0f0f0", zorder=0)
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
