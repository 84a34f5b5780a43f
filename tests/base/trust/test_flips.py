from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epitome.trust.flips import flips

PASSAGE = "The ferry runs in winter, but it does not carry lorries. Sales of tickets rose sharply last year."


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("The ferry does not run in winter.", "negation", "not run"),
        ("The ferry carries lorries.", "negation", "carries"),
        ("Sales of tickets fell sharply last year.", "opposite", "fell"),
    ],
)
def test_what_is_turned_round_is_flagged(text: str, kind: str, said: str) -> None:
    found = flips(text, [PASSAGE])
    assert [(fact.kind, fact.text) for fact in found] == [(kind, said)]
    assert found[0].nearest in PASSAGE
    assert text[found[0].start : found[0].end] == said


@pytest.mark.parametrize(
    "text",
    [
        "The ferry runs in winter.",
        "The ferry doesn't carry lorries.",
        "Sales of tickets rose.",
        "Nobody likes the harbour.",
        "It never runs late.",
    ],
)
def test_what_is_not_turned_round_is_left_alone(text: str) -> None:
    assert flips(text, [PASSAGE]) == []


@given(st.text(max_size=200))
def test_no_text_is_its_own_opposite_when_it_has_no_negation(text: str) -> None:
    for fact in flips(text, [text]):
        assert fact.kind == "negation"
