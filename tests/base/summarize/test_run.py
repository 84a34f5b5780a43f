"""Many drafts over one engine: shared batches, own errors."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from tests.base.summarize.scripted import Scripted, first_sentence, material

from epitome.documents import from_text
from epitome.engines.base import Decoding
from epitome.errors import ContextError, EngineError, SourceError
from epitome.summarize.run import run
from epitome.summarize.write import Draft, Rounds, write
from epitome.types import Request

TOWNS = ["Leeds", "York", "Hull", "Bath", "Ely"]


def story(town: str, more: int = 0) -> str:
    return f"The mill in {town} burned down. " + f"Nobody in {town} was hurt by the smoke. " * (3 + more)


def job(text: str) -> Rounds:
    return write(material(from_text(text)), Request(), alternatives=False)


def refused() -> Rounds:
    raise SourceError("nothing in it")
    yield []  # a generator, as jobs are


def test_jobs_under_way_share_a_batch() -> None:
    engine = Scripted(first_sentence)
    drafts = dict(run([job(story(town)) for town in TOWNS], engine, wave=3))
    assert [len(batch) for batch in engine.batches] == [3, 2]
    assert sorted(drafts) == [0, 1, 2, 3, 4]
    for number, town in enumerate(TOWNS):
        draft = drafts[number]
        assert isinstance(draft, Draft)
        assert town.lower() in draft.chosen[0].text


def test_jobs_are_begun_only_when_there_is_room() -> None:
    begun: list[str] = []

    def jobs() -> Iterator[Rounds]:
        for town in TOWNS:
            begun.append(town)
            yield job(story(town))

    drafts = run(jobs(), Scripted(first_sentence), wave=2)
    next(drafts)
    assert begun == TOWNS[:2]


def test_a_job_that_fails_leaves_the_others() -> None:
    drafts = dict(run([job(story("Leeds")), refused(), job(story("York"))], Scripted(first_sentence), wave=3))
    assert isinstance(drafts[1], SourceError)
    assert isinstance(drafts[0], Draft)
    assert isinstance(drafts[2], Draft)


def test_a_prompt_that_is_too_long_harms_no_other() -> None:
    engine = Scripted(first_sentence, context=300)
    drafts = dict(
        run([job(story(town, more)) for town, more in zip(TOWNS, (0, 80, 0), strict=False)], engine, wave=3)
    )
    assert isinstance(drafts[1], ContextError)
    assert isinstance(drafts[0], Draft)
    assert isinstance(drafts[2], Draft)


def test_an_engine_that_breaks_is_said_and_not_tried_again_for_each() -> None:
    def broken(*_: object) -> str:
        raise EngineError("the server is gone")

    engine = Scripted(broken)
    with pytest.raises(EngineError, match="gone"):
        list(run([job(story(town)) for town in TOWNS], engine, wave=2))
    assert len(engine.batches) == 1


def test_progress_counts_the_prompts() -> None:
    seen: list[tuple[int, int]] = []
    list(
        run(
            [job(story(town)) for town in TOWNS],
            Scripted(first_sentence),
            wave=2,
            on_progress=lambda done, known: seen.append((done, known)),
        )
    )
    assert seen == [(1, 2), (2, 2), (3, 4), (4, 4), (5, 5)]


def test_cancelled_it_ends() -> None:
    cancel = Event()

    def then_cancel(_: str, text: str, __: Decoding) -> str:
        if "York" in text:
            cancel.set()
        return first_sentence(_, text, __)

    drafts = list(run([job(story(town)) for town in TOWNS], Scripted(then_cancel), cancel=cancel))
    assert [number for number, _ in drafts] == [0]


def test_a_draft_is_given_as_soon_as_its_own_answers_are_there() -> None:
    """A long batch that is interrupted loses what was under way, not what was finished."""
    asked: list[str] = []

    def script(_: str, text: str, __: Decoding) -> str:
        asked.append(text)
        return first_sentence(_, text, __)

    drafts = run([job(story(town)) for town in TOWNS], Scripted(script), wave=5)
    for at, (number, _) in enumerate(drafts):
        assert number == at
        assert len(asked) == at + 1
