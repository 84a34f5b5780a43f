"""The extractive baselines: a summary made of the document's own sentences, for comparison and on request.

`lead` takes the beginning. TextRank (Mihalcea and Tarau 2004) and LexRank (Erkan and Radev 2004) are those
of the library sumy, fed with our own sentences and words, so that it needs neither NLTK's data nor a Chinese
segmenter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from epitome.documents import count_length, sentences
from epitome.errors import UsageError
from epitome.metrics.content import terms
from epitome.metrics.tokens import by_character
from epitome.summarize.budget import Budget, budget
from epitome.types import Document, Length, Request

METHODS = ("lead", "textrank", "lexrank")

BLOCK = 100
"""Sentences ranked at once. The graph is quadratic in them: a longer document is ranked block by block, the
best of each block go to the next round, until one block is left. So the time is linear in the length."""
LEAST_WORDS, MOST_WORDS = 5, 80
"""A sentence outside these is a heading, a caption or a list; taken only where there is nothing else."""
ALIKE = 0.7
"""Sentences that share more than this of the smaller one's content words say the same: only one is taken."""


def extract(document: Document, method: str, request: Request) -> list[tuple[int, int]]:
    """Spans of the chosen sentences, in document order.

    As many as the request's sentences or words allow (see `budget`); if no sentence is short enough for the
    words, the best one is taken all the same, since a copied sentence cannot be cut. Raises `UsageError` for
    an unknown method.
    """
    if method not in METHODS:
        raise UsageError(f"unknown method {method!r}", hint=f"one of {', '.join(METHODS)}")
    bounds = budget(document, request)
    spans = _fit_to_copy(document)
    order = spans if method == "lead" else _ranked(document, spans, method)
    if method == "lead":
        # The beginning, not whatever fits somewhere behind; but something that fits.
        order = order[: max(2 * bounds.aim, 5)]
    return sorted(_chosen(document, order, bounds))


def ranked(document: Document, method: str = "lexrank") -> list[tuple[int, int]]:
    """Spans of all sentences, the most central first."""
    return _ranked(document, sentences(document.text, document.language), method)


def _fit_to_copy(document: Document) -> list[tuple[int, int]]:
    """The sentences that can stand alone, or all if none can."""
    unit = 2 if by_character(document.language) else 1
    spans = sentences(document.text, document.language)
    kept = [
        (start, end)
        for start, end in spans
        if LEAST_WORDS * unit
        <= count_length(document.text[start:end], document.language)
        <= MOST_WORDS * unit
    ]
    whole = [
        span
        for span in kept
        if document.text[span[0] : span[1]].rstrip("”’\"')）」』")[-1:] in tuple(".!?。！？…")
    ]
    return whole or kept or spans


# --- ranking ---


class _Words:
    """sumy's tokenizer seam: our own content words."""

    def __init__(self, language: str) -> None:
        self.language = language

    def to_words(self, text: str) -> tuple[str, ...]:
        return tuple(terms(text, self.language))


def _ranked(document: Document, spans: Sequence[tuple[int, int]], method: str) -> list[tuple[int, int]]:
    """The sentences, best first; those that fell out in an earlier round follow in document order."""
    pool = list(spans)
    while len(pool) > BLOCK:
        blocks = [pool[at : at + BLOCK] for at in range(0, len(pool), BLOCK)]
        share = max(1, BLOCK // len(blocks)) if len(blocks) <= BLOCK else 1
        pool = [span for block in blocks for span in sorted(_ranked_block(document, block, method)[:share])]
    ranked = _ranked_block(document, pool, method)
    best = set(ranked)
    return ranked + [span for span in spans if span not in best]


def _ranked_block(document: Document, spans: Sequence[tuple[int, int]], method: str) -> list[tuple[int, int]]:
    if len(spans) < 3:
        return list(spans)  # LexRank's weights are all zero for two sentences
    import numpy as np
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence

    words = _Words(document.language)
    model = ObjectDocumentModel(
        [Paragraph([Sentence(document.text[start:end], words) for start, end in spans])]
    )
    order: list[int] = []

    def note(infos: Sequence[Any]) -> Sequence[Any]:
        order.extend(info.order for info in infos)
        return infos

    with np.errstate(invalid="raise", divide="raise"):
        try:
            _summarizer(method)(model, note)
        except FloatingPointError:
            return list(spans)  # no two sentences have a word in common: the graph ranks nothing
    return [spans[at] for at in order]


def _summarizer(method: str) -> Any:
    if method == "textrank":
        from sumy.summarizers.text_rank import TextRankSummarizer

        return TextRankSummarizer()
    from sumy.summarizers.lex_rank import LexRankSummarizer

    return LexRankSummarizer()


# --- choosing ---


def _chosen(document: Document, ranked: Sequence[tuple[int, int]], bounds: Budget) -> list[tuple[int, int]]:
    if not ranked:
        return []
    lengths = [count_length(document.text[start:end], document.language) for start, end in ranked]
    words = bounds.words or Length()
    most = bounds.sentences.most or (None if words.most or words.least else bounds.aim)
    picked: list[int] = []
    total = 0
    said: list[set[str]] = []
    for at, (start, end) in enumerate(ranked):
        if _enough(len(picked), total, most, words, bounds):
            break
        if words.most is not None and total + lengths[at] > words.most:
            continue
        content = set(terms(document.text[start:end], document.language))
        if any(_alike(content, other) for other in said):
            continue
        picked.append(at)
        said.append(content)
        total += lengths[at]
    if total not in words:
        picked = _exact(lengths, words, bounds.sentences) or picked
    return [ranked[at] for at in picked] or [ranked[0]]


def _enough(count: int, total: int, most: int | None, words: Length, bounds: Budget) -> bool:
    if most is not None and count >= most:
        return True
    if count < (bounds.sentences.least or 1):
        return False
    if words.most is not None:
        return total >= words.most
    return words.least is not None and total >= words.least


def _alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) > ALIKE * max(1, min(len(one), len(other)))


def _exact(lengths: Sequence[int], words: Length, count: Length) -> list[int]:
    """The best-ranked sentences whose words add up to within the bounds, or nothing if none do.

    Over the first 24 all sums are tried, each kept with the sentences of the lowest ranks: a few thousand
    steps.
    """
    most = words.most if words.most is not None else 2 * (words.least or 0)
    sums: dict[tuple[int, int], tuple[int, list[int]]] = {(0, 0): (0, [])}
    for at, length in islice(enumerate(lengths), 24):
        for (number, total), (cost, picks) in list(sums.items()):
            key = number + 1, total + length
            if key[1] <= most and (count.most is None or key[0] <= count.most):
                found = cost + at + 1, [*picks, at]
                if key not in sums or found[0] < sums[key][0]:
                    sums[key] = found
    within = [
        value for (number, total), value in sums.items() if number in count and total in words and number
    ]
    return min(within)[1] if within else []
