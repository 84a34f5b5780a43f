"""A long document cut to what a model may read in training: its head, and its most informative sentences."""

from __future__ import annotations

from collections.abc import Callable

from epitome.documents import sentences
from epitome.summarize.extractive import ranked
from epitome.types import Document

HEAD = 0.5
"""Share of the room that goes to the beginning; leads carry most of a text's gist (news, papers, judgments alike)."""


def shortened(text: str, language: str, room: int, count: Callable[[str], int]) -> str:
    """At most `room` tokens of `text` in whole sentences, in order: the first half from its head, then what LexRank
    ranks highest. A first sentence longer than the room is cut at a word."""
    spans = sentences(text, language)
    sizes = [count(text[start:end]) + 1 for start, end in spans]
    kept: set[int] = set()
    left = room
    for at, size in enumerate(sizes):
        if size > left or room - left + size > max(room * HEAD, sizes[0]):
            break
        kept.add(at)
        left -= size
    if not kept:
        words = text.split(" ")
        while count(" ".join(words)) > room and len(words) > 1:
            words = words[: max(1, len(words) * 9 // 10)]
        return " ".join(words)
    places = {span: at for at, span in enumerate(spans)}
    for span in ranked(Document(text, language=language)):
        at = places[span]
        if at not in kept and sizes[at] <= left:
            kept.add(at)
            left -= sizes[at]
    return " ".join(text[slice(*spans[at])].strip() for at in sorted(kept))
