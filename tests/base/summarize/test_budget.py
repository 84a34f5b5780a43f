"""What a request means in sentences and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.errors import UsageError
from epitome.summarize.budget import budget, length
from epitome.types import STYLES, Document, Length, Request

NEWS = Document("word " * 300)
PAPER = Document("word " * 3000)
CHINESE = Document("字" * 900, language="zh")


def test_a_short_document_gets_a_sentence_and_a_long_one_a_paragraph() -> None:
    assert (budget(NEWS, Request()).style, budget(NEWS, Request()).aim) == ("sentence", 1)
    assert budget(PAPER, Request()).style == "paragraph"
    assert budget(PAPER, Request()).aim == 6
    assert budget(CHINESE, Request()).style == "sentence"
    assert budget(Document("字" * 1300, language="zh"), Request()).style == "paragraph"


def test_who_names_a_length_gets_a_paragraph() -> None:
    assert budget(NEWS, Request(words=Length(40, 60))).style == "paragraph"
    assert budget(NEWS, Request(sentences=Length(2, 2))).style == "paragraph"


@pytest.mark.parametrize(
    ("style", "sentences", "words"),
    [
        ("sentence", Length(1, 1), None),
        ("headline", Length(1, 1), Length(None, 14)),
        ("tldr", Length(1, 1), Length(None, 30)),
        ("paragraph", Length(1, None), None),
        ("bullets", Length(1, None), None),
    ],
)
def test_each_style_has_its_bounds(style: str, sentences: Length, words: Length | None) -> None:
    found = budget(NEWS, Request(style=style))  # type: ignore[arg-type]
    assert (found.sentences, found.words) == (sentences, words)


def test_chinese_is_counted_in_characters() -> None:
    assert budget(CHINESE, Request(style="headline")).words == Length(None, 28)
    assert budget(CHINESE, Request(words=Length(80, 100))).aim == 2


def test_what_is_asked_for_goes_before_the_style() -> None:
    asked = Request(style="headline", words=Length(3, 5), sentences=Length(2, 2))
    found = budget(NEWS, asked)
    assert (found.words, found.sentences, found.aim) == (Length(3, 5), Length(2, 2), 2)


def test_bullets_are_at_least_three_unless_asked_otherwise() -> None:
    assert budget(NEWS, Request(style="bullets")).aim == 3
    assert budget(NEWS, Request(style="bullets", sentences=Length(1, 2))).aim == 2


def test_the_words_tell_how_many_sentences() -> None:
    assert budget(PAPER, Request(words=Length(10, 20))).aim == 1
    assert budget(PAPER, Request(words=Length(90, 110))).aim == 5


@pytest.mark.parametrize(
    "asked",
    [
        Request(words=Length(0, 0)),
        Request(words=Length(-3, 10)),
        Request(words=Length(20, 10)),
        Request(sentences=Length(0, None)),
        Request(sentences=Length(3, 2)),
        Request(sentences=Length(6, 8), words=Length(None, 5)),
    ],
)
def test_what_no_text_can_meet_is_refused(asked: Request) -> None:
    with pytest.raises(UsageError):
        budget(NEWS, asked)


def test_an_unknown_style_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(UsageError, match="haiku") as caught:
        budget(NEWS, Request(style="haiku"))  # type: ignore[arg-type]
    assert all(style in str(caught.value) for style in STYLES)


@pytest.mark.parametrize(
    ("text", "name", "bounds"),
    [
        ("40-60", "words", Length(40, 60)),
        ("40–60", "words", Length(40, 60)),
        (" 40 - 60 ", "words", Length(40, 60)),
        ("50", "words", Length(40, 50)),
        ("1", "words", Length(1, 1)),
        ("3", "sentences", Length(3, 3)),
        ("2-4", "sentences", Length(2, 4)),
    ],
)
def test_lengths_as_people_write_them(text: str, name: str, bounds: Length) -> None:
    assert length(text, name) == bounds


@pytest.mark.parametrize("text", ["", "many", "0", "-5", "9-3", "1.5", "3-", "0-4", "1-2-3"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="words"):
        length(text, "words")


@given(st.integers(1, 400), st.integers(0, 200), st.integers(1, 10), st.integers(0, 5))
def test_the_aim_lies_within_the_sentences_asked_for(least: int, more: int, few: int, further: int) -> None:
    asked = Request(words=Length(least + few, least + few + more), sentences=Length(few, few + further))
    assert budget(NEWS, asked).aim in Length(few, few + further)
