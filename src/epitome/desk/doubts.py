"""Why a summary needs a person's eyes before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from epitome.trust.check import SUPPORTED
from epitome.trust.instructions import WITHHELD

Kind = Literal["support", "instructions", "feedback"]
LOW = ("1", "2", "down")
"""Ratings that say that a summary is bad."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt."""

    kind: Kind
    said: str
    """The sentence that is hardly borne out, the order that the document gives, or the reader's comment."""


def doubts(summary: dict[str, Any], below: float = SUPPORTED) -> list[Doubt]:
    """What speaks against using the summary unseen; nothing for most.

    Args:
        summary: `Summary.as_dict()`.
        below: support under which a sentence is doubted, 0 to 1. By default that under which the check doubts it.
            A sentence with a fact that the document lacks is doubted in any case.
    """
    doubted = [
        Doubt("support", sentence["text"])
        for sentence in summary["sentences"]
        if sentence["facts"] or sentence["support"] < below
    ]
    orders = [
        Doubt("instructions", warning.removeprefix(WITHHELD).strip("'\""))
        for warning in summary["warnings"]
        if warning.startswith(WITHHELD)
    ]
    return orders + doubted


def complaint(rating: str, comment: str) -> Doubt | None:
    """What a reader's feedback says against it, if it does."""
    return Doubt("feedback", comment) if rating in LOW else None
