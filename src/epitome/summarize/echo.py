"""Answers that say of the document what an example says of another: those are asked for again without examples.

A small model does that now and then: of 82 abstracts with three examples before each, 13 got the summary of an example,
word for word or nearly (LOG.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from itertools import chain

from epitome.engines.base import Answer, GenerationRequest
from epitome.metrics.tokens import tokens
from epitome.summarize.shots import Shown
from epitome.types import Document

SHARE = 0.5
"""Of an answer's trigrams, from which it is an example's. The 13 had 0.59 or more, the others 0.30 at most."""

Trigram = tuple[str, str, str]


def answered(
    requests: list[GenerationRequest], shown: Shown, document: Document, reasons: list[str]
) -> Generator[list[GenerationRequest], list[Answer], list[Answer]]:
    """The answers to the requests; each that echoes an example is another one, and `reasons` says so."""
    answers = yield requests
    echoing = [
        at
        for at, (request, answer) in enumerate(zip(requests, answers, strict=True))
        if _taught(request, shown) and echoes(answer.text, shown, document)
    ]
    if echoing:
        reasons.append("asked again without examples, since the model repeated one")
        again = yield [_bare(requests[at], shown) for at in echoing]
        for at, answer in zip(echoing, again, strict=True):
            answer.prompt_tokens += answers[at].prompt_tokens
            answer.generated_tokens += answers[at].generated_tokens
            answers[at] = answer
    return answers


def echoes(answer: str, shown: Shown, document: Document) -> bool:
    """Whether half of an answer is what one example says, and not the document.

    Turns of phrase that several examples have in common do not count: they are there to teach them.
    """
    language = document.language
    told = [_trigrams(text.text, language) | _trigrams(summary, language) for text, summary in shown.turns]
    times = Counter(chain(*told, *(_trigrams(summary, language) for summary in shown.others)))
    said = {one for one in _trigrams(answer, language) if times[one] < 2}
    for one in told:
        taken = said & one
        # The document, which may be a long one, is only looked at for an answer in doubt.
        if said and len(taken) >= SHARE * len(said):
            taken -= _trigrams(document.text, language)
            if len(taken) >= SHARE * len(said):
                return True
    return False


def _taught(request: GenerationRequest, shown: Shown) -> bool:
    """Whether the examples stand in the prompt: before a question of another kind they do not."""
    return len(request.prompt.messages) > 2 * len(shown.turns) > 0


def _bare(request: GenerationRequest, shown: Shown) -> GenerationRequest:
    """The request without the examples' turns, which stand just before the last one."""
    *before, last = request.prompt.messages
    kept = before[: len(before) - 2 * len(shown.turns)]
    return replace(request, prompt=replace(request.prompt, messages=(*kept, last)))


def _trigrams(text: str, language: str) -> set[Trigram]:
    found = tokens(text, language)
    return set(zip(found, found[1:], found[2:], strict=False))
