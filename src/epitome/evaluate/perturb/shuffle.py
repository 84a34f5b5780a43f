"""Sentences in another order."""

from __future__ import annotations

import random
import re

from epitome.documents import sentences

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")


def shuffle(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """The sentences of a paragraph change places; paragraphs, and the white space between sentences, stay.

    What a summary should say does not depend much on the order, while systems that take the beginning do: Kedzie et
    al., "Content selection in deep learning models of summarization", 2018, shuffle documents to show it. `rate` is
    the share of paragraphs that are shuffled.
    """
    pieces, at = [], 0
    for places in _paragraphs(text, lang):
        held = [text[start:end] for start, end in places]
        if len(set(held)) < 2 or rng.random() >= rate:
            continue
        order = list(range(len(held)))
        rng.shuffle(order)
        moved = [held[one] for one in order]
        if moved == held:
            moved = held[1:] + held[:1]
        for (start, end), sentence in zip(places, moved, strict=True):
            pieces += [text[at:start], sentence]
            at = end
    return "".join(pieces) + text[at:]


def _paragraphs(text: str, lang: str) -> list[list[tuple[int, int]]]:
    found: list[list[tuple[int, int]]] = []
    last = 0
    for start, end in sentences(text, lang):
        if not found or _PARAGRAPH.search(text, last, start):
            found.append([])
        found[-1].append((start, end))
        last = end
    return found
