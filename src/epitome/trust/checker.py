"""The learned check: a small encoder that reads evidence and sentence side by side and doubts single words.

It was trained by `recipes/check.py` on sentences into which errors were put. English.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "checker"
MOST = 256
"""Tokens of evidence and sentence together; where there are more, the evidence's end is left out. Its 110 words have
150 tokens, a sentence has 30; one of more than three quarters of the network's positions is cut there."""


class Checker:
    """A checker's folder, opened once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        # Only here: every summary would pay 15 ms at its start for what it may not need.
        from epitome.engines.tagger import POSITIONS, Tagger

        self._tagger, self._positions = Tagger(folder), POSITIONS

    def doubts(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each (evidence, sentence) the probability, 0 to 1, that a word of the sentence is wrong."""
        ids = [self._ids(evidence, sentence) for evidence, sentence in pairs]
        return [_highest(scores.tolist()) for scores in self._tagger.scores(ids)]

    def _ids(self, evidence: str, sentence: str) -> tuple[list[int], list[int]]:
        said = self._tagger.encode(sentence)[: (self._positions - 3) * 3 // 4]
        room = min(self._positions, max(MOST, len(said) + MOST // 2)) - 3 - len(said)
        return self._tagger.encode(evidence)[:room], said


def _highest(scores: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-max(scores, default=-30.0)))


@cache
def checker() -> Checker | None:
    """The one that comes with the package."""
    return Checker() if (FOLDER / "model.onnx").is_file() else None
