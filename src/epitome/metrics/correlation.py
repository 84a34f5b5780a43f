"""How far a metric agrees with people: Pearson's r, Spearman's rho, Kendall's tau-b, with bootstrap intervals.

Tau-b (Kendall 1945) counts ties in neither direction, which human judgments are full of. The intervals resample pairs
(percentile bootstrap, Efron 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epitome.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A correlation, -1 to 1, and its 95 % interval. NaN where one side never varies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """Three coefficients of the same pairs."""

    pearson: Coefficient
    spearman: Coefficient
    kendall: Coefficient


def correlate(x: Sequence[float], y: Sequence[float], samples: int = 1000, seed: int = 0) -> Correlation:
    """How far two lists of figures, in the same order, go together.

    Time grows with the square of the pairs, for Kendall's sake.

    Raises `UsageError` if the lists differ in length, are shorter than two, or hold a figure that is not finite.
    """
    import numpy as np

    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise UsageError(f"{len(a)} and {len(b)} figures cannot be correlated", hint="give two or more pairs")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UsageError("figures that are not finite cannot be correlated", hint="leave those rows out")
    n = len(a)
    pairs = _Pairs(a, b)
    point = pairs.coefficients(np.ones((1, n)))
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n)
    sizes = [min(rows, samples - done) for done in range(0, samples, rows)]
    drawn = [pairs.coefficients(rng.multinomial(n, np.full(n, 1 / n), size)) for size in sizes]
    resampled = np.concatenate(drawn) if drawn else point[:0]
    return Correlation(*(_coefficient(point[0, at], resampled[:, at]) for at in range(3)))


class _Pairs:
    """The pairs, and how often each is drawn: a resample is a row of counts, and many are worked on at once."""

    def __init__(self, a: Floats, b: Floats) -> None:
        # Smaller numbers lose less where means are subtracted.
        self._sides = [_Side(each - each.mean()) for each in (a, b)]

    def coefficients(self, counts: NDArray[np.generic]) -> Floats:
        """Pearson, Spearman and Kendall for each row of counts (resamples, pairs)."""
        import numpy as np

        weights = counts.astype(np.float64)
        values = [np.broadcast_to(side.values, weights.shape) for side in self._sides]
        groups = [side.groups(weights) for side in self._sides]
        ranks = [side.ranks(group) for side, group in zip(self._sides, groups, strict=True)]
        found = np.stack(
            [_pearson(weights, *values), _pearson(weights, *ranks), self._tau(weights, groups)], axis=1
        )
        total = weights.shape[1]
        constant = [(group == total).any(axis=1) for group in groups]
        found[constant[0] | constant[1]] = np.nan
        return found

    def _tau(self, weights: Floats, groups: list[Floats]) -> Floats:
        """Tau-b: concordant less discordant pairs, as a quadratic form in the counts."""
        import numpy as np

        x, y = (side.codes for side in self._sides)
        n = len(x)
        # Whole numbers below 2^24: exact in float32, in whatever order they are added.
        small = weights.astype(np.float32)
        agreement = np.zeros(len(weights))
        step = max(1, _CHUNK // n)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            signs = np.sign(x[rows, None] - x) * np.sign(y[rows, None] - y)
            agreement += np.einsum("ij,ij->i", small[:, rows] @ signs.astype(np.float32), weights)
        untied = [n * n - np.square(group).sum(axis=1) for group in groups]
        with np.errstate(divide="ignore", invalid="ignore"):
            tau: Floats = agreement / np.sqrt(untied[0] * untied[1])
        return tau


class _Side:
    """One of the two lists: its values, and which of them are equal."""

    def __init__(self, values: Floats) -> None:
        import numpy as np

        self.values = values
        _, self.codes = np.unique(values, return_inverse=True)
        self._order = np.argsort(self.codes, kind="stable")
        self._starts = np.flatnonzero(np.diff(self.codes[self._order], prepend=-1))

    def groups(self, weights: Floats) -> Floats:
        """How often each distinct value is drawn, in rising order of the values."""
        import numpy as np

        summed: Floats = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        return summed

    def ranks(self, groups: Floats) -> Floats:
        """The rank of every pair in each resample; equal values share their mean rank."""
        import numpy as np

        ranks: Floats = np.cumsum(groups, axis=1) - (groups - 1) / 2
        centred = ranks - (groups.sum(axis=1, keepdims=True) + 1) / 2
        every: Floats = centred[:, self.codes]
        return every


def _pearson(weights: Floats, x: Floats, y: Floats) -> Floats:
    import numpy as np

    n = weights.sum(axis=1)
    mean_x, mean_y = (np.einsum("ij,ij->i", weights, each) / n for each in (x, y))
    covariance = np.einsum("ij,ij,ij->i", weights, x, y) / n - mean_x * mean_y
    spread_x, spread_y = (
        np.einsum("ij,ij,ij->i", weights, each, each) / n - mean * mean
        for each, mean in ((x, mean_x), (y, mean_y))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        r: Floats = np.clip(covariance / np.sqrt(spread_x * spread_y), -1.0, 1.0)
    return r


def _coefficient(value: float, resampled: Floats) -> Coefficient:
    import numpy as np

    # A resample in which one side never varies says nothing.
    usable = resampled[np.isfinite(resampled)]
    low, high = np.percentile(usable, (2.5, 97.5)) if len(usable) else (np.nan, np.nan)
    return Coefficient(float(value), float(low), float(high))
