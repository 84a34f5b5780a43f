"""Texts hold together where their sentences speak of the same things, the nearer the better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from epitome.metrics.coherence import TRANSITIONS, coherence

TOLD = ["The mill burned in May.", "The mill had stood for a century.", "Its owner will build another mill."]
LOOSE = ["The mill burned in May.", "Trains to Halden were late.", "An owl hid in the organ."]


def test_a_story_holds_together_better_than_loose_sentences() -> None:
    told, loose = coherence(TOLD), coherence(LOOSE)
    assert told.adjacent > 0 == loose.adjacent  # type: ignore[operator]
    assert told.graph > 0 == loose.graph  # type: ignore[operator]


def test_the_graph_counts_shared_entities_less_the_farther_apart_they_stand() -> None:
    # mill links 1-2, 2-3 (distance one) and 1-3 (distance two): (1 + 1 + 1/2) / 3 sentences.
    assert coherence(TOLD).graph == pytest.approx(2.5 / 3)
    apart = ["Mills burn.", "Trains run.", "Mills burn."]
    assert coherence(apart).graph == pytest.approx((2 / 2) / 3)


def test_the_grid_counts_how_entities_go_from_sentence_to_sentence() -> None:
    grid = coherence(["Cats sleep.", "Cats run.", "Dogs run."]).grid
    # Entities cat, sleep, run, dog over two steps: cat xx x-, sleep x- --, run -x xx, dog -- -x.
    assert grid == {"xx": 2 / 8, "x-": 2 / 8, "-x": 2 / 8, "--": 2 / 8}


def test_chinese_sentences_are_linked_by_character_pairs() -> None:
    assert (coherence(["石桥重新开放。", "石桥有三百年历史。"], "zh").adjacent or 0) > 0


def test_one_sentence_neither_holds_together_nor_falls_apart() -> None:
    assert coherence(["Alone."]).adjacent is None
    assert coherence([]).graph is None


@given(some.lists(some.text(max_size=40), min_size=2, max_size=6))
def test_any_sentences_can_be_measured(sentences: list[str]) -> None:
    found = coherence(sentences)
    assert found.adjacent is not None
    assert 0 <= found.adjacent <= 1 + 1e-9
    assert found.grid is not None
    assert sum(found.grid.values()) in (0, pytest.approx(1))
    assert set(found.grid) == set(TRANSITIONS)
