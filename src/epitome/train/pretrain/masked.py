"""Masked language modelling: cross-entropy of the tokens that were spoilt, at the places where they stood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from epitome.train.attention import APART, register
from epitome.train.objectives import STEP, padded, plain, rows, side_by_side, weighted

PACKED = frozenset({"bert"})
"""Types of networks whose texts stand in one row: those whose positions can be counted anew for each text, and whose
attention has no windows of its own. The others are padded."""


@dataclass(frozen=True, slots=True)
class Cloze:
    """A text with some of its tokens spoilt: `targets` stood at `places`."""

    id: str
    ids: tuple[int, ...]
    places: tuple[int, ...]
    targets: tuple[int, ...]
    domain: str = ""
    weight: float = 1.0
    kept: float = 1.0

    @property
    def tokens(self) -> int:
        """Tokens the network reads."""
        return len(self.ids)

    @property
    def learnt(self) -> int:
        """Tokens with a loss."""
        return len(self.places)


@dataclass(frozen=True, slots=True)
class MaskedLM:
    """Encoders: texts side by side in one row, none sees another (`packed`); or padded, each a row of its own."""

    pad: int
    packed: bool

    def portions(self, examples: Sequence[Cloze], tokens: int) -> Iterator[list[Cloze]]:
        yield from (rows if self.packed else side_by_side)(examples, tokens)

    def loss(self, network: Any, examples: Sequence[Cloze]) -> Any:
        return weighted(*self.scored(network, examples))

    def scored(self, network: Any, examples: Sequence[Cloze]) -> tuple[Any, Any, Any]:
        device = network.device
        fed, starts = (self._row if self.packed else self._padded)(examples)
        fed = {name: one.to(device) if hasattr(one, "to") else one for name, one in fed.items()}
        places = [start + at for start, one in zip(starts, examples, strict=True) for at in one.places]
        logits = _logits(plain(network), fed, torch.tensor(places, device=device))
        targets = torch.tensor([token for one in examples for token in one.targets], device=device)
        weights = torch.tensor([one.weight for one in examples for _ in one.places], device=device)
        return logits, targets, weights

    def _row(self, examples: Sequence[Cloze]) -> tuple[dict[str, Any], list[int]]:
        """What the network is fed, and where each text begins."""
        lengths = [one.tokens for one in examples]
        starts = [sum(lengths[:at]) for at in range(len(lengths))]
        if fill := -sum(lengths) % STEP:
            lengths.append(fill)
        ids = [token for one in examples for token in one.ids]
        ids += [self.pad] * fill
        places = [at for length in lengths for at in range(length)]
        fed = {
            "input_ids": torch.tensor([ids]),
            "position_ids": torch.tensor([places]),
            "layout": tuple(lengths),
        }
        return fed, starts

    def _padded(self, examples: Sequence[Cloze]) -> tuple[dict[str, Any], list[int]]:
        ids = padded([one.ids for one in examples], self.pad)
        mask = padded([(1,) * one.tokens for one in examples], 0)
        return {"input_ids": ids, "attention_mask": mask}, [at * ids.shape[1] for at in range(len(examples))]


def _logits(network: Any, fed: dict[str, Any], places: Any) -> Any:
    """Only at the places: with 30,000 words those of all tokens are the largest thing in memory."""
    predict = head(network)
    if predict is None:
        return network(**fed).logits.flatten(0, 1)[places]
    return predict(network.base_model(**fed).last_hidden_state.flatten(0, 1)[places])


def head(network: Any) -> Any:
    """What predicts words from an encoder's states, in BERT's kind and in RoBERTa's; None where it is another."""
    inner = plain(network)
    return getattr(inner, "cls", None) or getattr(inner, "lm_head", None)


def learn_head(network: Any) -> None:
    """Let the head learn beside an adapter: an encoder may have come without one. Its last layer is the embeddings."""
    inner = plain(network)
    tied = inner.get_input_embeddings().weight
    for parameter in () if head(inner) is None else head(inner).parameters():
        if parameter is not tied:
            parameter.requires_grad_(True)


def prepare(network: Any) -> bool:
    """Switch an encoder's attention to one that keeps texts in a row apart, where it can; whether it could."""
    inner = plain(network)
    if inner.config.model_type not in PACKED:
        return False
    register()
    inner.set_attn_implementation(APART)
    return True
