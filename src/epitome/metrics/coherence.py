"""How a text holds together: neighbouring sentences that speak of the same things, and what links all of them.

Without a parser: an entity is a content word (a character pair in Chinese and Japanese), present in a sentence or
not. The grid of those is Barzilay and Lapata, "Modeling local coherence", 2008; the figure of the graph is Guinaudeau
and Strube, "Graph-based local coherence modeling", 2013 (weighted projection, average out-degree).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import sqrt

from epitome.metrics.content import terms

TRANSITIONS = tuple("".join(pair) for pair in product("x-", repeat=2))
"""`xx`: an entity of one sentence and of the next; `x-`: of the first alone; `-x`: of the second; `--`: of neither."""


@dataclass(frozen=True, slots=True)
class Coherence:
    """All None for a text of fewer than two sentences: nothing holds together or falls apart."""

    adjacent: float | None
    """Mean cosine of the content words of neighbouring sentences, 0 to 1."""
    graph: float | None
    """Average out-degree of the graph of sentences: shared entities, less the farther apart they stand."""
    grid: dict[str, float] | None
    """Share of each of `TRANSITIONS` among all entities and neighbouring sentences; they add up to 1."""


def coherence(sentences: Sequence[str], language: str = "en") -> Coherence:
    """Measure a text given as its sentences.

    >>> coherence(["The mill burned.", "The mill was old."]).adjacent
    0.4999999999999999
    """
    if len(sentences) < 2:
        return Coherence(None, None, None)
    entities = [Counter(terms(sentence, language)) for sentence in sentences]
    near = [_cosine(one, other) for one, other in pairwise(entities)]
    return Coherence(sum(near) / len(near), _graph(entities), _grid(entities))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[entity] for entity, count in one.items())
    lengths = sum(count * count for count in one.values()) * sum(count * count for count in other.values())
    return shared / sqrt(lengths) if lengths else 0.0


def _graph(entities: Sequence[Counter[str]]) -> float:
    total = 0.0
    for at, one in enumerate(entities):
        for distance, other in enumerate(entities[at + 1 :], 1):
            total += len(one.keys() & other.keys()) / distance
    return total / len(entities)


def _grid(entities: Sequence[Counter[str]]) -> dict[str, float]:
    known = set().union(*entities)
    seen = Counter(
        ("x" if entity in one else "-") + ("x" if entity in other else "-")
        for one, other in pairwise(entities)
        for entity in known
    )
    total = seen.total()
    return {name: seen[name] / total if total else 0.0 for name in TRANSITIONS}
