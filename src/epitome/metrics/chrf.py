"""chrF: character n-grams shared with a reference (Popović, "chrF: character n-gram F-score", 2015), by sacrebleu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


def chrf(prediction: str, references: Sequence[str]) -> float:
    """chrF2 in points: n-grams of one to six characters, recall weighed twice; the best of several references.

    >>> round(chrf("The cat sat.", ["The cat sat."]))
    100
    """
    return float(_chrf().sentence_score(prediction, list(references)).score)


@lru_cache(maxsize=1)
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
