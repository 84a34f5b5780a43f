"""Sentences that have nothing to do with the rest."""

from __future__ import annotations

import random
from math import ceil

from epitome.documents import sentences
from epitome.evaluate.perturb.lists import read
from epitome.metrics.tokens import by_character


def insertion(text: str, lang: str, rng: random.Random, rate: float) -> str:
    """Irrelevant sentences between those of the text: `rate` for each of its sentences, at least one.

    Nothing is taken away. A summary that repeats them took the place for the content, or reads whatever is there;
    Jia and Liang, "Adversarial examples for evaluating reading comprehension systems", 2017, distract readers in the
    same way. The sentences are our own (`insertion.toml`), in English and Chinese; other languages are left alone.
    """
    ours: list[str] = read("insertion").get(lang, [])
    places = [end for _, end in sentences(text, lang)]
    count = min(ceil(rate * len(places)), len(ours))
    if not count:
        return text
    gap = "" if by_character(lang) else " "
    chosen = rng.sample(ours, count)
    where = sorted(rng.randrange(len(places)) for _ in chosen)
    pieces, at = [], 0
    for place, sentence in zip(where, chosen, strict=True):
        pieces += [text[at : places[place]], gap + sentence]
        at = places[place]
    return "".join(pieces) + text[at:]
