"""`repair`: what the document does not support does not stand in the summary, and that is said."""

from __future__ import annotations

import pytest
from tests.base.summarize.scripted import Scripted, finished, material

from epitome.documents import from_text
from epitome.engines.base import Decoding
from epitome.summarize.write import Draft, write
from epitome.types import Request

DOCUMENT = from_text(
    "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. The county had paid "
    "for a new engine after two winters without any crossing. Fishermen of the island sold their catch, and "
    "the school was closed for the day so that the children could see the ship come in."
)
WRONG = "The ferry to Kell left with 300 people on board."
RIGHT = "The ferry to Kell left at dawn with 212 people on board."


def drafted(script: Scripted, request: Request) -> Draft:
    return finished(write(material(DOCUMENT), request, alternatives=False), script)


def never_right(_: str, __: str, ___: Decoding) -> str:
    return WRONG


def right_when_sampled(_: str, __: str, decoding: Decoding) -> str:
    return RIGHT if decoding.temperature else WRONG


def test_another_version_takes_the_place_of_a_wrong_one() -> None:
    draft = drafted(Scripted(right_when_sampled), Request(repair=True))
    assert [one.text for one in draft.chosen] == [RIGHT]


def test_where_no_version_is_right_the_documents_own_sentence_stands_and_it_is_said() -> None:
    draft = drafted(Scripted(never_right), Request(repair=True))
    [candidate] = draft.chosen
    assert candidate.made == "copied"
    assert candidate.text in DOCUMENT.text
    assert draft.repaired[0] == f"not supported, left out: {WRONG}"
    assert "sentence of the document" in draft.repaired[-1]


def test_without_repair_it_stands_and_is_flagged() -> None:
    draft = drafted(Scripted(never_right), Request())
    assert [one.text for one in draft.chosen] == [WRONG]
    assert draft.chosen[0].checked.facts[0].text == "300"
    assert draft.repaired == []


@pytest.mark.parametrize(("least", "stands"), [(0.0, True), (1.0, False)])
def test_the_support_that_is_needed_can_be_asked_for(least: float, stands: bool) -> None:
    reworded = "At dawn the ferry to Kell left the harbour carrying lorries."
    draft = drafted(Scripted(lambda *_: reworded), Request(repair=True, min_support=least))
    assert (draft.chosen[0].text == reworded) is stands
