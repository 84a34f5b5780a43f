"""How well labels are told: precision, recall and F1 of each, and their mean over the labels (macro-F1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """Figures of one label, in points from 0 to 100; of a label that is never predicted the precision is 0."""

    name: str
    precision: float
    recall: float
    f: float
    count: int
    """How often it is right to predict it."""


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of every label, and over all."""

    labels: tuple[Label, ...]
    accuracy: float
    """Share of right predictions, in points."""

    @property
    def macro_f1(self) -> float:
        """The mean F1 over the labels, each counting the same however rare it is."""
        return sum(label.f for label in self.labels) / len(self.labels)


def report(gold: Sequence[int], predicted: Sequence[int], names: Sequence[str]) -> Report:
    """The report on predictions; labels are places in `names`.

    >>> found = report([0, 0, 1], [0, 1, 1], ("O", "B"))
    >>> [round(label.f, 1) for label in found.labels], round(found.macro_f1, 1)
    ([66.7, 66.7], 66.7)
    """
    pairs = Counter(zip(gold, predicted, strict=True))
    wanted, said = Counter(gold), Counter(predicted)
    labels = []
    for at, name in enumerate(names):
        hits = pairs[at, at]
        precision, recall = hits / max(said[at], 1), hits / max(wanted[at], 1)
        f = 2 * precision * recall / (precision + recall) if hits else 0.0
        labels.append(Label(name, 100 * precision, 100 * recall, 100 * f, wanted[at]))
    right = sum(pairs[at, at] for at in range(len(names)))
    return Report(tuple(labels), 100 * right / max(len(gold), 1))
