"""Which words of a document its summaries use: a tag a word, and tags as spans.

A word begins (B), stands inside (I) or ends (E) a span that a summary has word for word, or is outside (O) of any.
Spans are the longest that document and summary share (Gehrmann et al. 2018, section 3.2; here every word of the summary
is explained once); a span needs a content word, and is taken where the document has it first.
"""

from __future__ import annotations

from collections.abc import Sequence

from epitome.metrics.abstractiveness import copied
from epitome.metrics.content import terms
from epitome.metrics.stem import stem
from epitome.metrics.tokens import words

TAGS = ("O", "B", "I", "E")
O, B, I, E = range(len(TAGS))  # noqa: E741  (the field's names)
Word = tuple[int, int]
"""Character offsets in the document."""


def places(document: str, language: str = "en") -> list[Word]:
    """The words that are tagged: runs of letters and digits; characters in Chinese and Japanese."""
    return [(start, end) for _, start, end in words(document, language)]


def tags(document: str, summaries: Sequence[str], language: str = "en") -> list[int]:
    """A tag for each of the document's `places`; words are compared by their stems.

    >>> tags("The ferry was late. It carried ninety people.", ["A late ferry carried ninety people"])
    [0, 1, 0, 1, 0, 1, 2, 3]
    """
    source, where = _stems(document, language), places(document, language)
    found = [O] * len(source)
    for summary in summaries:
        for first, length in copied(_stems(summary, language), source):
            span = range(first, first + length)
            said = terms(document[where[first][0] : where[span[-1]][1]], language)
            if said and all(found[at] == O for at in span):
                found[first : first + length] = [B, *[I] * (length - 2), E][:length]
    return found


def spans(tagged: Sequence[int]) -> list[range]:
    """The spans that tags mark, as places of words: runs of words that are not outside, cut before B and after E.

    >>> spans([0, 1, 2, 3, 1, 0, 2])
    [range(1, 4), range(4, 5), range(6, 7)]
    """
    found: list[range] = []
    start: int | None = None
    for at, tag in enumerate([*tagged, O]):
        if start is not None and (tag in (O, B) or tagged[at - 1] == E):
            found.append(range(start, at))
            start = None
        if tag != O and start is None:
            start = at
    return found


def _stems(text: str, language: str) -> list[str]:
    found = (word for word, _, _ in words(text, language))
    return [stem(word) if word.isascii() and len(word) > 3 else word for word in found]
