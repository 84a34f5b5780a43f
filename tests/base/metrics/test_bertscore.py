"""BERTScore and similarity: the paper's formulas, on vectors made here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.errors import UsageError
from epitome.metrics import bertscore, similarity


def tokens(seed: int, count: int, width: int = 8) -> np.ndarray:
    """That many random vectors of length 1."""
    found = np.random.default_rng(seed).normal(size=(count, width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def by_hand(prediction: np.ndarray, reference: np.ndarray) -> tuple[float, float, float]:
    """Equations of the paper's section 3, one token after the other."""

    def greedy(ours: np.ndarray, theirs: np.ndarray) -> float:
        total = 0.0
        for one in ours:
            total += max(
                sum(float(a) * float(b) for a, b in zip(one, other, strict=True)) for other in theirs
            )
        return total / len(ours)

    p, r = greedy(prediction, reference), greedy(reference, prediction)
    return 100 * p, 100 * r, 100 * 2 * p * r / (p + r)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_every_token_goes_to_the_nearest_of_the_other_text(seed: int, n: int, m: int) -> None:
    a, b = np.abs(tokens(seed, n)), np.abs(tokens(seed + 1, m))
    score = bertscore.bertscore(a, b)
    assert (score.precision, score.recall, score.f) == pytest.approx(by_hand(a, b), abs=1e-3)
    turned = bertscore.bertscore(b, a)
    assert (turned.precision, turned.recall) == pytest.approx((score.recall, score.precision), abs=1e-4)
    assert score.f <= max(score.precision, score.recall) + 1e-4
    same = bertscore.bertscore(a, a)
    assert (same.precision, same.recall, same.f) == pytest.approx((100, 100, 100), abs=1e-3)


def test_a_text_within_another_has_full_precision_only() -> None:
    reference = np.eye(4, dtype=np.float32)
    score = bertscore.bertscore(reference[:1], reference)
    assert (score.precision, score.recall, score.f) == (100, 25, 40)


def test_nothing_and_opposites_do_not_divide_by_zero() -> None:
    none = np.zeros((0, 4), np.float32)
    assert bertscore.bertscore(none, np.eye(4)).f == 0
    assert bertscore.bertscore(np.eye(4), none).precision == 0
    assert bertscore.bertscore(-np.eye(1), np.eye(1)).f == 0


def test_of_several_golds_the_best_counts() -> None:
    prediction, golds = tokens(1, 5), [tokens(2, 4), tokens(1, 5), tokens(3, 6)]
    assert bertscore.best(prediction, golds).f == pytest.approx(100, abs=1e-3)
    assert similarity.best(prediction[0], [each[0] for each in golds]) == pytest.approx(1)
    with pytest.raises(UsageError, match="gold summary"):
        bertscore.best(prediction, [])
    with pytest.raises(UsageError, match="gold summary"):
        similarity.best(prediction[0], [])


def test_the_cosine_of_two_directions() -> None:
    assert similarity.cosine(np.array([3.0, 0.0]), np.array([5.0, 5.0])) == pytest.approx(math.sqrt(0.5))
    assert similarity.cosine(np.array([1.0, 2.0]), np.array([-1.0, -2.0])) == pytest.approx(-1)
    assert similarity.cosine(np.zeros(2), np.array([1.0, 2.0])) == 0


@given(st.integers(0, 10**6))
def test_the_cosine_is_symmetric_and_bounded(seed: int) -> None:
    a, b = tokens(seed, 2)
    assert similarity.cosine(a, b) == pytest.approx(similarity.cosine(b, a))
    assert -1 <= similarity.cosine(a, b) <= 1
