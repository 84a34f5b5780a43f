"""Our correlations are scipy's, and so is every resample that their intervals rest on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from epitome.metrics.correlation import correlate


def theirs(x: np.ndarray, y: np.ndarray) -> list[float]:
    return [float(each(x, y)[0]) for each in (stats.pearsonr, stats.spearmanr, stats.kendalltau)]


@pytest.mark.parametrize("n", [2, 3, 30, 1400])
@pytest.mark.parametrize("levels", [None, 5, 2])
def test_values_equal_scipys(n: int, levels: int | None) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n) * 1e3 + 1e5
    y = x / 1e3 + rng.normal(size=n)
    if levels:
        y = np.argsort(np.argsort(y)) * levels // n
    found = correlate(x, y, samples=5)
    ours = [found.pearson.value, found.spearman.value, found.kendall.value]
    assert ours == pytest.approx(theirs(x, y), abs=1e-9)


def test_intervals_equal_a_plain_bootstrap_with_scipy() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 4, 50), rng.normal(size=50)
    found = correlate(x, y, samples=300, seed=3)
    counts = np.random.default_rng(3).multinomial(50, np.full(50, 1 / 50), 300)
    plain = np.array([theirs(np.repeat(x, row), np.repeat(y, row)) for row in counts])
    low, high = np.percentile(plain, (2.5, 97.5), axis=0)
    ours = (found.pearson, found.spearman, found.kendall)
    assert [each.low for each in ours] == pytest.approx(low, abs=1e-9)
    assert [each.high for each in ours] == pytest.approx(high, abs=1e-9)
