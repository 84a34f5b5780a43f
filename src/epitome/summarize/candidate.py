"""A sentence that may stand in the summary, and which of them to take."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nlargest
from typing import Literal

from epitome.metrics.rouge import score
from epitome.metrics.tokens import tokens
from epitome.types import Length, Sentence

Made = Literal["greedy", "sampled", "trimmed", "named", "combined", "copied"]

SAME = 0.7
"""Share of the shorter sentence's words that stand in the other from which on the two say the same."""
SEARCHED = 1600
"""Candidates gone through (choices tried times candidates) before the search for the best gives way to a quick one."""
STATES = 6000
"""Partial choices kept at once, the best ones: all of them up to about 300 words, beyond which all take seconds."""

Rank = tuple[int, int, float]
"""Terms named, nearness to the aim, value: what a choice is compared by."""
CONSENSUS = 24.0
"""How fast a version loses value that the others agree with less: of a tenth of agreement less, nine tenths."""
LIKELY = 0.25
"""Weight of the mean log-probability beside the agreement. Chosen on 160 documents of SciTLDR dev (even half) with the
`tldr` adapter, 17 versions: ROUGE 41.7/19.4/34.0 greedy, 43.0/19.9/34.7 by agreement alone, 43.2/20.9/34.9 with it
and 42.9/20.4/34.6 with the faults of wording beside both (LOG.md)."""
VERSIONS = 3
"""Fewest versions of a sentence that can agree on something."""
_LETTER = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"
"""What makes a word longer; Chinese and Japanese have no spaces between words."""


@dataclass(slots=True)
class Candidate:
    """One sentence that the model wrote.

    Of the candidates of one `group` at most one is taken; groups are numbered in document order.
    """

    text: str
    group: int
    words: int
    made: Made
    checked: Sentence
    value: float = 0.0
    likely: float = 0.0
    """Mean log-probability of its tokens, as far as the engine told; 0: unknown."""
    words_set: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a choice has to keep to."""

    sentences: Length
    words: Length | None
    aim: int
    terms: tuple[str, ...] = ()


def choose(pool: Sequence[Candidate], wanted: Wanted) -> list[Candidate] | None:
    """The candidates of the highest value together that meet the bounds, in order; None if none do.

    Among the numbers of sentences allowed, the one nearest to the aim wins; naming more of the terms goes before
    everything. Exact: a dynamic programme over sentences, words and terms named, and where its answer says a thing
    twice, best-first search over which of the two to do without (in large pools soon: without the less valuable).
    """
    tries = SEARCHED // max(1, len(pool))
    open_ones = [(*_solve(pool, wanted), frozenset[int]())]
    for attempt in range(tries + len(pool) + 1):
        at = max(range(len(open_ones)), key=lambda row: open_ones[row][0])
        _, chosen, without = open_ones.pop(at)
        if chosen is None:
            return None
        twice = said_twice(chosen)
        if twice is None:
            return chosen
        if attempt >= tries:
            open_ones.clear()
        for candidate in twice if attempt < tries else twice[:1]:
            fewer = without | {id(candidate)}
            left = [other for other in pool if id(other) not in fewer]
            open_ones.append((*_solve(left, wanted), fewer))
    return None


def _solve(pool: Sequence[Candidate], wanted: Wanted) -> tuple[Rank, list[Candidate] | None]:
    """The best choice if saying things twice were no matter, and how good it is."""
    longest = wanted.words.most if wanted.words else None
    most = wanted.sentences.most or _most(pool, wanted)
    groups: dict[int, list[tuple[int, int, Candidate]]] = {}
    for candidate in pool:
        bits = sum(1 << at for at, term in enumerate(wanted.terms) if names(candidate.text, term))
        words = candidate.words if wanted.words else 0
        groups.setdefault(candidate.group, []).append((words, bits, candidate))
    states: dict[tuple[int, int, int], tuple[float, tuple[Candidate, ...]]] = {(0, 0, 0): (0.0, ())}
    for group in sorted(groups):
        grown = dict(states)
        for (count, words, named), (value, taken) in states.items():
            if count == most:
                continue
            for more, bits, candidate in groups[group]:
                if longest is not None and words + more > longest:
                    continue
                key = (count + 1, words + more, named | bits)
                if key not in grown or grown[key][0] < value + candidate.value:
                    grown[key] = (value + candidate.value, (*taken, candidate))
        states = dict(nlargest(STATES, grown.items(), _value)) if len(grown) > STATES else grown
    best: tuple[Rank, list[Candidate] | None] = ((-1, 0, 0.0), None)
    for (count, words, named), (value, taken) in states.items():
        if count and count in wanted.sentences and (not wanted.words or words in wanted.words):
            rank = (named.bit_count(), -abs(count - wanted.aim), value)
            best = max(best, (rank, list(taken)), key=lambda row: row[0])
    return best


def _value(state: tuple[object, tuple[float, object]]) -> float:
    return state[1][0]


def _most(pool: Sequence[Candidate], wanted: Wanted) -> int:
    """How many sentences could be of use, where the request sets no upper bound."""
    usual = max(wanted.aim, wanted.sentences.least or 1) + max(4, len(wanted.terms))
    if wanted.words is None or not pool:
        return usual
    # Many short sentences may be what the words need.
    shortest = max(1, min(candidate.words for candidate in pool))
    return max(usual, (wanted.words.most or (wanted.words.least or 0) + shortest) // shortest)


def names(text: str, term: str) -> bool:
    """Whether a text names a term: as whole words, capitals aside; a plural counts.

    >>> names("They said so.", "AI"), names("Wind turbines turn.", "wind turbine")
    (False, True)
    """
    return bool(term.strip()) and _as_words(term).search(text.casefold()) is not None


def as_written(text: str, term: str, source: str) -> str:
    """The text with the term spelt as it is given, where the source never spells it as the text does.

    >>> as_written("The Iphone and its activity.", "iPhone", "an iPhone"), as_written("An Act.", "act", "The act.")
    ('The iPhone and its activity.', 'An act.')
    """
    pattern = re.compile(rf"(?<!{_LETTER}){re.escape(term)}(?!{_LETTER})", re.IGNORECASE)

    def spelt(match: re.Match[str]) -> str:
        found = match.group()
        capital = match.start() == 0 and found == term[:1].upper() + term[1:] and term.islower()
        kept = capital or re.search(rf"(?<!{_LETTER}){re.escape(found)}(?!{_LETTER})", source)
        return found if kept else term

    return pattern.sub(spelt, text)


@lru_cache(maxsize=256)
def _as_words(term: str) -> re.Pattern[str]:
    folded = r"\s+".join(map(re.escape, term.casefold().split()))
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, term.strip()) else ""
    plural = "(?:e?s)?" if len(term) > 3 else ""
    after = rf"{plural}(?!{_LETTER})" if re.match(_LETTER, term.strip()[-1:]) else ""
    return re.compile(before + folded + after)


def said_twice(chosen: Sequence[Candidate]) -> tuple[Candidate, Candidate] | None:
    """Two sentences that say the same, if any do; the less valuable first."""
    for at, first in enumerate(chosen):
        for second in chosen[at + 1 :]:
            shorter = min(len(first.words_set), len(second.words_set)) or 1
            if len(first.words_set & second.words_set) / shorter >= SAME:
                return (first, second) if first.value < second.value else (second, first)
    return None


def content(text: str, language: str) -> frozenset[str]:
    """The stems of a sentence, each once."""
    return frozenset(tokens(text, language))


def centrality(pool: Sequence[Candidate]) -> None:
    """Raise the value of sentences that say what other parts of the document say as well (MBR, LexRank)."""
    heads = _one_a_group(pool)
    if len(heads) < 3:
        return
    for candidate in pool:
        others = [other for other in heads if other.group != candidate.group]
        likeness = [_likeness(candidate.words_set, other.words_set) for other in others]
        candidate.value += sum(likeness) / len(likeness)


def consensus(pool: Sequence[Candidate], language: str) -> None:
    """Lower the value of versions of a part's sentence that the others agree with less than with the best.

    What is sound stays so: nothing falls to 0, and nothing rises.
    """
    for group in {candidate.group for candidate in pool}:
        versions = [one for one in pool if one.group == group and one.made in ("greedy", "sampled")]
        liked = agreement([(one.text, one.likely) for one in versions], language)
        for one, like in zip(versions, liked, strict=True):
            if one.value > 0:
                one.value *= like


def agreement(versions: Sequence[tuple[str, float]], language: str) -> list[float]:
    """How far the others agree with each version, a text and its mean log-probability: 1 for the best, above 0 for all.

    Minimum Bayes risk with the mean of ROUGE-1, 2 and L as gain (Kumar and Byrne 2004; Suzgun et al. 2023), and the
    model's own probability beside it. All 1 where there are too few to agree on anything.
    """
    if len(versions) < VERSIONS:
        return [1.0] * len(versions)
    gains = [[0.0] * len(versions) for _ in versions]
    for at, (text, _) in enumerate(versions):
        for before in range(at):
            figures = score(text, versions[before][0], language)
            gain = sum(figures[name].f for name in ("rouge1", "rouge2", "rougeL")) / 300
            gains[at][before] = gains[before][at] = gain
    liked = [
        sum(row) / (len(versions) - 1) + LIKELY * likely
        for row, (_, likely) in zip(gains, versions, strict=True)
    ]
    return [math.exp(-CONSENSUS * (max(liked) - like)) for like in liked]


def _one_a_group(pool: Iterable[Candidate]) -> list[Candidate]:
    heads: dict[int, Candidate] = {}
    for candidate in pool:
        heads.setdefault(candidate.group, candidate)
    return list(heads.values())


def _likeness(first: frozenset[str], second: frozenset[str]) -> float:
    """Dice coefficient."""
    together = len(first) + len(second)
    return 2 * len(first & second) / together if together else 0.0
