"""A corpus looked into: how long, how much copied, in which languages, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from epitome.datasets.pair import Dataset, Pair
from epitome.datasets.problems import KINDS, Problem, problems
from epitome.documents import count_length
from epitome.metrics.abstractiveness import abstractiveness

MEASURES = {
    "document": "words of a document",
    "summary": "words of a gold summary",
    "golds": "gold summaries a document",
    "compression": "words of the document for one of the summary",
    "coverage": "share of the summary's words in fragments copied from the document",
    "density": "mean length of those fragments",
    "novel1": "share of words that the document lacks",
    "novel2": "share of bigrams that the document lacks",
    "novel3": "share of trigrams that the document lacks",
    "novel4": "share of 4-grams that the document lacks",
}
"""In Chinese and Japanese words are characters."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a measure is spread over the documents."""

    mean: float
    low: float
    """5th percentile."""
    quarter: float
    median: float
    three_quarters: float
    high: float
    """95th percentile."""
    least: float
    most: float


@dataclass(slots=True)
class Inspection:
    """What `epitome data inspect` shows; `as_dict()` is what its `--json` writes."""

    source: str
    fingerprint: str
    n: int
    bad: list[dict[str, Any]]
    """Rows that are no pair: `line` and `reason`."""
    languages: dict[str, int]
    """As the rows say, or as detected where they do not."""
    domains: dict[str, int]
    values: dict[str, list[float]] = field(default_factory=dict)
    """By measure, one a document; of several gold summaries the first."""
    problems: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """By kind: the rows' `id` and `detail`."""

    @property
    def spreads(self) -> dict[str, Spread]:
        """By measure."""
        return {name: spread(column) for name, column in self.values.items() if column}

    def as_dict(self) -> dict[str, Any]:
        """Ready for `json.dumps`, with spreads in place of single values."""
        plain = asdict(self)
        plain["values"] = {name: asdict(one) for name, one in self.spreads.items()}
        return plain


def inspect(
    data: Dataset, others: Sequence[Dataset] = (), on_row: Callable[[int], None] | None = None
) -> Inspection:
    """Look into the data; with `others` also for what leaks into them. `on_row` is told the documents measured."""
    rows = []
    for number, pair in enumerate(data, 1):
        rows.append(_measured(pair))
        if on_row is not None:
            on_row(number)
    found: dict[str, list[dict[str, str]]] = {}
    for one in problems(data, KINDS, others):
        found.setdefault(one.kind, []).append(_plain(data, one))
    return Inspection(
        source=data.source,
        fingerprint=data.fingerprint,
        n=len(data),
        bad=[{"line": row.number, "reason": row.reason} for row in data.bad],
        languages=dict(Counter(pair.lang for pair in data).most_common()),
        domains=dict(Counter(pair.domain for pair in data if pair.domain).most_common()),
        values={name: [row[name] for row in rows] for name in MEASURES},
        problems={kind: found[kind] for kind in KINDS if kind in found},
    )


def spread(values: Sequence[float]) -> Spread:
    """Mean and percentiles of some values, at least one."""
    import numpy as np

    low, quarter, median, three_quarters, high = (
        float(one) for one in np.percentile(values, (5, 25, 50, 75, 95))
    )
    least, most = float(min(values)), float(max(values))
    return Spread(float(np.mean(values)), low, quarter, median, three_quarters, high, least, most)


def _measured(pair: Pair) -> dict[str, float]:
    gold = pair.summaries[0]
    found = abstractiveness(gold, pair.document, pair.lang)
    return {
        "document": float(count_length(pair.document, pair.lang)),
        "summary": float(count_length(gold, pair.lang)),
        "golds": float(len(pair.summaries)),
        "compression": found.compression,
        "coverage": found.coverage,
        "density": found.density,
        **{f"novel{n}": share for n, share in enumerate(found.novel, 1)},
    }


def _plain(data: Dataset, one: Problem) -> dict[str, str]:
    return {"id": data.pairs[one.at].id, "detail": one.detail}
