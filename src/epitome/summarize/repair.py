"""What the check doubts is written anew, replaced or left out, where the request asks for that (`repair`)."""

from __future__ import annotations

from collections.abc import Sequence

from epitome.documents import count_length, sentences
from epitome.summarize.candidate import Candidate
from epitome.summarize.pool import Pool
from epitome.types import Request, Sentence, Unmet

TOLD = 3
"""Sentences left out that are told one by one; of more, the number."""


def doubted(pool: Pool, chosen: Sequence[Candidate], request: Request) -> bool:
    """Whether something in the choice is reason enough to ask the model again."""
    if not request.repair:
        return any(candidate.checked.facts for candidate in chosen)
    judged = pool.source.check_all([candidate.text for candidate in chosen])
    return not all(sound(one, request) for one in judged)


def sound(sentence: Sentence, request: Request) -> bool:
    """Whether a sentence may stand: no fact that the document lacks, and support enough."""
    if request.min_support is None:
        return sentence.supported
    return not sentence.facts and sentence.support >= request.min_support


def settled(pool: Pool, request: Request) -> tuple[list[Candidate], list[Unmet], list[str]]:
    """The best choice, what of the request it leaves unmet, and what was done to it.

    With `repair`, without the sentences that are not sound: other versions take their place, and where there are none
    the sentence of the document that the first of them rested on.
    """
    chosen, unmet = pool.best()
    refused: list[Candidate] = []
    while request.repair:
        judged = pool.source.check_all([candidate.text for candidate in chosen])
        unsound = [one for one, found in zip(chosen, judged, strict=True) if not sound(found, request)]
        if not unsound:
            break
        refused += unsound
        gone = {id(one) for one in unsound}
        pool.candidates = [one for one in pool.candidates if id(one) not in gone]
        if not pool.candidates:
            pool.candidates = _copied(pool, refused[0])
        if not pool.candidates:
            break
        chosen, unmet = pool.best()
    return chosen, unmet, _told(refused, chosen)


def _copied(pool: Pool, doubtful: Candidate) -> list[Candidate]:
    """The document's own sentence where the doubtful one has its first passage; none if it rests on nothing."""
    for span in doubtful.checked.sources[:1]:
        for start, end in sentences(span.text, pool.document.language)[:1]:
            text = span.text[start:end]
            checked = pool.source.check_sentence(text)
            return [Candidate(text, doubtful.group, count_length(text, pool.language), "copied", checked)]
    return []


def _told(refused: Sequence[Candidate], chosen: Sequence[Candidate]) -> list[str]:
    if not refused:
        return []
    said = [f"not supported, left out: {one.text}" for one in refused[:TOLD]]
    said += [f"and {len(refused) - TOLD} more versions"] if len(refused) > TOLD else []
    copied = any(one.made == "copied" for one in chosen)
    return [*said, "a sentence of the document stands in their place"] if copied else said
