"""A BERT-type encoder that tags each word of a document, on numpy: what a summary would use (B, I, E), or not (O).

`epitome train --objective select` writes its folder. A document longer than the model's positions is read in windows
that overlap; each word's scores come from the window in which it has more context.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epitome.engines import bert
from epitome.engines.encoder import windows
from epitome.errors import EngineError, ModelError
from epitome.metrics.spans import TAGS, B, O, places, spans
from epitome.models import safetensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

THRESHOLD = 0.5
"""Probability of not being outside from which a word is selected, where the folder does not say another."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A document as an encoder reads it."""

    ids: tuple[int, ...]
    firsts: tuple[int, ...]
    """Of each word the place of its first token in `ids`."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A span of the document, by character offsets, and how sure it is: its words' mean probability, 0 to 1."""

    start: int
    end: int
    probability: float


def cut(document: str, language: str, encode: Callable[[str], list[int]]) -> Cut:
    """Words and what stands between them, tokenised one by one: BERT's tokenizer cuts there anyway."""
    ids: list[int] = []
    firsts = []
    at = 0
    for start, end in places(document, language):
        if between := document[at:start]:
            ids += encode(between)
        firsts.append(len(ids))
        ids += encode(document[start:end]) or [0]  # a word has a place, whatever the tokenizer makes of it
        at = end
    ids += encode(document[at:])
    return Cut(tuple(ids), tuple(firsts))


def is_one(folder: Path) -> bool:
    """Whether the folder holds an encoder that tags words."""
    try:
        held = json.loads((folder / "config.json").read_text("utf-8"))
        return sorted(held.get("id2label", {}).values()) == sorted(TAGS)
    except (OSError, ValueError, AttributeError, TypeError):
        return False


class SpanTagger:
    """The folder, opened.

    Raises:
        ModelError: the folder cannot be read, or tags nothing.
        EngineError: it is not of the BERT kind.
    """

    def __init__(self, folder: Path) -> None:
        if not is_one(folder):
            made_by = "epitome train PAIRS --base minilm --objective select"
            raise ModelError(f"{folder} tags no words", hint=f"{made_by} makes one that does")
        self._network = bert.Bert(folder)
        tensors = safetensors.read(folder / "model.safetensors")
        try:
            self._weight, self._bias = tensors["classifier.weight"].T, tensors["classifier.bias"]
        except KeyError as error:
            raise ModelError(f"{folder}: model.safetensors lacks {error}", hint="train it again") from error
        self.threshold = _threshold(folder)

    def probabilities(self, document: str, language: str = "en") -> Floats:
        """For each of the document's words (`metrics.spans.places`) those of the tags: an array (words, 4)."""
        import numpy as np

        made = cut(document, language, self._network.encode)
        (before, after), room = self._network.around, self._network.positions - 2
        found = windows(len(made.ids), room)
        rows = [[*before, *made.ids[start:end], *after] for start, end in found]
        states: dict[int, Floats] = {}
        for batch in bert.batches([len(row) for row in rows]):
            states.update(zip(batch, self._network.states([rows[at] for at in batch]), strict=True))
        cuts = [0, *((end + start) // 2 for (_, end), (start, _) in pairwise(found)), found[-1][1]]
        joined = [
            states[at][1 + low - start : 1 + high - start]
            for at, ((low, high), (start, _)) in enumerate(zip(pairwise(cuts), found, strict=True))
        ]
        scores = np.concatenate(joined)[list(made.firsts)] @ self._weight + self._bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def highlights(self, document: str, language: str = "en") -> list[Highlight]:
        """The spans that a summary would use, in order."""
        held = self.probabilities(document, language)
        words = places(document, language)
        sure = 1 - held[:, O]
        return [
            Highlight(
                words[span.start][0], words[span.stop - 1][1], float(sure[span.start : span.stop].mean())
            )
            for span in spans(decided(held, self.threshold))
        ]

    def close(self) -> None:
        """Free the model."""
        self._network.close()


def decided(probabilities: Any, threshold: float) -> list[int]:
    """The tags: outside where the probability of any other is below the threshold, else the likeliest other."""
    inside = probabilities[:, B:].argmax(axis=1) + B
    return [
        int(tag) if 1 - row[O] >= threshold else O for tag, row in zip(inside, probabilities, strict=True)
    ]


def _threshold(folder: Path) -> float:
    try:
        held = json.loads((folder / "epitome.json").read_text("utf-8"))["trained"]["threshold"]
        return float(held)
    except (OSError, ValueError, KeyError, TypeError):
        return THRESHOLD


def readable(folder: Path) -> str:
    """Why an encoder in this folder could not be run here once it has learnt to tag; empty if it could."""
    try:
        return bert.unreadable(folder)
    except (ModelError, EngineError) as error:
        return error.message
