"""A summary and its document side by side: every sentence with the passages that it rests on."""

from __future__ import annotations

from itertools import pairwise

from epitome.pages.page import page, render
from epitome.trust.check import Verdict
from epitome.types import Document

CONTEXT = 60_000
"""Characters of document shown whole; of a longer one the passages and what stands around them."""
AROUND = 600


def checked(document: Document, verdict: Verdict) -> str:
    """The page as HTML."""
    doubtful = sum(not sentence.supported for sentence in verdict.sentences)
    count = len(verdict.sentences)
    lead = (
        f"{count - doubtful} of {count} sentences are supported by the document."
        if count
        else "Nothing is said."
    )
    body = render(
        "epitome.trust:check.html", verdict=verdict, pieces=_pieces(document, verdict), source=document.source
    )
    return page(
        f"Check: {document.title or document.source or 'a summary'}",
        body,
        lead=lead,
        language=document.language,
    )


def _pieces(document: Document, verdict: Verdict) -> list[tuple[str, list[int]]]:
    """The document cut where passages begin and end: each piece with the numbers of the sentences that rest on it."""
    spans = [
        (span.start, span.end, number)
        for number, sentence in enumerate(verdict.sentences, 1)
        for span in sentence.sources
    ]
    text = document.text
    cuts = sorted({0, len(text), *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    found = []
    for start, end in pairwise(cuts):
        numbers = sorted({number for left, right, number in spans if left <= start and end <= right})
        shown = text[start:end]
        if not numbers and len(text) > CONTEXT and len(shown) > 2 * AROUND:
            shown = f"{shown[:AROUND]} […] {shown[-AROUND:]}"
        found.append((shown, numbers))
    return found
