"""A summary that is an example's is no summary of the document: it is asked for again without examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

import pytest
from tests.base.summarize.scripted import Scripted, finished, first_sentence, material, tokens
from tests.base.summarize.texts import OWL, STORIES, WELL

from epitome.documents import from_text
from epitome.engines.base import Chunk, GenerationRequest
from epitome.summarize.echo import echoes
from epitome.summarize.shots import Shots, Shown
from epitome.summarize.write import write
from epitome.types import Request

OWLS = "A barn owl that sat in the lowest pipe of a church organ was lifted out with a towel."
TRAINS = "A night train was held up by a herd of deer until a farmer came with two dogs."


class Parrot(Scripted):
    """Says what the last example says; without examples, what the script says."""

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        for chunk in super().generate(requests, cancel):
            _, *turns, _ = requests[chunk.index].prompt.messages
            yield Chunk(chunk.index, turns[-1].text) if turns and chunk.text else chunk


def shown(*pairs: tuple[str, str]) -> Shown:
    return Shots(list(pairs), 2).shown(from_text(WELL), lambda text: len(tokens(text)), 10_000)


@pytest.mark.parametrize("request_", [Request(), Request(style="paragraph"), Request(candidates=3)])
def test_a_model_that_repeats_an_example_is_asked_without(request_: Request) -> None:
    engine, made = Parrot(first_sentence), material(from_text(WELL))
    made.shown = shown((OWL, OWLS), (STORIES[3], TRAINS))
    draft = finished(write(made, request_, False), engine)
    text = " ".join(candidate.text for candidate in draft.chosen)
    assert "well" in text
    assert "owl" not in text
    assert "train" not in text
    assert "asked again without examples, since the model repeated one" in draft.reasons


def test_an_example_retold_with_another_ending_is_an_echo_too() -> None:
    document, examples = from_text(WELL), shown((OWL, OWLS))
    assert echoes(OWLS, examples, document)
    assert echoes(OWLS.replace("with a towel", "by the council of Hask"), examples, document)
    assert echoes("The organist heard scratching and sent for the bird warden.", examples, document)
    assert not echoes(
        "A well brought up water in Hask, and a schoolteacher drank the first cup.", examples, document
    )
    assert not echoes("", examples, document)


def test_what_examples_have_in_common_is_what_they_teach() -> None:
    phrase = "From our reporter in the county, this week:"
    pairs = [(OWL, f"{phrase} an owl."), (STORIES[3], f"{phrase} deer.")]
    for most in (1, 2):
        examples = Shots(pairs, most).shown(from_text(WELL), len, 10_000)
        assert len(examples.turns) == most
        assert not echoes(f"{phrase} a well.", examples, from_text(WELL))


def test_what_the_document_says_too_is_its_own() -> None:
    first = WELL.split(".")[0] + "."
    assert not echoes(first, shown((OWL, first)), from_text(WELL))


def test_chinese_is_compared_by_character() -> None:
    told = "图书馆周一闭馆，读者可以在网上续借图书。"
    bridge = from_text("青石镇的老石桥上周六重新开放。", language="zh")
    examples = Shots([("馆里的通知。", told)]).shown(bridge, len, 10_000)
    assert echoes(told, examples, bridge)
    assert not echoes("青石镇老石桥重新开放。", examples, bridge)
