"""The extractive upper bound: the document's own sentences, chosen by looking at the gold summary.

One sentence: the one with the highest ROUGE-1. Several: greedily, as long as ROUGE-1 rises (Nallapati, Zhai and
Zhou, "SummaRuNNer", 2017). Of several gold summaries the one that can be reached best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from epitome.documents import sentences
from epitome.metrics.tokens import tokens
from epitome.types import Document

Span = tuple[int, int]


def oracle(document: Document, golds: Sequence[str], most: int) -> list[Span]:
    """Spans of at most `most` sentences, in document order; nothing if no sentence shares a word with a gold.

    >>> from epitome.documents import from_text
    >>> text = from_text("It rained all day. The dam broke at noon. Nobody was hurt.")
    >>> [text.text[start:end] for start, end in oracle(text, ["A dam broke."], 1)]
    ['The dam broke at noon.']
    """
    spans = sentences(document.text, document.language)
    counts = [Counter(tokens(document.text[start:end], document.language)) for start, end in spans]
    best: tuple[float, list[int]] = (0.0, [])
    for gold in golds:
        found = _greedy(counts, Counter(tokens(gold, document.language)), most)
        if found[0] > best[0]:
            best = found
    return [spans[at] for at in sorted(best[1])]


def _greedy(counts: Sequence[Counter[str]], gold: Counter[str], most: int) -> tuple[float, list[int]]:
    picked: list[int] = []
    said: Counter[str] = Counter()
    best = 0.0
    while len(picked) < most:
        step = max(
            ((_f1(said + count, gold), -at) for at, count in enumerate(counts) if at not in picked),
            default=(0.0, 0),
        )
        if step[0] <= best:
            break
        best = step[0]
        picked.append(-step[1])
        said += counts[-step[1]]
    return best, picked


def _f1(said: Counter[str], gold: Counter[str]) -> float:
    hits = sum((said & gold).values())
    return 2 * hits / (said.total() + gold.total()) if hits else 0.0
