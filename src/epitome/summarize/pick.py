"""What of a long document the model reads: extract, then abstract.

Measured on 12 documents of QMSum and SQuALITY dev (5,000 to 20,000 words) with the default model, ROUGE-1 at about 140
words: reading everything part by part 23.9 and 26.3 (windows of 1,500 and 700 tokens), rewriting those sentences once
more 20.2, reading the 2,200 words that LexRank ranks highest 29.2, in a sixth of the time (docs/long-documents.md).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from epitome.documents import count_length, sentences
from epitome.metrics.content import terms
from epitome.summarize.budget import BY_CHARACTER, Budget
from epitome.summarize.candidate import names
from epitome.summarize.extractive import extract
from epitome.summarize.plan import Span
from epitome.trust.check import Source
from epitome.types import Document, Length, Request

READ_WORDS = 2200
"""Words (characters: twice that) up to which a document is read whole, and that are read of a longer one."""
WORDS_A_SENTENCE = 220
"""More is read where the summary is to have more sentences."""
NAMING = 3
"""Sentences read for each term to mention."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The sentences to read, and why these."""

    spans: frozenset[Span]
    why: str


Guide = Callable[[Document, int], set[Span]]
"""What chooses the sentences of a document that are worth reading, of about so many words at most; none: all are."""


def pick(
    document: Document, source: Source, request: Request, budget: Budget, guide: Guide | None = None
) -> Picked | None:
    """The sentences to read of a long document, or of any that a guide knows; None for one that is read whole."""
    if request.read_all:
        return None
    unit = 2 if document.language in BY_CHARACTER else 1
    most = max(READ_WORDS, WORDS_A_SENTENCE * budget.aim) * unit
    picked: set[Span] = set()
    why = "the guide marks"
    if guide is not None and not request.focus:
        picked = guide(document, most)
    if not picked and count_length(document.text, document.language) <= most:
        return None
    if not picked and request.focus:
        picked, why = _near(document, source, request.focus, most), "are nearest to the focus"
    if not picked:
        picked = set(extract(document, "lexrank", Request(style="paragraph", words=Length(None, most))))
        why = "LexRank ranks highest"
    picked |= _naming(document, request.mention)
    return Picked(frozenset(picked), f"read the {len(picked)} sentences that {why}")


def _near(document: Document, source: Source, focus: str, most: int) -> set[Span]:
    """The sentences of the passages nearest to the focus, as many as may be read."""
    passages = source.passages
    spans = sentences(document.text, document.language)
    starts = [start for start, _ in spans]
    picked: set[Span] = set()
    read = 0
    for _, at in passages.ranked(terms(focus, document.language)):
        first, last = passages.windows[at]
        inside = spans[max(0, bisect_right(starts, first) - 1) : bisect_left(starts, last)]
        fresh = [span for span in inside if span not in picked]
        picked.update(fresh)
        read += sum(count_length(document.text[start:end], document.language) for start, end in fresh)
        if read >= most:
            break
    return picked


def _naming(document: Document, wanted: tuple[str, ...]) -> set[Span]:
    """The first sentences that name each term."""
    spans = sentences(document.text, document.language) if wanted else []
    found: set[Span] = set()
    for term in wanted:
        holding = [span for span in spans if names(document.text[slice(*span)], term)]
        found.update(holding[:NAMING])
    return found
