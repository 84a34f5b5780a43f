"""The learned check: a small encoder that reads evidence and sentence side by side and doubts single words.

It was trained by `recipes/check.py` on sentences into which errors were put. English.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "checker"
MOST = 256
"""Tokens of evidence and sentence together; where there are more, the evidence's end is left out. Its 110 words have
150 tokens, a sentence has 30; one of more than three quarters of the network's positions is cut there."""
_NOTHING = -30.0
"""The score of a sentence without words: it claims nothing."""


class Checker:
    """A checker's folder, opened once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        # Only here: every summary would pay 15 ms at its start for what it may not need.
        from epitome.engines.tagger import POSITIONS, Tagger

        self._tagger, self._positions = Tagger(folder), POSITIONS
        self._slope, self._intercept = _calibration(folder)

    def doubts(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each (evidence, sentence) the log-odds that the sentence is wrong, where as many are as are not."""
        return [self._slope * score + self._intercept for score in self.scores(pairs)]

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each (evidence, sentence) the logit of its most doubtful word, as the network gives it."""
        ids = [self._ids(evidence, sentence) for evidence, sentence in pairs]
        return [max(found.tolist(), default=_NOTHING) for found in self._tagger.scores(ids)]

    def _ids(self, evidence: str, sentence: str) -> tuple[list[int], list[int]]:
        said = self._tagger.encode(sentence)[: (self._positions - 3) * 3 // 4]
        room = min(self._positions, max(MOST, len(said) + MOST // 2)) - 3 - len(said)
        return self._tagger.encode(evidence)[:room], said


def _calibration(folder: Path) -> tuple[float, float]:
    """Slope and intercept that make a logit a probability (Platt 1999); 1 and 0 for a folder that has none."""
    file = folder / "calibration.json"
    held = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return float(held.get("slope", 1.0)), float(held.get("intercept", 0.0))


@cache
def checker() -> Checker | None:
    """The one that comes with the package."""
    return Checker() if (FOLDER / "model.onnx").is_file() else None
