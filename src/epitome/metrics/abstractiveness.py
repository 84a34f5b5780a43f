"""How far a summary is copied: coverage, density, compression (Grusky et al., "Newsroom", 2018) and novelty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from epitome.metrics.tokens import words


@dataclass(frozen=True, slots=True)
class Abstractiveness:
    """All counted on unstemmed lower-cased words (characters in Chinese and Japanese)."""

    coverage: float
    """Share of the summary's words that lie in fragments copied from the document, 0 to 1."""
    density: float
    """Mean length of the copied fragment that a word of the summary belongs to, in words."""
    compression: float
    """Words of the document for one word of the summary."""
    novel: tuple[float, float, float, float]
    """Share of the summary's 1-, 2-, 3- and 4-grams that the document does not contain, 0 to 1."""


def abstractiveness(summary: str, document: str, language: str = "en") -> Abstractiveness:
    """Measure one summary against its document. An empty summary copies nothing and adds nothing: all zeros.

    >>> found = abstractiveness("the cat sat quietly", "On the mat the cat sat.")
    >>> found.coverage, found.density, found.compression
    (0.75, 2.25, 1.5)
    """
    said = [word for word, _, _ in words(summary, language)]
    source = [word for word, _, _ in words(document, language)]
    if not said:
        return Abstractiveness(0.0, 0.0, 0.0, (0.0, 0.0, 0.0, 0.0))
    lengths = fragments(said, source)
    return Abstractiveness(
        coverage=sum(lengths) / len(said),
        density=sum(length * length for length in lengths) / len(said),
        compression=len(source) / len(said),
        novel=(
            novelty(said, source, 1),
            novelty(said, source, 2),
            novelty(said, source, 3),
            novelty(said, source, 4),
        ),
    )


def fragments(summary: Sequence[str], document: Sequence[str]) -> list[int]:
    """Lengths of the copied fragments: from left to right, each time the longest that the document contains.

    The paper's pseudo-code goes on behind a match and so can miss a longer one that begins inside it; here the
    longest is always found.
    """
    return [length for _, length in copied(summary, document)]


def copied(summary: Sequence[str], document: Sequence[str]) -> list[tuple[int, int]]:
    """The fragments, each as its first place in the document and its length."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(document):
        places[word].append(at)
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(summary):
        place, length = _longest(summary, start, document, places.get(summary[start], ()))
        if length:
            found.append((place, length))
        start += max(length, 1)
    return found


def _longest(
    summary: Sequence[str], start: int, document: Sequence[str], places: Sequence[int]
) -> tuple[int, int]:
    best = first = 0
    for place in places:
        # Worth a look only if it can be longer than the best so far.
        if place + best >= len(document) or start + best >= len(summary):
            break
        if document[place + best] != summary[start + best]:
            continue
        length = 0
        while (
            start + length < len(summary)
            and place + length < len(document)
            and summary[start + length] == document[place + length]
        ):
            length += 1
        if length > best:
            first, best = place, length
    return first, best


def novelty(summary: Sequence[str], document: Sequence[str], n: int) -> float:
    """Share of the summary's n-grams that the document does not contain; 0 if it has none."""
    ours = _ngrams(summary, n)
    theirs = set(_ngrams(document, n))
    return sum(gram not in theirs for gram in ours) / len(ours) if ours else 0.0


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[at:] for at in range(n)), strict=False))
