"""BERTScore (Zhang et al., "BERTScore: evaluating text generation with BERT", 2020) on given token vectors.

Greedy matching without weights by rarity and without rescaling to a baseline, so figures lie close together and well
above 0; compare them only where encoder and language are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from epitome.errors import UsageError
from epitome.metrics.rouge import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def bertscore(prediction: Floats, reference: Floats) -> Score:
    """Precision, recall and F1 in points (100 for equal texts) of token vectors of length 1.

    `prediction` (n, width) and `reference` (m, width) are one row a token, as `Encoder.tokens` makes them. Precision
    is the mean over the prediction's tokens of their highest cosine with a token of the reference, recall the other
    way round. A text without tokens scores 0; opposite vectors can make a figure negative.
    """
    if not len(prediction) or not len(reference):
        return Score(0.0, 0.0, 0.0)
    cosines = prediction @ reference.T
    precision = float(cosines.max(axis=1).mean())
    recall = float(cosines.max(axis=0).mean())
    f = 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
    return Score(100 * precision, 100 * recall, 100 * f)


def best(prediction: Floats, references: Sequence[Floats]) -> Score:
    """The score against the gold summary with the highest F1, as the paper has it for several.

    Raises `UsageError` without a reference.
    """
    if not references:
        raise UsageError("BERTScore needs at least one gold summary", hint="give the row a `summary`")
    return max((bertscore(prediction, each) for each in references), key=lambda score: score.f)
