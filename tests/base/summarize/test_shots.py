"""Examples before a document: which, how many, and what happens where they do not fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from tests.base.evaluate.corpus import ENGLISH, PAIRS
from tests.base.summarize.scripted import Scripted, finished, first_sentence, material, tokens
from tests.base.summarize.texts import CHINESE, OWL, STORIES, TIDE, WELL

from epitome import Summarizer
from epitome.documents import from_text
from epitome.errors import UsageError
from epitome.summarize.shots import NEAR, Shots
from epitome.summarize.write import write
from epitome.types import Document, Message, Request

SPRING = "The village spring ran dry, and a new well was drilled by the council for the families who carried water."
MILL = "A tidal mill on the quay will grind flour when its wheel is mended, say volunteers."


def count(text: str) -> int:
    return len(tokens(text))


def shown(shots: Shots, text: str, room: int = 10_000) -> tuple[str, ...]:
    return shots.shown(from_text(text), count, room).ids


# -- which


def test_the_likest_stands_last() -> None:
    shots = Shots([(MILL, "a"), (STORIES[5], "b"), (SPRING, "c"), (STORIES[6], "d")], most=2)
    assert shown(shots, WELL)[-1] == "3"
    assert shown(shots, TIDE)[-1] == "1"
    assert len(shown(shots, TIDE)) == 2


@pytest.mark.parametrize(
    "copy", [TIDE, TIDE.replace(". ", ".\n"), TIDE.upper(), f"The mill\n\n{TIDE}", TIDE[:600]]
)
def test_the_document_itself_is_never_an_example(copy: str) -> None:
    assert shown(Shots([(copy, "The answer."), (OWL, "An owl.")]), TIDE) == ("2",)
    assert shown(Shots([(copy, "The answer.")]), TIDE) == ()


def test_chinese_is_compared_in_chinese() -> None:
    bridge = "石桥下的河水去年夏天冲毁了桥墩，镇政府决定修复石桥。"
    shots = Shots([(bridge, "修桥。"), ("图书馆周一闭馆，读者可以在网上续借图书。", "闭馆。")], most=1)
    assert shown(shots, CHINESE) == ("1",)


def test_two_thousand_examples_cost_a_document_milliseconds() -> None:
    import time

    drawn = np.random.default_rng(0)
    words = [f"w{number}" for number in range(5000)]
    texts = [" ".join(drawn.choice(words, 150)) for _ in range(2001)]
    shots = Shots([(text, "x") for text in texts[1:]])
    document = from_text(texts[0], language="en")
    shots.shown(document, count, 10_000)  # the index is made once
    started = time.process_time()
    shots.shown(document, count, 10_000)
    assert time.process_time() - started < 0.1


# -- how many


def test_an_example_that_is_too_long_is_passed_over_whole_and_that_is_said() -> None:
    shots = Shots([(TIDE.replace("mill", "wind mill"), "a"), (MILL, "b"), (OWL, "c")], most=3)
    everything = shots.shown(from_text(TIDE), count, 10_000)
    assert (everything.ids, everything.warning) == (("3", "2", "1"), "")
    short = shots.shown(from_text(TIDE), count, 250)
    assert short.ids == ("3", "2")
    assert "1 of the likest examples are too long" in short.warning
    assert "2 of 3" in short.warning
    assert all(text.text in (MILL, OWL) for text, _ in short.turns)
    assert shots.shown(from_text(TIDE), count, 0).turns == ()


def test_only_the_likest_are_looked_at_for_ones_that_fit() -> None:
    shots = Shots([(f"{TIDE} {number}", "x") for number in range(100)] + [(OWL, "y")])
    found = shots.shown(from_text(MILL), count, 150)
    assert found.turns == ()
    assert str(NEAR) in found.warning


def test_fewer_examples_than_asked_for_are_no_reason_to_complain() -> None:
    found = Shots([(OWL, "An owl.")], most=5).shown(from_text(WELL), count, 10_000)
    assert (found.ids, found.warning) == (("1",), "")


@pytest.mark.parametrize(
    ("pairs", "most"), [([], 3), ([("", "x")], 3), ([("x", " \n")], 3), ([("x", "y")], 0)]
)
def test_what_is_no_example_is_refused(pairs: list[tuple[str, str]], most: int) -> None:
    with pytest.raises(UsageError):
        Shots(pairs, most)


# -- in the prompt


def taught(document: Document, *pairs: tuple[str, str]) -> Scripted:
    """The engine after a paragraph about the document was written."""
    engine = Scripted(first_sentence)
    made = material(document)
    made.shown = Shots(list(pairs), 2).shown(document, count, 10_000)
    finished(write(made, Request(style="paragraph", mention=("schoolteacher",)), False), engine)
    return engine


def test_examples_are_answered_turns_before_every_part_of_a_document() -> None:
    engine = taught(from_text(WELL), (OWL, "An owl\nwas found."), (SPRING, "A well."))
    prompts = [request.prompt for batch in engine.batches for request in batch]
    asked = [prompt for prompt in prompts if "one sentence." in prompt.messages[0].text]
    assert len({prompt.messages[-1].text for prompt in asked}) > 1
    for prompt in asked:
        assert prompt.messages[1:5] == (
            Message("user", OWL),
            Message("assistant", "An owl was found."),
            Message("user", SPRING),
            Message("assistant", "A well."),
        )
        assert [message.role for message in prompt.messages] == ["system", *["user", "assistant"] * 2, "user"]


def test_a_question_about_a_term_has_none_before_it() -> None:
    engine = taught(from_text(WELL.replace("The schoolteacher", "She, the schoolteacher,")), (OWL, "An owl."))
    prompts = [request.prompt for batch in engine.batches for request in batch]
    named = [prompt for prompt in prompts if "schoolteacher" in prompt.messages[0].text]
    assert all(len(prompt.messages) == 2 for prompt in named)


# -- with the real model


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Summarizer]:
    """A model that is shown the other stories of the corpus."""
    with Summarizer(engine="llamacpp", examples=ENGLISH, shots=2) as opened:
        yield opened


def test_a_summary_names_its_examples(newsroom: Summarizer) -> None:
    summary = newsroom(WELL)
    assert len(summary.examples) == 2
    assert "well" not in summary.examples
    assert set(summary.examples) <= {pair.id for pair in PAIRS}
    assert summary.as_dict()["examples"] == summary.examples
    assert (summary.warnings, summary.read_share) == ([], 1.0)
    assert "well" in summary.text


def test_a_focus_is_answered_without_examples_and_that_is_said(newsroom: Summarizer) -> None:
    summary = newsroom(WELL, focus="the schoolteacher", sentences=1)
    assert summary.examples == []
    assert "no example was shown" in summary.warnings[0]
    assert summary.text


def test_examples_are_part_of_what_a_text_depends_on(newsroom: Summarizer, summarizer: Summarizer) -> None:
    bare = summarizer.identity.replace(":auto:", ":None:")  # with examples no adapter is chosen
    assert newsroom.identity.startswith(bare)
    assert ":examples=2." in newsroom.identity
    assert Shots(ENGLISH, 2).identity == newsroom.identity.rpartition("=")[2]
    assert Shots(ENGLISH, 1).identity != Shots(ENGLISH, 2).identity
    assert Shots(PAIRS[1:], 2).identity != Shots(PAIRS, 2).identity


def test_a_method_that_copies_refuses_examples() -> None:
    with pytest.raises(UsageError, match="lexrank copies sentences and learns nothing from examples"):
        Summarizer("lexrank", examples=[(OWL, "An owl.")])
