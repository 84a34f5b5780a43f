"""Intervals and comparisons: known values, what must hold, and that chance is called chance."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epitome.errors import UsageError
from epitome.metrics.bootstrap import interval, paired

SCORES = st.lists(st.floats(0, 100), min_size=1, max_size=30)


def test_the_interval_of_many_scores_is_that_of_the_normal_law() -> None:
    rng = random.Random(1)
    scores = [rng.gauss(40, 10) for _ in range(2000)]
    mean, low, high = interval(scores)
    half = 1.96 * statistics.stdev(scores) / len(scores) ** 0.5
    assert mean == pytest.approx(statistics.fmean(scores))
    assert low == pytest.approx(mean - half, abs=0.1 * half)
    assert high == pytest.approx(mean + half, abs=0.1 * half)


def test_a_true_difference_is_found_and_chance_is_not() -> None:
    rng = random.Random(2)
    a = [rng.gauss(40, 10) for _ in range(200)]
    better = [score - 1 + rng.gauss(0, 3) for score in a]
    noise = [score + rng.gauss(0, 3) for score in a]
    found = paired(a, better)
    assert found.low > 0
    assert found.p < 0.001
    assert paired(a, noise).p > 0.05


def test_p_is_that_of_the_exact_sign_flips_on_a_small_case() -> None:
    # Five equal differences: 2 of the 32 ways to swap are as extreme.
    found = paired([2.0] * 5, [1.0] * 5, samples=40_000)
    assert found.p == pytest.approx(2 / 32, abs=0.005)
    assert (found.difference, found.low, found.high) == (1.0, 1.0, 1.0)


def test_the_same_scores_do_not_differ() -> None:
    found = paired([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_scores_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(UsageError, match="3 scores cannot be paired with 2"):
        paired([1, 2, 3], [1, 2])
    with pytest.raises(UsageError, match="no scores"):
        interval([])


@settings(max_examples=50)
@given(SCORES, st.integers(0, 1000))
def test_the_interval_stays_within_the_scores_and_repeats(scores: list[float], seed: int) -> None:
    mean, low, high = interval(scores, samples=200, seed=seed)
    assert min(scores) - 1e-9 <= low <= high <= max(scores) + 1e-9
    assert interval(scores, samples=200, seed=seed) == (mean, low, high)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=20))
def test_swapping_the_systems_turns_the_sign(pairs: list[tuple[float, float]]) -> None:
    a, b = [one for one, _ in pairs], [two for _, two in pairs]
    there, back = paired(a, b, samples=200), paired(b, a, samples=200)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert 0 < there.p <= 1
