"""Learning to write by filling masks: what UniLM and s2s-ft teach a BERT (`engines/masked.py`).

A document x and its summary y, whose last word is the end, stand in one row: x, y without its end, and a mask for each
word of y, at that word's place. The mask of y_i sees x, y_1 … y_i-1 and itself, so what is minimised is

    L = - sum over i of m_i / r_i · log p(y_i | x, y_1 … y_i-1)

with m_i = 1 where a mask was put and 0 where none was; the share r of the words has one (`encoder.share`; the end
always, r_n = 1), other words in each step, so that the mean of L over steps is the negative log-likelihood of y. With
`optim.label_smoothing` e, -log p(y_i) becomes -(1 - e) log p(y_i) - e mean of log q over the vocabulary. What p and q
are is in `BertWriter`; several summaries of one document share its row and do not see each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from epitome.engines.masked import Kind, Sheet
from epitome.train.examples import Branch, Example
from epitome.train.objectives import side_by_side

STEP = 32
"""Rows are filled up to a multiple of this: each new length makes oneDNN compile its kernels anew."""
NONE = -1
"""No word is learnt here."""


@dataclass(frozen=True, slots=True)
class Masked:
    """`[CLS] document [SEP]` are an example's prompt, the words of a summary and its end a branch."""

    mask: int
    pad: int
    share: float = 1.0
    smoothing: float = 0.0

    def portions(self, examples: Sequence[Example], tokens: int) -> Iterator[list[Example]]:
        yield from side_by_side(examples, tokens, _wide)

    def loss(self, network: Any, examples: Sequence[Example]) -> Any:
        rows = [self._row(example, network.training) for example in examples]
        sheet, targets, weights = _sheet(rows, self.pad)
        device = network.device
        targets = targets.to(device)
        losses = network(sheet=sheet.to(device), targets=targets, smoothing=self.smoothing)
        return (losses * weights.to(device)[targets >= 0]).sum()

    def _row(self, example: Example, learning: bool) -> _Row:
        text = [_Token(token, Kind.DOCUMENT, at) for at, token in enumerate(example.prompt)]
        masks: list[_Token] = []
        for number, branch in enumerate(example.branches):
            places = range(len(example.prompt), len(example.prompt) + len(branch.ids))
            text += [
                _Token(token, Kind.SUMMARY, place, number)
                for place, token in zip(places[:-1], branch.ids[:-1], strict=True)
            ]
            for at in self._chosen(branch, learning):
                last = at + 1 == len(branch.ids)
                weight = example.weight / (self.share if learning and not last else 1.0)
                masks.append(_Token(self.mask, Kind.MASK, places[at], number, branch.ids[at], weight))
        return _Row(text, masks)

    def _chosen(self, branch: Branch, learning: bool) -> Iterator[int]:
        """Which words have a mask: the share of them, and the last; all where nothing is learnt but judged."""
        drawn = torch.rand(len(branch.ids)).tolist() if learning and self.share < 1 else None
        for at in range(branch.given, len(branch.ids)):
            if drawn is None or drawn[at] < self.share or at + 1 == len(branch.ids):
                yield at


@dataclass(frozen=True, slots=True)
class _Token:
    """What stands at a position, and for a mask what is learnt there."""

    id: int
    kind: Kind
    place: int
    summary: int = 0
    target: int = NONE
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    text: list[_Token]
    masks: list[_Token]


def _wide(example: Example) -> int:
    return example.tokens + example.learnt


def _filled(tokens: list[_Token], width: int, nothing: _Token) -> list[_Token]:
    return tokens + [nothing] * (width - len(tokens))


def _sheet(rows: Sequence[_Row], pad: int) -> tuple[Sheet, Any, Any]:
    """Rows of one length with the masks as their last columns; targets and weights of these columns."""
    nothing = _Token(pad, Kind.PADDING, 0)
    masks = max(len(row.masks) for row in rows)
    width = -(-(max(len(row.text) for row in rows) + masks) // STEP) * STEP
    full = [_filled(row.text, width - masks, nothing) + _filled(row.masks, masks, nothing) for row in rows]

    def table(name: str) -> Any:
        return torch.tensor([[getattr(token, name) for token in row] for row in full])

    sheet = Sheet(table("id"), table("kind"), table("place"), table("summary"))
    return sheet, table("target")[:, width - masks :], table("weight")[:, width - masks :]
