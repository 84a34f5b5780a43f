"""Plots as inline SVG, coloured by the page's own CSS variables, so that they follow light and dark.

Drawn for a phone's width, so that their letters can be read there. Each has a title that says what it shows, and
figures stand beside the marks, so that nothing is said by colour or length alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from markupsafe import Markup

from epitome.pages.page import render

WIDTH = 360
BINS = 24
CURVE, _TOP = 150, 16
"""Height of curves, and the room above them for the top tick."""
_DOTS = 40
_ROW = 40
_EDGE = 8
"""Room beside the scale, for marks that stand on its ends."""
_NAME = 38
"""Columns of text that a name may take above its marks."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """One row: its name, in full and as it fits, where its marks stand (in SVG units), and its figure."""

    name: str
    short: str
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
            "height": 80 * count / max(counts),
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
    scale = _Scale([value for _, *numbers in rows for value in numbers])
    marks = [
        _mark(at, name, f"{mean:.2f}", scale(mean), scale(low), scale(high))
        for at, (name, mean, low, high) in enumerate(rows)
    ]
    return render(
        "intervals.html",
        label=label,
        marks=marks,
        ticks=scale.ticks(),
        width=WIDTH,
        height=len(marks) * _ROW,
    )


def bars(rows: Sequence[tuple[str, float]], *, label: str) -> Markup:
    """Values as bars from zero, (name, value) a row. Nothing without a row."""
    if not rows:
        return Markup("")
    scale = _Scale([0.0, *(value for _, value in rows)], whole=False)
    marks = [
        _mark(at, name, _short(value), scale(value), *sorted((scale(0), scale(value))))
        for at, (name, value) in enumerate(rows)
    ]
    return render("bars.html", label=label, marks=marks, width=WIDTH, height=len(marks) * _ROW)


Points = Sequence[tuple[float, float]]


def curves(lines: Sequence[tuple[str, Points]], *, label: str, unit: str = "step") -> Markup:
    """Values over steps, (name, [(step, value), …]) a line, at most a few; the last one is drawn thick.

    Nothing without a point. Up to 40 points of a line are marked by dots; a lone point beside lines has its name there.
    """
    drawn = [(name, points) for name, points in lines if points]
    if not drawn:
        return Markup("")
    scale = _Scale([value for _, points in drawn for _, value in points])
    places = [at for _, points in drawn for at, _ in points]
    least, most = min(places), max(places)
    longest = max(len(points) for _, points in drawn)

    def x(at: float) -> float:
        return _EDGE + (at - least) / ((most - least) or 1) * (WIDTH - 2 * _EDGE)

    def y(value: float) -> float:
        return CURVE * (1 - (scale(value) - _EDGE) / (WIDTH - 2 * _EDGE)) + _TOP

    held = [
        {
            "name": name,
            "last": _short(points[-1][1]),
            "points": " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points),
            "dots": [(x(at), y(value), f"{at:,.0f}: {value:.4g}") for at, value in points]
            if len(points) <= _DOTS
            else [],
            "alone": len(points) == 1 < longest,
        }
        for name, points in drawn
    ]
    ticks = [
        (CURVE * (1 - (at - _EDGE) / (WIDTH - 2 * _EDGE)) + _TOP, number) for at, number in scale.ticks()
    ]
    return render(
        "curves.html", label=label, unit=unit, lines=held, ticks=ticks, width=WIDTH, height=CURVE + _TOP + 4,
        first=_short(least), last=_short(most),
    )  # fmt: skip


class _Scale:
    """From values to SVG units; with `whole`, it ends at round numbers."""

    def __init__(self, values: Sequence[float], *, whole: bool = True) -> None:
        least, most = min(values), max(values)
        span = most - least or abs(most) / 10 or 1.0
        power = 10.0 ** math.floor(math.log10(span / 4))
        self.step = next(power * times for times in (1, 2, 5, 10, 20) if power * times >= span / 4)
        self.least = math.floor(least / self.step) * self.step if whole else least
        self.most = math.ceil(most / self.step) * self.step if whole else most
        if self.most == self.least:
            self.most += self.step

    def __call__(self, value: float) -> float:
        share = (value - self.least) / (self.most - self.least)
        return _EDGE + share * (WIDTH - 2 * _EDGE)

    def ticks(self) -> list[tuple[float, str]]:
        """Places of round numbers and what they are, from the least to the most."""
        digits = max(0, -math.floor(math.log10(self.step)))
        count = round((self.most - self.least) / self.step)
        numbers = [self.least + at * self.step for at in range(count + 1)]
        return [(self(number), f"{round(number, digits) + 0.0:,.{digits}f}") for number in numbers]


def _mark(at: int, name: str, figure: str, x: float, left: float, right: float) -> _Mark:
    return _Mark(name, _fit(name), figure, at * _ROW, x, left, right)


def _fit(name: str) -> str:
    """As much of a name as there is room for; the whole of it stands in the mark's title."""
    room = _NAME
    for at, char in enumerate(name):
        room -= 2 if east_asian_width(char) in "WF" else 1
        if room < 0:
            return name[:at] + "…"
    return name


def _short(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
