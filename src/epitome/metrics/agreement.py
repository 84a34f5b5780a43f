"""How far people agree beyond chance: Krippendorff's alpha ("Computing Krippendorff's alpha-reliability", 2011)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Literal, get_args

from epitome.errors import UsageError

Level = Literal["nominal", "ordinal", "interval"]
LEVELS: tuple[Level, ...] = get_args(Level)
Unit = Sequence[float | None]
"""What each rater said of one thing; None where one said nothing."""


def alpha(units: Sequence[Unit], level: Level = "nominal") -> float | None:
    """1 for perfect agreement, 0 for that of chance, below for worse; None where nothing can be said of it.

    Nothing can be said without two ratings of one unit, or where all ratings are the same. `nominal`: values are equal
    or not; `ordinal`: their order counts; `interval`: their distance. Raises `UsageError` for another level.

    >>> alpha([[1, 1], [2, 2], [1, 2], [3, 3]])
    0.6666666666666667
    """
    if level not in LEVELS:
        raise UsageError(f"no level of measurement is called {level!r}", hint=f"one of {', '.join(LEVELS)}")
    coincidences = _coincidences(units)
    totals: Counter[float] = Counter()
    for (one, _), count in coincidences.items():
        totals[one] += count
    if len(totals) < 2:
        return None
    distance = _distance(level, totals)
    observed = sum(count * distance(one, other) for (one, other), count in coincidences.items())
    expected = sum(
        totals[one] * totals[other] * distance(one, other) for one, other in permutations(totals, 2)
    )
    return 1 - (totals.total() - 1) * observed / expected


def alpha_interval(
    units: Sequence[Unit], level: Level = "nominal", samples: int = 1000, seed: int = 0
) -> tuple[float, float, float] | None:
    """Alpha and its 95 % interval by resampling units; None where alpha says nothing."""
    import numpy as np

    whole = alpha(units, level)
    if whole is None:
        return None
    rng = np.random.default_rng(seed)
    drawn = (
        alpha([units[at] for at in rng.integers(0, len(units), len(units))], level) for _ in range(samples)
    )
    found = [one for one in drawn if one is not None]
    low, high = np.percentile(found, (2.5, 97.5))
    return whole, float(low), float(high)


def _coincidences(units: Sequence[Unit]) -> Counter[tuple[float, float]]:
    """How often two values stand together in a unit, each unit weighed by its number of ratings."""
    found: Counter[tuple[float, float]] = Counter()
    for unit in units:
        values = [value for value in unit if value is not None]
        for pair in permutations(values, 2):
            found[pair] += 1 / (len(values) - 1)  # type: ignore[assignment]  # shares, not whole numbers
    return found


def _distance(level: Level, totals: Mapping[float, float]) -> Callable[[float, float], float]:
    if level == "nominal":
        return lambda one, other: float(one != other)
    if level == "interval":
        return lambda one, other: (one - other) ** 2
    order = sorted(totals)
    below = {value: sum(totals[other] for other in order if other < value) for value in order}

    def ordinal(one: float, other: float) -> float:
        low, high = sorted((one, other))
        between = below[high] + totals[high] - below[low]
        return float((between - (totals[low] + totals[high]) / 2) ** 2)

    return ordinal
