"""How far a system's summaries move, and what they lose, when its documents are changed on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from epitome.datasets.pair import Pair
from epitome.evaluate.perturb import RATES, VERSION, perturb
from epitome.evaluate.result import Figure, Output, Shift
from epitome.metrics.bootstrap import interval
from epitome.metrics.rouge import score

Generate = Callable[[Sequence[Pair]], Sequence[Output]]
"""A system at work: one output a pair, in order."""
Measure = Callable[[Sequence[Pair], Sequence[Output]], Mapping[str, Sequence[float | None]]]
"""The chosen metrics of outputs: by metric, one score a pair, in order."""


def shifts(
    name: str,
    pairs: Sequence[Pair],
    before: Sequence[Output],
    kinds: Sequence[str],
    *,
    generate: Generate,
    measure: Measure,
    seed: int = 0,
) -> list[Shift]:
    """One shift a kind: the system on the changed documents, against `before`, its outputs on the unchanged ones.

    Only documents that a kind really changes are summarised again. A document without a summary before cannot
    move and is left out of the figures; one without a summary afterwards has moved by 100 and is scored as it is.
    A kind that changes no document gives a shift of no documents, with figures over none.

    >>> shifts(system.name, pairs, outputs, ["typos"], generate=lambda some: system.outputs(some, request), ...)

    Raises `UsageError` for an unknown kind.
    """
    return [_shift(name, kind, pairs, before, generate, measure, seed) for kind in kinds]


def _shift(
    name: str,
    kind: str,
    pairs: Sequence[Pair],
    before: Sequence[Output],
    generate: Generate,
    measure: Measure,
    seed: int,
) -> Shift:
    signature = f"perturb:{kind}/{VERSION}|rate:{RATES.get(kind, '')}|seed:{seed}"
    texts = [perturb(pair.document, kind, pair.lang, seed) for pair in pairs]
    changed = [at for at, pair in enumerate(pairs) if texts[at] != pair.document]
    compared = [at for at in changed if not before[at].error]
    held = [pairs[at] for at in compared]
    old = [before[at] for at in compared]
    altered = [replace(pairs[at], document=texts[at]) for at in compared]
    new = list(generate(altered)) if altered else []
    moved: list[float | None] = [
        _distance(one.text, other.text, pair.lang) for one, other, pair in zip(old, new, held, strict=True)
    ]
    # Metrics that look at the source look at the one which the system has read; the golds are the same.
    first, second = (measure(held, old), measure(altered, new)) if held else ({}, {})
    quality = {
        metric: _figure(_changes(first[metric], second[metric]), signature)
        for metric in first
        if metric in second
    }
    return Shift(name, kind, len(changed), _figure(moved, signature), quality)


def _distance(before: str, after: str, lang: str) -> float:
    return 0.0 if before == after else 100 - score(after, before, lang)["rougeL"].f


def _changes(before: Sequence[float | None], after: Sequence[float | None]) -> list[float | None]:
    return [
        None if one is None or other is None else other - one
        for one, other in zip(before, after, strict=True)
    ]


def _figure(scores: Sequence[float | None], signature: str) -> Figure:
    known = [one for one in scores if one is not None]
    if not known:
        return Figure(0.0, 0.0, 0.0, 0, signature)
    return Figure(*interval(known), len(known), signature)
