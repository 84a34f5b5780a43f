"""Which passages of a document a sentence rests on: lexical retrieval over windows of its sentences.

Scores are Okapi BM25's (Robertson and Zaragoza 2009) over stems or Chinese character pairs; the second and
third passage are those that add most of what the first left uncovered. Building is linear in the document, a
question looks only at the windows that share a word with it.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise

from epitome.documents import sentences
from epitome.metrics.content import terms
from epitome.metrics.tokens import by_character, words
from epitome.types import Document, SourceSpan

LEAST_WORDS = 20
"""A window takes sentences until it has so many words (twice as many characters in Chinese). Meetings have
many sentences of three words, which say nothing alone: on the 226 questions of QMSum dev that can be
located, one of three passages lies in the gold span for 88.5 % with single sentences, 90.3 % with 20 words,
84.1 % with 80."""
MOST_WORDS = 80
"""A longer sentence (a transcript without punctuation) is cut into pieces of so many words."""


EVIDENCE = 110
"""Words of the document that a sentence is judged by."""


class Passages:
    """The windows of a document, indexed when first asked.

    >>> from epitome.documents import from_text
    >>> passages = Passages(from_text("The court sat on Monday. It heard two farmers about the water
    rights.")) >>> passages.best("Farmers spoke about water.", k=1)[0].start
    0
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.language = document.language

    @cached_property
    def windows(self) -> list[tuple[int, int]]:
        """Character spans of the windows, in order; neighbours overlap by all but a sentence."""
        text, language = self.document.text, self.language
        unit = 2 if by_character(language) else 1
        pieces = [
            (start, end, count)
            for span in sentences(text, language)
            for start, end, count in _pieces(text, *span, language, MOST_WORDS * unit)
        ]
        found: list[tuple[int, int]] = []
        for first in range(len(pieces)):
            total, last = 0, first
            for last in range(first, len(pieces)):
                total += pieces[last][2]
                if total >= LEAST_WORDS * unit:
                    break
            span = pieces[first][0], pieces[last][1]
            if not found or span[1] > found[-1][1]:
                found.append(span)
        return found

    @cached_property
    def _counts(self) -> list[Counter[str]]:
        text, language = self.document.text, self.language
        return [Counter(terms(text[start:end], language)) for start, end in self.windows]

    @cached_property
    def _postings(self) -> Mapping[str, list[tuple[int, float]]]:
        """For every term the windows that have it, each with the term's BM25 weight there."""
        counts = self._counts
        mean = sum(count.total() for count in counts) / max(len(counts), 1)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, count in enumerate(counts):
            # k1 = 1.2 and b = 0.75, the usual values.
            slow = 1.2 * (0.25 + 0.75 * count.total() / max(mean, 1))
            for term, times in count.items():
                postings[term].append((at, times * 2.2 / (times + slow)))
        return dict(postings)

    def rarity(self, term: str) -> float:
        """The inverse document frequency over the windows; highest for a term that the document lacks."""
        count = len(self.windows)
        having = len(self._postings.get(term, ()))
        return math.log(1 + (count - having + 0.5) / (having + 0.5))

    def ranked(self, wanted: Iterable[str]) -> list[tuple[float, int]]:
        """(score, window) of the windows that have any of the terms, best first."""
        scores: dict[int, float] = defaultdict(float)
        for term in set(wanted):
            postings = self._postings.get(term, ())
            rarity = self.rarity(term) if postings else 0.0
            for at, weight in postings:
                scores[at] += rarity * weight
        return sorted(((score, at) for at, score in scores.items()), key=lambda pair: (-pair[0], pair[1]))

    def cover(self, wanted: Iterable[str], k: int = 3) -> list[int]:
        """Up to k windows that do not overlap: the best, then those that add most of what is missing."""
        missing = set(wanted)
        chosen: list[int] = []
        while missing and len(chosen) < k:
            best = next((at for _, at in self.ranked(missing) if not self._overlaps(at, chosen)), None)
            if best is None:
                break
            chosen.append(best)
            missing -= self._counts[best].keys()
        return chosen

    def _overlaps(self, at: int, chosen: list[int]) -> bool:
        start, end = self.windows[at]
        return any(start < self.windows[other][1] and self.windows[other][0] < end for other in chosen)

    @cached_property
    def _words(self) -> list[tuple[str, int, int]]:
        return words(self.document.text, self.language)

    @cached_property
    def _stream(self) -> tuple[str, list[int]]:
        """All words with a space before each, and where each begins in that."""
        offsets, at = [], 0
        for word, _, _ in self._words:
            offsets.append(at)
            at += len(word) + 1
        return "".join(f" {word}" for word, _, _ in self._words) + " ", offsets

    def verbatim(self, sentence: str) -> SourceSpan | None:
        """Where the document says exactly these words; marks, capitals and line breaks do not matter."""
        said = [word for word, _, _ in words(sentence, self.language)]
        stream, offsets = self._stream
        at = stream.find(" " + " ".join(said) + " ") if said else -1
        if at < 0:
            return None
        first = bisect_right(offsets, at) - 1
        return self._passage(self._words[first][1], self._words[first + len(said) - 1][2])

    def best(self, sentence: str, k: int = 3) -> list[SourceSpan]:
        """Up to k passages that the sentence rests on, the strongest first; none if no content word is
        shared.

        For a sentence copied from the document it is that sentence alone.
        """
        copied = self.verbatim(sentence)
        if copied is not None:
            return [copied]
        return [self._passage(*self.windows[at]) for at in self.cover(terms(sentence, self.language), k)]

    def evidence(self, sentence: str, words: int = EVIDENCE) -> str:
        """What a reader needs to judge the sentence, about `words` in all, in order; … between pieces.

        The best passages, and around them as much as there is room for; of a short document all of it.
        """
        if not self.windows:
            return ""
        text = self.document.text
        if len(text.split()) <= words:
            return text
        starts = [start for start, _ in self.windows]
        found = self.best(sentence) or [self._passage(*self.windows[0])]
        chosen = {max(0, bisect_right(starts, span.start) - 1) for span in found}
        for reach in (1, 2, 3):
            for at in sorted(chosen):
                for beside in (at - reach, at + reach):
                    if 0 <= beside < len(starts) and self._size({*chosen, beside}) <= words:
                        chosen.add(beside)
        return " … ".join(text[start:end] for start, end in self._together(chosen))

    def _together(self, chosen: Iterable[int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for start, end in sorted(self.windows[at] for at in chosen):
            if found and start <= found[-1][1] + 1:
                found[-1] = found[-1][0], max(end, found[-1][1])
            else:
                found.append((start, end))
        return found

    def _size(self, chosen: Iterable[int]) -> int:
        return sum(len(self.document.text[start:end].split()) for start, end in self._together(chosen))

    def _passage(self, start: int, end: int) -> SourceSpan:
        origin = self.document.origin(start)
        return SourceSpan(
            start=start,
            end=end,
            text=self.document.text[start:end],
            page=origin.page if origin else None,
            paragraph=origin.paragraph if origin else None,
        )


def _pieces(text: str, start: int, end: int, language: str, most: int) -> Iterator[tuple[int, int, int]]:
    """The sentence with its number of words, cut where it is longer than `most` of them."""
    inside = words(text[start:end], language)
    if len(inside) <= most:
        yield start, end, len(inside)
        return
    cuts = [start, *(start + inside[at][1] for at in range(most, len(inside), most)), end]
    for left, right in pairwise(cuts):
        piece = text[left:right]
        yield left, left + len(piece.rstrip()), min(most, len(re.findall(r"\w+", piece)) or 1)
