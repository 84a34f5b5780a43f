"""A sentence that may stand in the summary, and which of them to take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from epitome.metrics.tokens import tokens
from epitome.types import Length, Sentence

Made = Literal["greedy", "sampled", "trimmed", "named", "combined"]

SAME = 0.7
"""Share of the shorter sentence's words that stand in the other from which on the two say the same."""


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

    Exact for each number of sentences (dynamic programme over sentences, words and terms named). Among the
    numbers allowed, the one nearest to the aim wins; naming more of the terms goes before everything.
    """
    left = list(pool)
    while True:
        chosen = _solve(left, wanted)
        if chosen is None:
            return None
        worse = said_twice(chosen)
        if worse is None:
            return chosen
        left = [candidate for candidate in left if candidate is not worse]


def _solve(pool: Sequence[Candidate], wanted: Wanted) -> list[Candidate] | None:
    most = wanted.sentences.most or max(wanted.aim, wanted.sentences.least or 1) + 4
    longest = wanted.words.most if wanted.words else None
    by_words = wanted.words is not None
    groups: dict[int, list[tuple[int, int, Candidate]]] = {}
    for candidate in pool:
        named = _named(candidate.text, wanted.terms)
        groups.setdefault(candidate.group, []).append((candidate.words if by_words else 0, named, candidate))
    states: dict[tuple[int, int, int], tuple[float, tuple[Candidate, ...]]] = {(0, 0, 0): (0.0, ())}
    for group in sorted(groups):
        grown = dict(states)
        for (count, words, named), (value, taken) in states.items():
            if count == most:
                continue
            for more, names, candidate in groups[group]:
                if longest is not None and words + more > longest:
                    continue
                key = (count + 1, words + more, named | names)
                if key not in grown or grown[key][0] < value + candidate.value:
                    grown[key] = (value + candidate.value, (*taken, candidate))
        states = grown
    allowed = [
        (bin(named).count("1"), -abs(count - wanted.aim), value, taken)
        for (count, words, named), (value, taken) in states.items()
        if count and count in wanted.sentences and (not wanted.words or words in wanted.words)
    ]
    return list(max(allowed, key=lambda row: row[:3])[3]) if allowed else None


def _named(text: str, terms: Sequence[str]) -> int:
    """The terms that the text names, as bits."""
    folded = text.casefold()
    return sum(1 << at for at, term in enumerate(terms) if term.casefold() in folded)


def said_twice(chosen: Sequence[Candidate]) -> Candidate | None:
    """The less valuable of two sentences that say the same, if any do."""
    for at, first in enumerate(chosen):
        for second in chosen[at + 1 :]:
            shorter = min(len(first.words_set), len(second.words_set)) or 1
            if len(first.words_set & second.words_set) / shorter >= SAME:
                return first if first.value < second.value else second
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


def _one_a_group(pool: Iterable[Candidate]) -> list[Candidate]:
    heads: dict[int, Candidate] = {}
    for candidate in pool:
        heads.setdefault(candidate.group, candidate)
    return list(heads.values())


def _likeness(first: frozenset[str], second: frozenset[str]) -> float:
    """Dice coefficient."""
    together = len(first) + len(second)
    return 2 * len(first & second) / together if together else 0.0
