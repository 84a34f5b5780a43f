"""Plots as inline SVG, coloured by the page's own CSS variables, so that they follow light and dark.

Each has a title that says what it shows and stretches to the width it has; figures stand beside the marks, so that
nothing is said by colour or length alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from epitome.pages.page import render

WIDTH = 640
BINS = 24
_ROW = 30
_LEFT, _RIGHT = 170, 110


@dataclass(frozen=True, slots=True)
class _Mark:
    """One row: its name, where its marks stand (in SVG units), and its figure."""

    name: str
    figure: str
    y: float
    x: float
    left: float
    right: float


def histogram(values: Sequence[float], *, label: str, unit: str = "") -> Markup:
    """How values are spread, in 24 bins over their whole range; the median is marked. Nothing without a value."""
    if not values:
        return Markup("")
    least, most = min(values), max(values)
    size = (most - least) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - least) / size))] += 1
    median = sorted(values)[len(values) // 2]
    step = WIDTH / BINS
    bars = [
        {
            "x": at * step,
            "height": 100 * count / max(counts),
            "about": f"{_short(least + at * size)}: {count:,}",
        }
        for at, count in enumerate(counts)
    ]
    return render(
        "histogram.html",
        label=label,
        unit=unit,
        bars=bars,
        width=WIDTH,
        step=step,
        least=_short(least),
        most=_short(most),
        median=_short(median),
        middle=min(WIDTH - 1, (median - least) / size * step) if most > least else step / 2,
    )


def intervals(rows: Sequence[tuple[str, float, float, float]], *, label: str) -> Markup:
    """Means with their intervals, (name, mean, low, high) a row, on one scale. Nothing without a row."""
    if not rows:
        return Markup("")
    scale = _Scale([value for _, _, low, high in rows for value in (low, high)])
    marks = [
        _Mark(name, f"{mean:.2f}", (at + 0.5) * _ROW, scale(mean), scale(low), scale(high))
        for at, (name, mean, low, high) in enumerate(rows)
    ]
    return _rows("intervals.html", label, marks, scale)


def bars(rows: Sequence[tuple[str, float]], *, label: str) -> Markup:
    """Values as bars from zero, (name, value) a row. Nothing without a row."""
    if not rows:
        return Markup("")
    scale = _Scale([0.0, *(value for _, value in rows)])
    marks = [
        _Mark(
            name,
            _short(value),
            (at + 0.5) * _ROW,
            scale(value),
            min(scale(0), scale(value)),
            max(scale(0), scale(value)),
        )
        for at, (name, value) in enumerate(rows)
    ]
    return _rows("bars.html", label, marks, scale)


class _Scale:
    """From values to SVG units, with a little room on both sides."""

    def __init__(self, values: Sequence[float]) -> None:
        least, most = min(values), max(values)
        room = (most - least) * 0.04 or 1.0
        self.least = least - room if least else 0.0
        self.most = most + room

    def __call__(self, value: float) -> float:
        share = (value - self.least) / (self.most - self.least)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _rows(template: str, label: str, marks: Sequence[_Mark], scale: _Scale) -> Markup:
    return render(
        template,
        label=label,
        marks=marks,
        width=WIDTH,
        height=len(marks) * _ROW + 26,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        least=_short(scale.least),
        most=_short(scale.most),
    )


def _short(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
