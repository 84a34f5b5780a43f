"""Similarity of whole texts: the cosine of their vectors (Reimers and Gurevych, "Sentence-BERT", 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from epitome.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def cosine(a: Floats, b: Floats) -> float:
    """The cosine of two vectors, -1 to 1; 0 if one of them is zero. They need not have length 1."""
    import numpy as np

    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return max(-1.0, min(1.0, float(a @ b) / lengths)) if lengths else 0.0


def best(prediction: Floats, references: Sequence[Floats]) -> float:
    """The highest cosine with a gold summary's vector. Raises `UsageError` without a reference."""
    if not len(references):
        raise UsageError("similarity needs at least one gold summary", hint="give the row a `summary`")
    return max(cosine(prediction, each) for each in references)
