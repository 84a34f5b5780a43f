from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.documents.kinds import kind, probabilities

EXAMPLES = Path(__file__).parents[3] / "examples"
ABSTRACT = (
    "Word embeddings are usually learnt from large corpora, which rare languages do not have. We propose a method that "
    "starts from the embeddings of a related language and adapts them with a small dictionary. On four benchmarks our "
    "approach outperforms models trained from scratch, and we analyse why the gain is largest for nouns."
)
CLAUSE = (
    "We may change these terms at any time. If you continue to use the service after a change, you agree to the new "
    "terms. You may close your account at any time; fees that were already paid are not refunded."
)
VISIT = (
    "Doctor: What brings you in today?\nPatient: I have had pain in my left knee for two weeks.\nDoctor: Any swelling "
    "or fever?\nPatient: Some swelling, no fever. I take ibuprofen for it."
)
MEETING = (
    "Project Manager: Okay, so um, let's look at the remote again. Industrial Designer: Yeah, I think we should "
    "use rubber for the buttons. User Interface: Mm, but the market research, uh, said that people want a wheel. "
    "Project Manager: Okay, so the budget. Marketing: Yeah, that's, that's more than we have."
)


@pytest.mark.parametrize(
    ("text", "named"),
    [(ABSTRACT, "papers"), (CLAUSE, "legal"), (VISIT, "medical-dialogue"), (MEETING, "meeting")],
)
def test_texts_like_those_that_adapters_were_trained_on_are_known(text: str, named: str) -> None:
    assert kind(text) == named


@pytest.mark.parametrize(
    "name", ["news.txt", "judgment.txt", "talk.srt", "paper.md", "article-zh.txt", "manual.md"]
)
def test_anything_else_is_left_alone(name: str) -> None:
    assert kind((EXAMPLES / name).read_text("utf-8")) == ""


@given(st.text(max_size=300))
def test_any_text_has_probabilities(text: str) -> None:
    kinds, found = probabilities(text)
    assert len(kinds) == len(found)
    assert sum(found) == pytest.approx(1)
    assert kind(text) in kinds
