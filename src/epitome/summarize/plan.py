"""How a document meets a context window: whole, or in parts cut on section and sentence boundaries.

Nothing is cut away: the parts cover the document but for the sentences that are withheld because they give
orders to the model.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from epitome.documents import sentences
from epitome.types import Document

Span = tuple[int, int]
# "4.3 Results", "12. The court", "(3) A tenant", not "12 people" and "3.5 million".
_NUMBER = re.compile(r"^(?:\(?\d{1,3}[.)]|\d{1,3}(?:\.\d{1,3})+[.)]?|§\s?\d+)\s+(?![a-z])(?=[^\W\d_]|[“\"])")
_HEADING_NUMBER = re.compile(r"^\d{1,3}\s+(?=[^\W\d_])")
_BLOCK = 4000
"""Characters tokenised at once to learn how many tokens a sentence has."""


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive sentences that one prompt holds."""

    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]

    def text(self, document: Document) -> str:
        """The part as the model reads it: paragraphs kept, withheld sentences left out.

        Numbers of paragraphs are dropped and a heading runs on into its text: a small model that reads "4.3 Results"
        on a line of its own goes on with "4.4".
        """
        headings = {section.start for section in document.sections}
        pieces: list[str] = []
        before, headed = self.start, False
        for start, end in self.spans:
            gap = document.text[before:start]
            fresh = "\n\n" in gap or not pieces
            sentence = document.text[start:end]
            pieces.append(
                ": " if headed and fresh and pieces else "\n\n" if "\n\n" in gap else " " if gap else ""
            )
            if fresh:
                number = _HEADING_NUMBER if start in headings else _NUMBER
                sentence = number.sub("", _NUMBER.sub("", sentence))
            pieces.append(sentence)
            before, headed = end, start in headings
        return "".join(pieces)


def parts(
    document: Document,
    count: Callable[[str], int],
    *,
    window: int,
    least: int = 1,
    withheld: Sequence[Span] = (),
    only: Collection[Span] | None = None,
) -> list[Part]:
    """Cut the document, or `only` these sentences of it, into at least `least` parts of at most `window` tokens,
    about equally long.

    `count` tells the tokens of a text. A sentence longer than the window is cut between words. A document with
    fewer sentences than `least` has one a part.
    """
    hidden = sorted(withheld)
    units = [
        piece
        for span, tokens in _measured(document, count)
        if not _overlaps(span, hidden) and (only is None or span in only)
        for piece in _split(document.text, span, tokens, window)
    ]
    if not units:
        return []
    wanted = max(-(-sum(tokens for _, tokens in units) // window), min(least, len(units)))
    headings = {section.start for section in document.sections}
    packed = _packed(units, wanted, window, headings)
    return [part for spans in packed for part in _fitting(document, Part(tuple(spans)), count, window)]


def _measured(document: Document, count: Callable[[str], int]) -> list[tuple[Span, int]]:
    """Every sentence with about its number of tokens, at one tokenizer call a block of text."""
    spans = sentences(document.text, document.language)
    measured: list[tuple[Span, int]] = []
    block: list[Span] = []

    def close() -> None:
        if block:
            start, end = block[0][0], block[-1][1]
            rate = count(document.text[start:end]) / max(1, end - start)
            measured.extend((span, int(rate * (span[1] - span[0])) + 1) for span in block)
            block.clear()

    for span in spans:
        block.append(span)
        if span[1] - block[0][0] >= _BLOCK:
            close()
    close()
    return measured


def _split(text: str, span: Span, tokens: int, window: int) -> list[tuple[Span, int]]:
    """A sentence, in pieces that fit the window."""
    if tokens <= window:
        return [(span, tokens)]
    step = max(1, (span[1] - span[0]) * window // (tokens + window // 8))
    found: list[tuple[Span, int]] = []
    start = span[0]
    while start < span[1]:
        end = min(span[1], start + step)
        if end < span[1]:
            gap = max(text.rfind(mark, start + step // 2, end) for mark in " \n\t，、；")
            end = gap + 1 if gap > start else end
        found.append(((start, end), window * (end - start) // step))
        start = end
    return found


def _packed(
    units: Sequence[tuple[Span, int]], wanted: int, window: int, headings: set[int]
) -> list[list[Span]]:
    """Fill `wanted` parts alike, or more of them; a heading closes a part that is more than half full."""
    target = sum(tokens for _, tokens in units) / wanted
    packed: list[list[Span]] = []
    seen = filled = 0
    for at, (span, tokens) in enumerate(units):
        # From where each sentence has to be a part of its own, it is.
        due = seen >= target * len(packed) - 0.5 * tokens or len(units) - at <= wanted - len(packed)
        heading = wanted > 1 and filled > target / 2 and span[0] in headings
        if due or heading or filled + tokens > window:
            packed.append([])
            filled = 0
        packed[-1].append(span)
        seen += tokens
        filled += tokens
    return packed


def _fitting(document: Document, part: Part, count: Callable[[str], int], window: int) -> Iterator[Part]:
    """The part, halved until it really fits: what a sentence has in tokens was only estimated."""
    text = part.text(document)
    if len(text) < 2 or count(text) <= window:
        yield part
        return
    if len(part.spans) > 1:
        middle = len(part.spans) // 2
        halves = part.spans[:middle], part.spans[middle:]
    else:
        ((start, end),) = part.spans
        pieces = _split(document.text, (start, end), 2, 1)
        halves = tuple(span for span, _ in pieces[:1]), tuple(span for span, _ in pieces[1:])
    for spans in halves:
        if spans:
            yield from _fitting(document, Part(spans), count, window)


def _overlaps(span: Span, others: Sequence[Span]) -> bool:
    """Whether it overlaps one of the others, which are sorted and do not overlap each other."""
    at = bisect_left(others, (span[1], 0))
    return at > 0 and span[0] < others[at - 1][1]


def share(document: Document, read: Sequence[Part]) -> float:
    """Share of the document's characters (white space aside) that stand in the parts."""
    whole = len(re.sub(r"\s+", "", document.text))
    covered = sum(len(re.sub(r"\s+", "", document.text[start:end])) for start, end in _union(read))
    return round(covered / whole, 6) if whole else 1.0


def _union(read: Sequence[Part]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(span for part in read for span in part.spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
