"""Which system is better, as far as these documents can tell; and figures for parts of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from epitome.datasets.pair import Pair
from epitome.documents import count_length
from epitome.evaluate.measures import MEASURES
from epitome.evaluate.result import Breakdown, Comparison, Figure, SystemResult
from epitome.metrics.bootstrap import RESAMPLES, holm, interval, paired

if TYPE_CHECKING:
    from epitome.evaluate.score import Scores

TRIALS = 10_000
"""Of approximate randomisation, as sacrebleu draws by default."""
CERTAIN = 0.05
"""Corrected p below which a difference is called one."""
LEAST_PART = 5
"""Documents a part must have: an interval over fewer says nothing."""


def figures(
    scores: Mapping[str, Sequence[float | None]], seed: int = 0, samples: int = RESAMPLES
) -> dict[str, Figure]:
    """Mean and 95 % interval of each metric, over the documents it says something of."""
    found: dict[str, Figure] = {}
    for name, column in scores.items():
        values = [value for value in column if value is not None]
        if values:
            mean, low, high = interval(values, samples, seed)
            found[name] = Figure(mean, low, high, len(values))
    return found


def columns(rows: Sequence[Scores]) -> dict[str, list[float | None]]:
    """Rows of scores, a document each, as one list a metric."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def comparisons(systems: Sequence[SystemResult], against: str, seed: int = 0) -> list[Comparison]:
    """Every other system minus `against`, in each metric that has a better end; Holm's correction within a metric."""
    reference = next(one for one in systems if one.name == against)
    others = [one for one in systems if one.name != against and one.scores]
    found: list[Comparison] = []
    for metric in reference.scores:
        if MEASURES[metric].better is not None:
            found += _in_metric(metric, others, reference, seed)
    return found


def _in_metric(
    metric: str, others: Iterable[SystemResult], reference: SystemResult, seed: int
) -> list[Comparison]:
    tested = []
    for one in others:
        both = [
            (ours, theirs)
            for ours, theirs in zip(one.scores.get(metric, []), reference.scores[metric], strict=False)
            if ours is not None and theirs is not None
        ]
        if both:
            ours, theirs = zip(*both, strict=True)
            tested.append((one.name, paired(ours, theirs, TRIALS, seed)))
    corrected = holm([test.p for _, test in tested])
    return [
        Comparison(name, reference.name, metric, test.difference, test.low, test.high, test.p, p)
        for (name, test), p in zip(tested, corrected, strict=True)
    ]


def verdict(one: Comparison) -> str:
    """Whether the first system is better: `yes`, `no`, or `cannot tell`."""
    if one.corrected >= CERTAIN or one.difference == 0:
        return "cannot tell"
    return "yes" if (one.difference > 0) == (MEASURES[one.metric].better == "higher") else "no"


def breakdowns(pairs: Sequence[Pair], systems: Sequence[SystemResult], seed: int = 0) -> list[Breakdown]:
    """The figures by domain, by language and by length of the document (thirds), where there is more than one."""
    found: list[Breakdown] = []
    for by, value in (("domain", _domain), ("lang", _lang), ("length", _thirds(pairs))):
        parts: dict[str, list[int]] = {}
        for at, pair in enumerate(pairs):
            parts.setdefault(value(pair), []).append(at)
        if len(parts) > 1:
            found += [
                _part(by, name, places, systems, seed)
                for name, places in sorted(parts.items())
                if len(places) >= LEAST_PART
            ]
    return found


def _domain(pair: Pair) -> str:
    return pair.domain or "(none)"


def _lang(pair: Pair) -> str:
    return pair.lang


def _thirds(pairs: Sequence[Pair]) -> Callable[[Pair], str]:
    lengths = sorted(count_length(pair.document, pair.lang) for pair in pairs)
    if len(lengths) < 3 * LEAST_PART:
        return lambda pair: ""
    low, high = lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]

    def third(pair: Pair) -> str:
        length = count_length(pair.document, pair.lang)
        if length <= low:
            return f"1: up to {low} words"
        return f"2: up to {high} words" if length <= high else f"3: over {high} words"

    return third


def _part(
    by: str, value: str, places: Sequence[int], systems: Sequence[SystemResult], seed: int
) -> Breakdown:
    return Breakdown(
        by,
        value,
        len(places),
        {
            one.name: figures(
                {metric: [column[at] for at in places] for metric, column in one.scores.items()},
                seed,
                RESAMPLES // 2,
            )
            for one in systems
        },
    )
