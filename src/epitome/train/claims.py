"""Learning to check: which words of a sentence its document does not bear out.

A row has the `document`, the sentence as its `summary`, and `label`: 1 if the document bears it out, 0 if not; `wrong`
lists the spans of characters that are wrong, by default all of it. An encoder reads the evidence and the sentence side
by side, a separator between them and no token types, which llama.cpp does not know, and scores each token of the
sentence: labels for words teach more than one label a sentence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch.nn import functional

from epitome.datasets.pair import Pair
from epitome.documents import from_text
from epitome.errors import UsageError
from epitome.train.base import Base
from epitome.train.objectives import side_by_side
from epitome.trust.passages import Passages

RARE = 3.0
"""What a wrong token counts more than a right one: one in eight is wrong."""
WHOLE = 0.3
"""What the verdict on the sentence (its most doubtful token) counts beside each of its tokens."""
STEP = 32
"""Rows are filled up to a multiple of this: each new length makes oneDNN compile its kernels anew."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Evidence and a sentence as token ids, and which of the sentence's tokens are wrong."""

    id: str
    evidence: tuple[int, ...]
    sentence: tuple[int, ...]
    wrong: tuple[bool, ...]
    domain: str = ""
    weight: float = 1.0
    kept: float = 1.0

    @property
    def tokens(self) -> int:
        """Tokens the network reads, those around both texts included."""
        return len(self.evidence) + len(self.sentence) + 3

    @property
    def learnt(self) -> int:
        """Tokens with a loss."""
        return len(self.sentence)


def labels(pairs: Iterable[Pair]) -> str:
    """A fingerprint of what is said of the sentences; that of a dataset sees only texts."""
    held = [[pair.other.get("label"), pair.other.get("wrong")] for pair in pairs]
    return hashlib.sha256(json.dumps(held, default=str).encode()).hexdigest()


def claims(pairs: Iterable[Pair], base: Base, weights: dict[str, float], most: int) -> list[Claim]:
    """A claim for each pair, at most `most` tokens long: of the evidence the end is left out where it has more.

    Sentences that would leave it less than a quarter have none. Raises `UsageError` for a row whose `label` or `wrong`
    makes no sense.
    """
    passages = lru_cache(64)(lambda text, language: Passages(from_text(text, language=language)))
    found = []
    for pair in pairs:
        _require(pair)
        if (weight := weights.get(pair.domain, 1.0)) <= 0:
            continue
        claim = _claim(pair, passages(pair.document, pair.lang), base, weight, most)
        if claim.learnt <= most * 3 // 4:
            found.append(claim)
    return found


def _claim(pair: Pair, passages: Passages, base: Base, weight: float, most: int) -> Claim:
    text = pair.summaries[0]
    ids, wrong = _tagged(text, _spans(pair, text), base)
    evidence = base.words.encode(passages.evidence(text))[: max(0, most - len(ids) - 3)]
    return Claim(pair.id, tuple(evidence), tuple(ids), tuple(wrong), pair.domain, weight)


def _require(pair: Pair) -> None:
    label, wrong, text = pair.other.get("label"), pair.other.get("wrong"), pair.summaries[0]
    if label not in (0, 1):
        raise UsageError(
            f"{pair.id}: label is {label!r}, not 0 or 1",
            hint="an encoder learns to check: rows need document, summary and label (docs/check.md)",
        )
    if not wrong:
        return
    if label == 1:
        raise UsageError(f"{pair.id}: label 1 says that nothing is wrong, and `wrong` names spans")
    if not isinstance(wrong, list) or not all(_is_span(one, text) for one in wrong):
        raise UsageError(
            f"{pair.id}: wrong is {str(wrong)[:60]}",
            hint=f"it lists [start, end) in characters of the summary, which has {len(text)}",
        )


def _is_span(value: object, text: str) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(place) is int for place in value)
        and 0 <= value[0] < value[1] <= len(text)
    )


def _spans(pair: Pair, text: str) -> list[tuple[int, int]]:
    """What is wrong in the sentence, in order."""
    if pair.other["label"] == 1:
        return []
    given = pair.other.get("wrong") or [[0, len(text)]]
    return sorted((start, end) for start, end in given)


def _tagged(text: str, spans: Sequence[tuple[int, int]], base: Base) -> tuple[list[int], list[bool]]:
    """Token ids, each with whether it is wrong. Spans end at words, where BERT's tokenizer cuts anyway."""
    ids: list[int] = []
    wrong: list[bool] = []
    at = 0
    for start, end in [*spans, (len(text), len(text))]:
        for part, label in ((text[at:start], False), (text[max(at, start) : end], True)):
            new = base.words.encode(part)
            ids += new
            wrong += [label] * len(new)
        at = max(at, end)
    return ids, wrong


@dataclass(frozen=True, slots=True)
class Tagging:
    """Cross-entropy of each token's label, and of the sentence's by its most doubtful token."""

    around: tuple[list[int], list[int]]
    pad: int

    def portions(self, examples: Sequence[Claim], tokens: int) -> Iterator[list[Claim]]:
        yield from side_by_side(examples, tokens)

    def loss(self, network: Any, examples: Sequence[Claim]) -> Any:
        width = -(-max(claim.tokens for claim in examples) // STEP) * STEP
        shape = len(examples), width
        ids = torch.full(shape, self.pad)
        mask, labels = torch.zeros(shape, dtype=torch.long), torch.full(shape, -1.0)
        (before,), (after,) = self.around
        for at, claim in enumerate(examples):
            begin = len(claim.evidence) + 2
            end = begin + len(claim.sentence)
            ids[at, : end + 1] = torch.tensor([before, *claim.evidence, after, *claim.sentence, after])
            mask[at, : end + 1] = 1
            labels[at, begin:end] = torch.tensor(claim.wrong, dtype=torch.float32)
        device = network.device
        scores = network(input_ids=ids.to(device), attention_mask=mask.to(device)).logits[..., 0]
        return _weighted(scores.float(), labels.to(device), examples)


def _weighted(scores: Any, labels: Any, examples: Sequence[Claim]) -> Any:
    learnt = labels >= 0
    weights = torch.tensor([claim.weight for claim in examples], device=scores.device)
    lengths = torch.tensor([float(claim.learnt) for claim in examples], device=scores.device)
    each = functional.binary_cross_entropy_with_logits(
        scores, labels.clamp(min=0), reduction="none", pos_weight=torch.tensor(RARE, device=scores.device)
    )
    words = (each * learnt).sum(dim=1)
    worst = torch.where(learnt, scores, torch.full_like(scores, -1e4)).max(dim=1).values
    wrong = (labels == 1).any(dim=1).float()
    whole = functional.binary_cross_entropy_with_logits(worst, wrong, reduction="none") * lengths
    return ((words + WHOLE * whole) * weights).sum()
