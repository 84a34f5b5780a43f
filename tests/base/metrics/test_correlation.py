"""Correlations with their intervals: known values, ties, and what cannot be correlated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.errors import UsageError
from epitome.metrics.correlation import correlate

FIGURES = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=40)


def test_values_that_can_be_worked_out_by_hand() -> None:
    found = correlate([1, 2, 3, 4], [1, 3, 2, 4])
    assert found.pearson.value == pytest.approx(0.8)
    assert found.spearman.value == pytest.approx(0.8)
    assert found.kendall.value == pytest.approx(4 / 6)
    # One tie on one side: 2 pairs agree, none disagree, of 3 and 2 that are not tied.
    tied = correlate([1, 2, 3], [1, 1, 2])
    assert tied.kendall.value == pytest.approx(2 / math.sqrt(3 * 2))
    assert tied.spearman.value == pytest.approx(math.sqrt(3) / 2)


@given(FIGURES)
def test_tau_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    found = correlate(x, y, samples=10)
    agreement = ties_x = ties_y = 0
    for at in range(len(pairs)):
        for before in range(at):
            dx, dy = x[at] - x[before], y[at] - y[before]
            agreement += (dx * dy > 0) - (dx * dy < 0)
            ties_x += dx == 0
            ties_y += dy == 0
    all_pairs = len(pairs) * (len(pairs) - 1) // 2
    if ties_x == all_pairs or ties_y == all_pairs:
        assert all(math.isnan(each.value) for each in (found.pearson, found.spearman, found.kendall))
        assert math.isnan(found.kendall.low)
        return
    expected = agreement / math.sqrt((all_pairs - ties_x) * (all_pairs - ties_y))
    assert found.kendall.value == pytest.approx(expected)


@given(FIGURES, st.floats(0.1, 100), st.floats(-1000, 1000))
def test_scale_and_order_do_not_matter(pairs: list[tuple[int, int]], scale: float, shift: float) -> None:
    x, y = zip(*pairs, strict=True)
    here, there = correlate(x, y, 10), correlate([scale * each + shift for each in x][::-1], y[::-1], 10)
    for name in ("pearson", "spearman", "kendall"):
        value = getattr(here, name).value
        assert getattr(there, name).value == pytest.approx(value, abs=1e-6, nan_ok=True)
        assert math.isnan(value) or -1 <= value <= 1


def test_intervals_narrow_with_more_pairs_and_hold_the_value() -> None:
    rng = np.random.default_rng(4)
    widths = []
    for n in (40, 1400):
        x = rng.normal(size=n)
        found = correlate(x, x + rng.normal(size=n))
        for each in (found.pearson, found.spearman, found.kendall):
            assert each.low < each.value < each.high
        widths.append(found.pearson.high - found.pearson.low)
        assert 0.55 < found.pearson.value < 0.85
    assert widths[1] < widths[0] / 3


def test_the_same_seed_gives_the_same_interval() -> None:
    x, y = [1, 4, 2, 8, 5, 7], [2, 3, 1, 9, 9, 4]
    assert correlate(x, y) == correlate(x, y)
    assert correlate(x, y, seed=1) != correlate(x, y)
    assert math.isnan(correlate(x, y, samples=0).pearson.low)


@pytest.mark.parametrize(
    ("x", "y"), [([1], [1]), ([1, 2], [1]), ([], []), ([1, math.nan], [1, 2]), ([1, 2], [1, math.inf])]
)
def test_what_cannot_be_correlated_is_refused(x: list[float], y: list[float]) -> None:
    with pytest.raises(UsageError, match="cannot be correlated"):
        correlate(x, y)
