"""The learned check: a small encoder that reads evidence and sentence side by side and doubts single words.

It was trained by `recipes/check.py` on sentences into which errors were put. No torch: it runs on numpy. English.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from epitome.engines.bert import Bert

FOLDER = Path(__file__).parent / "checker"
MOST = 256
"""Tokens of evidence and sentence together. Of longer evidence the end is left out, of a longer sentence nothing: its
evidence is what remains of the network's 512 positions."""


class Checker:
    """A checker's folder: `config.json`, `vocab.txt`, `model.safetensors`, opened once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._bert = Bert(folder)

    def doubts(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each (evidence, sentence) the probability, 0 to 1, that a word of the sentence is wrong."""
        ids = [self._ids(evidence, sentence) for evidence, sentence in pairs]
        return [_highest(scores.tolist()) for scores in self._bert.tagged(ids)]

    def _ids(self, evidence: str, sentence: str) -> tuple[list[int], list[int]]:
        room = self._bert.positions - 3
        said = self._bert.encode(sentence)[: room * 3 // 4]
        return self._bert.encode(evidence)[: max(0, max(MOST, len(said) + MOST // 2) - len(said) - 3)], said


def _highest(scores: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-max(scores, default=-30.0)))


@cache
def checker() -> Checker | None:
    """The one that comes with the package."""
    return Checker() if (FOLDER / "config.json").is_file() else None
