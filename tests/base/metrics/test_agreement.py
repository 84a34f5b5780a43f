"""Krippendorff's alpha, on his own worked examples and on raters whose agreement is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from epitome.errors import UsageError
from epitome.metrics.agreement import LEVELS, alpha, alpha_interval

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: four observers, twelve units, gaps.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = list(zip(*OBSERVERS, strict=True))


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_the_published_example_has_the_published_figures(level: str, published: float) -> None:
    assert alpha(UNITS, level) == pytest.approx(published, abs=5e-4)  # type: ignore[arg-type]


def test_two_observers_of_section_a_have_the_published_figure() -> None:
    # Section A: binary data, ten units, two observers.
    one, other = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
    assert alpha(list(zip(one, other, strict=True))) == pytest.approx(0.095, abs=5e-4)


def test_perfect_agreement_is_1_and_chance_about_0() -> None:
    dice = random.Random(1)
    assert alpha([(1, 1), (2, 2), (3, 3)], "interval") == 1
    chance = [tuple(dice.randrange(3) for _ in range(3)) for _ in range(600)]
    found = alpha_interval(chance, samples=200)
    assert found is not None
    assert found[1] < 0 < found[2]
    assert abs(found[0]) < 0.05


def test_nothing_is_said_where_nothing_can_be() -> None:
    assert alpha([]) is None
    assert alpha([(1, None), (2, None)]) is None
    assert alpha([(3, 3), (3, 3)]) is None
    assert alpha_interval([(3, 3)]) is None


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(UsageError, match="'ratio'"):
        alpha(UNITS, "ratio")  # type: ignore[arg-type]


@given(some.lists(some.lists(some.one_of(some.none(), some.integers(1, 5)), max_size=5), max_size=12))
def test_it_never_exceeds_1_and_does_not_depend_on_the_raters_order(units: list[list[int | None]]) -> None:
    for level in LEVELS:
        found = alpha(units, level)
        assert found is None or found <= 1 + 1e-9
        turned = alpha([unit[::-1] for unit in units], level)
        assert found == (None if turned is None else pytest.approx(turned))
