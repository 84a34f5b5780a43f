"""Lengths: words, or characters where a language is written without spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents import count_length


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Two words.", 2),
        ("A state-of-the-art test — at 3.5% & more…", 6),
        ("- one\n- two", 2),
        ("don't Mr. O'Neill", 3),
        ("naïve 北京 Ærø", 3),
    ],
)
def test_english_counts_words(text: str, count: int) -> None:
    assert count_length(text, "en") == count


def test_chinese_and_japanese_count_characters_with_punctuation_without_spaces() -> None:
    assert count_length("你好， 世界！\n", "zh") == 6
    assert count_length("你好， 世界！", "zh-TW") == 6
    assert count_length("東京 タワー", "ja") == 5


@given(
    st.lists(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9'.-]{0,8}", fullmatch=True)),
    st.sampled_from([" ", "\n", " — "]),
)
def test_words_are_what_stands_between_spaces(words: list[str], between: str) -> None:
    assert count_length(between.join(words), "en") == len(words)
