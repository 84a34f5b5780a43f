"""A sentence cut shorter is still a sentence, and says nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.summarize.trim import CLAUSE_LIKELIHOOD, cuts

RIVER = "The river rose by three metres in the night, and the old mill at the bridge was flooded to the roof."


def likely(sentence: str, *ends: str) -> list[str]:
    """The cuts where a full stop was likely after each of `ends`."""
    steps = [sentence[:1], *sentence[1:]]  # a token is a letter: a model's are never shorter
    alternatives = []
    so_far = ""
    for step in steps:
        alternatives.append([(".", -0.5)] if any(so_far.endswith(end) for end in ends) else [(" x", -0.1)])
        so_far += step
    return [text for text, score in cuts(sentence, steps, alternatives) if score == -0.5]


def test_a_sentence_is_cut_at_a_clause() -> None:
    assert cuts(RIVER) == [("The river rose by three metres in the night.", CLAUSE_LIKELIHOOD)]


def test_a_sentence_is_cut_where_the_model_might_have_ended_it() -> None:
    assert likely(RIVER, "metres", "flooded") == [
        "The river rose by three metres.",
        "The river rose by three metres in the night, and the old mill at the bridge was flooded.",
    ]


def test_where_a_full_stop_was_unlikely_nothing_is_cut() -> None:
    steps = RIVER.split(" ")
    assert cuts("No clause is to be found here at all.", steps, [[(".", -9.0)]] * len(steps)) == []


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("The price of flour rose by 3.5 percent in May.", "by 3"),
        ("The price of the mill rose to 3,000 pounds.", "to 3"),
        ("It was bought in the end by the U.S. government.", "the U"),
        ("It was bought in the end by the U.S. government.", "the U.S"),
        ("It was bought in the end by Mr. Hale of York.", "by Mr"),
        ("It was bought in the end by Londoners.", "Lon"),
        ("It was bought in the end by the town.", "by the"),
        ("The council of the town has decided to wait.", "has"),
        ("The council of the town will not wait for it.", "will"),
        ("The council of the town will not wait for it.", "not"),
        ("The mayor of the town said “we will not wait” to all.", "wait"),
        ("The council of the town (elected in May) will wait.", "May"),
    ],
)
def test_no_cut_inside_a_number_a_name_a_word_or_a_phrase(sentence: str, end: str) -> None:
    assert likely(sentence, end) == []


def test_an_opening_clause_does_not_stand_alone() -> None:
    assert cuts("After a long debate in the council, the mayor of the town resigned.") == []
    sentence = "After a long debate in the council, the mayor resigned, and the deputy took over."
    assert [text for text, _ in cuts(sentence)] == ["After a long debate in the council, the mayor resigned."]


def test_chinese_is_cut_at_commas() -> None:
    assert [text for text, _ in cuts("大桥在本周一的上午重新开放，市长发表了讲话。")] == [
        "大桥在本周一的上午重新开放。"
    ]


@given(st.text("abc ,.()“”3;，。河", max_size=80), st.lists(st.floats(-8, 0), max_size=80))
def test_every_cut_is_the_beginning_and_a_full_stop(sentence: str, scores: list[float]) -> None:
    steps = list(sentence)
    for text, score in cuts(sentence, steps, [[(".", score)] for score in scores]):
        assert text[-1] in ".。"
        assert sentence.startswith(text[:-1])
        assert len(text) <= len(sentence)
        assert text != sentence
        assert math.isfinite(score)


def test_a_list_is_not_cut_between_its_members() -> None:
    sentence = "The ferry sailed with 212 people on board, among them a brass band, a class of pupils, and Ingrid Vass."
    assert [text for text, _ in cuts(sentence)] == ["The ferry sailed with 212 people on board."]
