"""What is rated: which systems' summaries of which documents, by which questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

from epitome.errors import UsageError

Mode = Literal["pairwise", "likert"]
MODES: tuple[Mode, ...] = get_args(Mode)
QUESTIONS: dict[Mode, tuple[str, ...]] = {
    "pairwise": ("Which summary is better?",),
    "likert": (
        "It says only what the document says.",
        "It says what matters most.",
        "It reads well.",
    ),
}
SCALE = (1, 2, 3, 4, 5)
"""From "not at all" to "fully"."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a study is done; fixed when it is made."""

    mode: Mode
    questions: tuple[str, ...]
    systems: tuple[str, ...]
    fingerprint: str
    """Of the data."""
    raters: int = 3
    """Ratings that every item is to have."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to judge: a summary, or in a pairwise study two of the same document."""

    number: int
    document: str
    """The document's id."""
    systems: tuple[str, ...]
    """One, or two; never shown to a rater."""


def items(plan: Plan, documents: Sequence[str]) -> list[Item]:
    """Every document with every system, or with every pair of systems."""
    size = 2 if plan.mode == "pairwise" else 1
    if len(plan.systems) < size:
        raise UsageError(
            "a pairwise study compares two systems or more", hint="name them with --system, or --mode likert"
        )
    groups = list(combinations(plan.systems, size))
    return [
        Item(number, document, group)
        for number, (document, group) in enumerate(((d, g) for d in documents for g in groups), 1)
    ]
