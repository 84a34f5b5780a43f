"""Where in a text certain words stand, faster than by a pattern: what a text lacks costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache


def places(text: str, hints: Sequence[str]) -> list[int]:
    """Where one of the words (in lower case) begins, in any case, in order."""
    lower = lowered(text)
    found: set[int] = set()
    for hint in hints:
        at = lower.find(hint)
        while at >= 0:
            found.add(at)
            at = lower.find(hint, at + 1)
    return sorted(found)


def windows(text: str, hints: Sequence[str], before: int, after: int) -> Iterator[tuple[int, int]]:
    """Stretches around these words, in order, joined where they overlap."""
    start = end = -1
    for at in places(text, hints):
        if at - before > end:
            if end > 0:
                yield start, end
            start = max(0, at - before)
        end = min(len(text), at + after)
    if end > 0:
        yield start, end


@lru_cache(maxsize=2)
def lowered(text: str) -> str:
    """Lower case, each character in its place (`İ` has two in lower case, and stays)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
