"""Flesch's and Kincaid's formulas, as published, over words, sentences and syllables that can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from epitome.metrics.readability import readability, syllables


def test_the_formulas_are_the_published_ones() -> None:
    # 9 words, 2 sentences, 13 syllables: ta-ble 2, gar-den 2, win-ter 2, o-pen 2, the others 1.
    found = readability("The table stood in the garden. Winter kept open.")
    assert found.ease == pytest.approx(206.835 - 1.015 * 9 / 2 - 84.6 * 13 / 9)
    assert found.grade == pytest.approx(0.39 * 9 / 2 + 11.8 * 13 / 9 - 15.59)
    assert found.words_a_sentence == 4.5


def test_long_words_and_sentences_are_harder() -> None:
    easy = readability("The dog ran. The cat sat. We saw it.")
    hard = readability("Considerable institutional deliberation preceded the municipality's reconfiguration.")
    assert easy.ease is not None
    assert hard.ease is not None
    assert easy.ease > 100 > 0 > hard.ease
    assert (easy.grade or 0) < (hard.grade or 0)


@pytest.mark.parametrize(
    ("word", "count"),
    [("strength", 1), ("apple", 2), ("baked", 1), ("wanted", 2), ("houses", 2), ("video", 3), ("queue", 1),
     ("rhythm", 1), ("beautiful", 3), ("information", 4)],
)  # fmt: skip
def test_syllables_are_counted_by_spelling(word: str, count: int) -> None:
    assert syllables(word) == count


def test_other_languages_have_lengths_but_no_english_grade() -> None:
    found = readability("老石桥上周重新开放。行人可以通过。", "zh")
    assert (found.ease, found.grade) == (None, None)
    assert found.words_a_sentence == 7.5
    assert readability("Die Brücke ist offen.", "de").letters_a_word == pytest.approx(17 / 4)


@pytest.mark.timeout(30)
def test_a_row_of_dots_as_in_a_table_of_contents_takes_no_time() -> None:
    # Backtracking over it would take minutes.
    assert readability("Preface " + "." * 200_000 + "7 is short. It ends.").words_a_sentence == 3


@given(some.text(max_size=200))
def test_any_text_can_be_measured(text: str) -> None:
    found = readability(text)
    assert (found.ease is None) == (found.words_a_sentence == 0)
