# /// script
# requires-python = ">=3.11"
# dependencies = ["matplotlib==3.11.*"]
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""Draws what `page.py` says on standard input, as SVG on standard output: bars for each system, one panel for each
figure. Ink changes with the reader's colour scheme; the colours of bars are seen on both."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

#: As matplotlib writes it, and what it becomes where the reader's scheme is dark.
INK, DARK_INK = "#24292f", "#d0d7de"
OURS, OTHERS = "#0a7ea4", "#9a6a2f"
SIZE_INCHES = (11.0, 3.9)
ROOM_FOR_FIGURES = 1.35

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "peers",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.titlesize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def main() -> None:
    given = json.load(sys.stdin)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(given["panels"]), sharey=True, figsize=SIZE_INCHES, layout="constrained")
        for axis, panel in zip(axes, given["panels"], strict=True):
            draw(axis, panel, given["systems"])
        sys.stdout.write(to_svg(figure, given["described"]))


def draw(axis: Any, panel: Mapping[str, Any], systems: Sequence[Mapping[str, Any]]) -> None:
    values = panel["values"]
    colours = [OURS if one["isOwn"] else OTHERS for one in systems]
    bars = axis.barh([one["name"] for one in systems], values, color=colours, height=0.66)
    axis.bar_label(bars, labels=panel["labels"], padding=3)
    axis.set_title(panel["title"], loc="left")
    axis.set_xlim(0, max(values) * ROOM_FOR_FIGURES)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    if not axis.yaxis_inverted():
        axis.invert_yaxis()


def to_svg(figure: Any, described: str) -> str:
    """Without date and maker, so that the same figures are the same file."""
    drawn = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(drawn, format="svg", transparent=True, metadata=nothing)
    head, tag, rest = drawn.getvalue().partition("<defs>")
    scheme = (
        f"<title>{described}</title><style>@media (prefers-color-scheme: dark) {{"
        f" [style*='fill: {INK}'] {{ fill: {DARK_INK} !important }}"
        f" [style*='stroke: {INK}'] {{ stroke: {DARK_INK} !important }} }}</style>\n "
    )
    return "\n".join(line.rstrip() for line in (head + scheme + tag + rest).splitlines()) + "\n"


if __name__ == "__main__":
    main()
