"""Near-duplicates: found whatever their place, never invented, and in the same groups in any order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.base.summarize.texts import CHINESE, OWL, STORIES, TIDE, WELL

from epitome.datasets.near import ALIKE, exact, jaccard, near

COPY = TIDE.upper().replace(".", " .")
EDITED = TIDE.replace("22 megawatt hours", "24 megawatt hours")


def english(*texts: str) -> list[tuple[str, str]]:
    return [(text, "en") for text in texts]


def test_copies_differ_in_case_spaces_and_punctuation_only() -> None:
    assert exact(english(TIDE, WELL, COPY, EDITED)) == [[0, 2]]


def test_a_changed_figure_in_a_long_text_leaves_it_near() -> None:
    assert near(english(TIDE, WELL, EDITED, OWL, COPY)) == [[0, 2, 4]]


def test_other_stories_are_not_near_each_other() -> None:
    assert near(english(*STORIES)) == []


def test_chinese_is_compared_by_character() -> None:
    changed = CHINESE.replace("四十六", "四十七")
    assert near([(CHINESE, "zh"), (changed, "zh")]) == [[0, 1]]


def test_similarity_is_that_of_the_word_5_grams() -> None:
    one, other = "a b c d e f", "a b c d e g"
    assert jaccard((one, "en"), (other, "en")) == pytest.approx(1 / 3)
    assert jaccard(("", "en"), ("", "en")) == 1
    assert jaccard(("!", "en"), ("?", "en")) == 0


def test_short_and_empty_texts_are_alike_only_if_equal() -> None:
    assert near(english("Yes.", "No.", "yes", "", "!!", "?")) == [[0, 2]]


@given(some.lists(some.sampled_from([TIDE, COPY, EDITED, WELL, OWL, ""]), max_size=8), some.randoms())
def test_groups_do_not_depend_on_the_order(texts: list[str], dice: random.Random) -> None:
    order = list(range(len(texts)))
    dice.shuffle(order)
    there = {frozenset(group) for group in near(english(*texts))}
    again = {frozenset(order[at] for at in group) for group in near(english(*(texts[at] for at in order)))}
    assert there == again


@given(some.integers(0, 30), some.integers(0, 1000))
def test_every_pair_beyond_the_threshold_is_found(changes: int, seed: int) -> None:
    dice = random.Random(seed)
    said = [f"word{at}" for at in range(200)]
    other = list(said)
    for at in dice.sample(range(200), changes):
        other[at] = "changed"
    one, two = (" ".join(said), "en"), (" ".join(other), "en")
    assert bool(near([one, two])) == (jaccard(one, two) >= ALIKE)
