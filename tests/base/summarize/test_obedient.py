"""A model that was trained on requests is told the whole wish and writes the whole summary at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.base.summarize.scripted import Scripted, finished, material
from tests.base.summarize.test_write import report

from epitome.engines.base import Decoding
from epitome.models.folder import Form
from epitome.summarize.write import Draft, write
from epitome.types import Length, Request

THREE = "The mill was closed for good. The market stayed open all year. The library got a new roof."


def wrote(request: Request, engine: Scripted, window: int = 1500) -> Draft:
    trained = replace(material(report(6), window), form=Form(), obeys=True)
    return finished(write(trained, request, alternatives=False), engine)


@pytest.mark.parametrize(
    ("request_", "instruction"),
    [
        (Request(), "Summarize the input text."),
        (Request(style="sentence"), "Summarize the input text in one sentence."),
        (Request(words=Length(20, 30)), "Summarize the input text. Use 20 to 30 words."),
        (Request(sentences=Length(3, 3)), "Summarize the input text. Use 3 sentences."),
        (Request(sentences=Length(1, 1)), "Summarize the input text in one sentence."),
        (Request(style="tldr"), "Summarize the input text in one sentence. Use at most 30 words."),
        (Request(style="bullets"), "Summarize the input text. Use 3 sentences."),
        (Request(focus="the mill"), "Summarize what the input text says about the following: the mill"),
        (Request(style="headline"), "Write a headline of at most ten words for the input text."),
    ],
)
def test_the_wish_is_said_in_words(request_: Request, instruction: str) -> None:
    asked: list[str] = []

    def script(system: str, _: str, __: Decoding) -> str:
        asked.append(system)
        return THREE

    wrote(request_, Scripted(script))
    assert asked[0] == instruction


def test_where_nothing_is_said_the_model_decides_how_long_it_is() -> None:
    draft = wrote(Request(), Scripted(lambda *_: THREE))
    assert " ".join(candidate.text for candidate in draft.chosen) == THREE
    assert draft.read_share == 1


def test_brief_notes_stand_as_the_model_was_taught_to_write_them() -> None:
    draft = wrote(Request(), Scripted(lambda *_: "Mill closed. Market open. New roof."))
    assert [candidate.text for candidate in draft.chosen] == ["Mill closed.", "Market open.", "New roof."]


def test_a_torn_last_sentence_is_left_out() -> None:
    draft = wrote(Request(), Scripted(lambda *_: THREE + " The school was"))
    assert " ".join(candidate.text for candidate in draft.chosen) == THREE


def test_of_several_versions_the_one_that_the_others_agree_with_is_taken() -> None:
    odd = "The school burnt down. Nobody saw it."

    def script(_: str, __: str, decoding: Decoding) -> str:
        return odd if decoding.temperature == 0 else THREE

    draft = wrote(Request(candidates=4), Scripted(script))
    assert " ".join(candidate.text for candidate in draft.chosen) == THREE


def test_an_unsupported_number_is_asked_about_again() -> None:
    def script(_: str, __: str, decoding: Decoding) -> str:
        return "The mill was closed by order 777." if decoding.temperature == 0 else "The mill was closed."

    draft = wrote(Request(), Scripted(script))
    assert [candidate.text for candidate in draft.chosen] == ["The mill was closed."]


def test_what_does_not_fit_the_window_is_asked_part_by_part() -> None:
    engine = Scripted(lambda _, text, __: f"Reportedly {text.split('.')[0].strip().lower()}.")
    wrote(Request(style="paragraph"), engine, window=40)
    assert len(engine.batches[0]) > 1
    assert {request.prompt.messages[0].text for request in engine.batches[0]} == {
        "Summarize the input text in one sentence."
    }
