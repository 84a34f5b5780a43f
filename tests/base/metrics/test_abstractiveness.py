"""Copying and repeating, as Grusky et al. count the first and as a reader notices the second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.metrics.abstractiveness import abstractiveness, fragments
from epitome.metrics.repetition import loop, repeated_share

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), max_size=20)


def test_a_hand_counted_example() -> None:
    """Copied: "police arrested two men", "in" and "on friday", seven of eight words."""
    document = "In Velm police arrested two men after a chase. Both were in court on Friday."
    found = abstractiveness("Police arrested two men in town on Friday", document)
    assert found.coverage == pytest.approx(7 / 8)
    assert found.density == pytest.approx((16 + 1 + 4) / 8)
    assert found.compression == pytest.approx(15 / 8)
    assert found.novel[0] == pytest.approx(1 / 8)
    assert found.novel[1] == pytest.approx(3 / 7)


def test_the_longest_fragment_is_found_even_inside_another_match() -> None:
    assert fragments(list("aab"), list("aaab")) == [3]


def test_characters_in_chinese() -> None:
    found = abstractiveness("法院驳回上诉", "上海市法院今天驳回了被告的上诉。", "zh")
    assert found.coverage == 1
    assert found.density == pytest.approx(2)


def test_an_empty_summary_copies_nothing() -> None:
    assert abstractiveness("", "a text").coverage == 0


@given(WORDS, WORDS)
def test_bounds(summary: list[str], document: list[str]) -> None:
    found = abstractiveness(" ".join(summary), " ".join(document))
    assert 0 <= found.coverage <= 1
    assert found.coverage <= found.density + 1e-9 <= len(summary) + 1e-9
    assert found.coverage == pytest.approx(1 - found.novel[0] if summary else 0)


@given(WORDS.filter(bool), WORDS, WORDS)
def test_a_copy_is_one_fragment(summary: list[str], before: list[str], after: list[str]) -> None:
    found = abstractiveness(" ".join(summary), " ".join(before + summary + after))
    assert (found.coverage, found.density) == (1, len(summary))
    assert found.novel == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "language", "repeated"),
    [
        ("It is very very very very very good.", "en", "very very very very"),
        ("Open the file. Open the file. Open the file. Done.", "en", "Open the file. Open the file"),
        ("合同有效。合同有效。合同有效。", "zh", "合同有效。合同有效"),
        (
            "We study how birds learn to sing. We study how birds learn to sing, in spring.",
            "en",
            None,
        ),
        (
            "We study how small young birds learn to sing. We study how small young birds learn to sing.",
            "en",
            "We study how small young birds learn to sing",
        ),
        ("It had had a long, long day, he said.", "en", None),
        ("No, no, no, he said, and again: no.", "en", None),
    ],
)
def test_a_loop_is_the_same_over_and_over(text: str, language: str, repeated: str | None) -> None:
    span = loop(text, language)
    assert (text[slice(*span)] if span else None) == repeated


def test_the_share_of_what_was_said_before() -> None:
    assert repeated_share("one two three four") == 0
    assert repeated_share("a b c a b c") == pytest.approx(1 / 4)
    assert repeated_share("") == 0


@given(WORDS)
def test_a_loop_is_inside_the_text_and_repetition_is_a_share(words: list[str]) -> None:
    text = " ".join(words)
    span = loop(text)
    assert span is None or 0 < span[0] < span[1] <= len(text)
    assert 0 <= repeated_share(text) < 1
    assert loop(" ".join([*words, *(["ran"] * 5)])) is not None
