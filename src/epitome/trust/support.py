"""How far a sentence follows from its document: a first, lexical score, to be replaced by a learned one.

It sees copied and reworded text apart from invented text, not a swapped name or a lost "not" from a true
sentence: `bench/results/support.md` says how well, set by set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from epitome.metrics.content import terms
from epitome.metrics.stem import stem
from epitome.metrics.tokens import words
from epitome.trust.passages import Passages

WINDOWS = 2
"""Passages that a sentence may rest on at once. Mean AUC over eight dev sets 0.632 with one, 0.641 with two,
0.636 with three (plain overlap with the whole document: 0.574)."""


def support(sentence: str, passages: Passages) -> float:
    """From 0 (nothing in common) to 1 (said word for word).

    The mean of two shares: the content words, weighed by how rare they are in the document, and the pairs of
    neighbouring words that the best `WINDOWS` passages contain. A sentence without words claims nothing: 1.
    """
    said = _stems(sentence, passages.language)
    if not said or passages.verbatim(sentence) is not None:
        return 1.0
    wanted = terms(sentence, passages.language)
    chosen = passages.cover(wanted or said, WINDOWS)
    texts = [passages.document.text[slice(*passages.windows[at])] for at in chosen]
    found = {term for text in texts for term in terms(text, passages.language)}
    neighbours = {pair for text in texts for pair in pairwise(_stems(text, passages.language))}
    pairs = list(pairwise(said))
    covered = _share(wanted, found, passages)
    if not pairs:
        return covered
    return 0.5 * covered + 0.5 * sum(pair in neighbours for pair in pairs) / len(pairs)


def _share(wanted: Sequence[str], found: Iterable[str], passages: Passages) -> float:
    weights = {term: passages.rarity(term) for term in set(wanted)}
    total = sum(weights[term] for term in wanted)
    return sum(weights[term] for term in wanted if term in found) / total if total else 0.0


def _stems(text: str, language: str) -> list[str]:
    return [stem(word) if word.isascii() else word for word, _, _ in words(text, language)]
