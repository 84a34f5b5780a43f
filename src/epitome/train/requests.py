"""What a pair's gold summary would have been asked for: style, length and focus, so that a model learns to obey them.

The wording is that of `summarize` (`summarize/prompts.py`). What is asked of a pair depends on its id and the seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from epitome.datasets.pair import Pair
from epitome.documents import count_length, sentences
from epitome.summarize.prompts import Ask, Asked
from epitome.types import Length

FREE = 0.5
"""Share of the pairs that are asked without a length: the model is to know how long such summaries are."""
WIDE = 0.2
"""How far a bound lies from the gold's length at most: `summarize --words 50` means 40 to 50."""
COUNTED = 8
"""Sentences up to which they are counted in a request."""
HEADLINES = 0.15
"""Share of the pairs with a title that are asked for it as well."""


@dataclass(frozen=True, slots=True)
class Requests:
    """How requests are made up. `focus` and `headlines` are domains whose title is a question, or is a headline."""

    seed: int
    focus: frozenset[str]
    headlines: frozenset[str]

    def asked(self, pair: Pair) -> Asked:
        """A request that the pair's gold summaries meet."""
        draw = random.Random(f"{self.seed} {pair.id} {pair.summaries[0]}").random
        about = pair.title if pair.domain in self.focus else ""
        counts = [_count(gold, pair.lang) for gold in pair.summaries]
        single = max(counts) == 1
        sentence = single and draw() < 0.5
        kind: Ask = ("focus" if about else "sentence") if sentence else ("answer" if about else "summary")
        if draw() < FREE:
            return Asked(kind, about)
        least, most = min(counts), max(counts)
        if not sentence and most <= COUNTED and draw() < 0.3:
            return Asked(kind, about, sentences=Length(least, most))
        return Asked(kind, about, words=_bounds(pair, draw))

    def headline(self, pair: Pair) -> bool:
        """Whether the pair is asked for its title too."""
        wanted = bool(pair.title) and pair.domain in self.headlines
        return wanted and random.Random(f"{self.seed} {pair.id} headline").random() < HEADLINES


def _count(text: str, language: str) -> int:
    return max(1, len(sentences(text, language)))


def _bounds(pair: Pair, draw: Callable[[], float]) -> Length:
    """Bounds around the golds' lengths: both, or the upper one alone."""
    lengths = [count_length(gold, pair.lang) for gold in pair.summaries]
    least = max(1, round(min(lengths) * (1 - WIDE * draw())))
    most = max(lengths) + round(max(lengths) * WIDE * draw())
    return Length(None if draw() < 0.25 else least, most)
