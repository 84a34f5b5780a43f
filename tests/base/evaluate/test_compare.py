"""Which system is better: paired, corrected, and no further than the documents carry."""

from __future__ import annotations

import random

import pytest

from epitome.datasets.pair import Pair
from epitome.evaluate.compare import LEAST_PART, breakdowns, columns, comparisons, figures
from epitome.evaluate.result import SystemResult
from epitome.metrics.bootstrap import holm


def system(name: str, scores: list[float | None], metric: str = "rouge1") -> SystemResult:
    made = SystemResult(name, "file", scores={metric: scores})
    made.figures = figures(made.scores)
    return made


DICE = random.Random(3)
BASE: list[float | None] = [DICE.gauss(30, 10) for _ in range(120)]
BETTER: list[float | None] = [value + DICE.gauss(3, 4) for value in BASE if value is not None]
SAME: list[float | None] = [value + DICE.gauss(0, 4) for value in BASE if value is not None]


def test_a_better_system_is_found_and_an_equal_one_is_not() -> None:
    better, same = comparisons([system("base", BASE), system("better", BETTER), system("same", SAME)], "base")
    assert (better.a, better.b) == ("better", "base")
    assert 1.5 < better.low < better.difference < better.high < 4
    assert better.corrected < 0.01
    assert same.low < 0 < same.high
    assert same.corrected > 0.05


def test_p_values_are_corrected_for_the_number_of_systems() -> None:
    found = comparisons([system("base", BASE), system("one", BETTER), system("two", SAME)], "base")
    assert [one.corrected for one in found] == holm([one.p for one in found])
    assert found[0].corrected == pytest.approx(2 * found[0].p)


def test_holms_correction_is_that_of_his_paper() -> None:
    # Holm 1979: the smallest times the number of tests, the next times one less, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_documents_that_a_metric_says_nothing_of_are_left_out_on_both_sides() -> None:
    gaps: list[float | None] = [None if at % 2 else value for at, value in enumerate(BETTER)]
    (found,) = comparisons([system("base", BASE), system("gaps", gaps)], "base")
    both = [
        ours - theirs
        for ours, theirs in zip(gaps, BASE, strict=True)
        if ours is not None and theirs is not None
    ]
    assert found.difference == pytest.approx(sum(both) / len(both))


def test_descriptions_are_not_compared() -> None:
    assert comparisons([system("a", BASE, "words"), system("b", SAME, "words")], "a") == []


def test_figures_have_a_mean_within_its_interval_and_say_of_how_many_documents() -> None:
    found = figures({"rouge1": [*BASE, None], "nothing": [None, None]})
    assert found["rouge1"].low < found["rouge1"].mean < found["rouge1"].high
    assert found["rouge1"].n == 120
    assert "nothing" not in found


def test_the_same_seed_gives_the_same_interval() -> None:
    assert figures({"rouge1": BASE}, seed=5) == figures({"rouge1": BASE}, seed=5)
    assert figures({"rouge1": BASE}, seed=5) != figures({"rouge1": BASE}, seed=6)


def test_rows_of_scores_become_columns_with_gaps() -> None:
    assert columns([{"a": 1.0}, {"b": 2.0}]) == {"a": [1.0, None], "b": [None, 2.0]}


def test_parts_of_the_data_have_figures_of_their_own() -> None:
    pairs = [
        Pair("word " * (at + 1), ("gold",), id=str(at), domain="news" if at < 60 else "law", lang="en")
        for at in range(120)
    ]
    found = {(one.by, one.value): one for one in breakdowns(pairs, [system("base", BASE)])}
    law = [value for value in BASE[60:] if value is not None]
    assert found["domain", "law"].figures["base"]["rouge1"].mean == pytest.approx(sum(law) / 60)
    assert [one.value for key, one in found.items() if key[0] == "length"] == [
        "1: up to 41 words",
        "2: up to 81 words",
        "3: over 81 words",
    ]
    assert sum(one.n for key, one in found.items() if key[0] == "length") == 120
    assert not any(key[0] == "lang" for key in found)


def test_a_part_too_small_for_an_interval_is_left_out() -> None:
    pairs = [Pair("word", ("gold",), domain="rare" if at < LEAST_PART - 1 else "usual") for at in range(120)]
    assert [one.value for one in breakdowns(pairs, [system("base", BASE)]) if one.by == "domain"] == ["usual"]
