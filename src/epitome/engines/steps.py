"""What transformers' `generate` lets one do at each step: choose tokens row by row, and look at what was chosen.

`Chooser` stands where logits are processed, `Watcher` where `generate` asks whether to stop. Together they let one
batch hold greedy and sampled answers with their own seeds, report log-probabilities, stream, and be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from epitome.engines.base import Chunk, Decoding, FinishReason
from epitome.engines.stream import Detokenizer

Words = Callable[[list[int]], tuple[str, ...]]


@dataclass(slots=True)
class Row:
    """One answer in a batch."""

    index: int
    decoding: Decoding
    prompt: list[int]
    text: Detokenizer
    start: list[int] = field(default_factory=list)
    """Encoder-decoders: what the answer begins with."""
    without: list[int] = field(default_factory=list)
    """The prompt without the document, for `Decoding.contrast`."""
    first: int = 0
    """Where its prompt begins in the padded batch."""
    generated: int = 0
    finished: bool = False
    generator: Any = None

    @property
    def reports(self) -> bool:
        return self.decoding.logprobs or self.decoding.alternatives > 0


class Chooser:
    """Changes the logits of each row as its own decoding asks; argmax or beam search then picks.

    A token is sampled by adding Gumbel noise to the logits and taking the largest (Gumbel 1954; Maddison, Tarlow and
    Minka 2014), which is the same as drawing from the softmax. The noise comes from the row's own seed, so that an
    answer does not depend on the rest of its batch.
    """

    def __init__(self, rows: list[Row], beams: int, prompt_length: int, ends: set[int]) -> None:
        self._rows = rows
        self._beams = beams
        self._prompt_length = prompt_length
        self._ends = sorted(ends)
        self.logprobs: Any = None
        """Of the model itself, before anything was changed."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        scores = scores.float()
        if any(row.reports for row in self._rows):
            self.logprobs = scores.log_softmax(dim=-1)
        scores = scores.clone()
        for at in range(scores.shape[0]):
            row = self._rows[at // self._beams]
            if not row.finished:
                self._change(row, input_ids[at], scores[at])
        return scores

    def _change(self, row: Row, ids: Any, scores: Any) -> None:
        decoding = row.decoding
        if decoding.repeat_penalty != 1.0:
            seen = ids[row.first :].unique()
            values = scores[seen]
            scores[seen] = (
                values.where(values > 0, values * decoding.repeat_penalty**2) / decoding.repeat_penalty
            )
        if decoding.no_repeat_ngram:
            banned = _repeating(ids[self._prompt_length :].tolist(), decoding.no_repeat_ngram)
            scores[banned] = float("-inf")
        if len(ids) - self._prompt_length < decoding.min_tokens:
            scores[self._ends] = float("-inf")
        if decoding.temperature > 0 and decoding.beams == 1:
            _sample(row, scores)


def _repeating(ids: list[int], size: int) -> list[int]:
    """Tokens that would complete an n-gram which `ids` has already."""
    if len(ids) < size:
        return []
    tail = ids[len(ids) - size + 1 :]
    return [ids[at + size - 1] for at in range(len(ids) - size + 1) if ids[at : at + size - 1] == tail]


def _sample(row: Row, scores: Any) -> None:
    import torch

    decoding = row.decoding
    scores /= decoding.temperature
    if decoding.top_k and decoding.top_k < scores.shape[-1]:
        least = scores.topk(decoding.top_k).values[-1]
        scores[scores < least] = float("-inf")
    if decoding.top_p < 1:
        ordered, order = scores.sort(descending=True)
        share = ordered.softmax(dim=-1)
        # The token that crosses the limit stays, so that one always does.
        scores[order[share.cumsum(dim=-1) - share >= decoding.top_p]] = float("-inf")
    if row.generator is None:
        row.generator = torch.Generator().manual_seed(decoding.seed % 2**63)
    uniform = torch.rand(scores.shape, generator=row.generator).clamp_(min=1e-20)
    scores -= uniform.log_().neg_().log_().to(scores.device)


class Watcher:
    """Sees every new token: sends text on its way and says which rows are done. Not for beam search."""

    def __init__(
        self, rows: list[Row], ends: set[int], words: Words, chooser: Chooser, emit: Callable[[Chunk], None]
    ) -> None:
        self._rows = rows
        self._ends = ends
        self._words = words
        self._chooser = chooser
        self._emit = emit

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        for at, (row, token) in enumerate(zip(self._rows, input_ids[:, -1].tolist(), strict=True)):
            if not row.finished:
                self._emit(self._next(at, row, token))
        return torch.tensor([row.finished for row in self._rows], device=input_ids.device)

    def _next(self, at: int, row: Row, token: int) -> Chunk:
        if token in self._ends:
            return last(row, row.text.finish(), "stop")
        row.generated += 1
        logprobs, tokens, alternatives = self._reported(at, row, token)
        text = row.text.push([token])
        reason: FinishReason | None = None
        if row.text.stopped:
            reason = "stop"
        elif row.generated >= row.decoding.max_tokens:
            reason = "length"
        if reason is None:
            return Chunk(row.index, text, logprobs, tokens, alternatives)
        return last(row, text + row.text.finish(), reason, logprobs, tokens, alternatives)

    def _reported(
        self, at: int, row: Row, token: int
    ) -> tuple[tuple[float, ...], tuple[str, ...], tuple[tuple[tuple[str, float], ...], ...]]:
        if not row.reports:
            return (), (), ()
        logprobs = self._chooser.logprobs[at]
        alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()
        if row.decoding.alternatives:
            best = logprobs.topk(row.decoding.alternatives)
            pairs = zip(self._words(best.indices.tolist()), best.values.tolist(), strict=True)
            alternatives = (tuple(pairs),)
        return (min(0.0, float(logprobs[token])),), self._words([token]), alternatives


class Canceller:
    """Stops `generate` for all rows at once."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        return torch.full((input_ids.shape[0],), self._stop.is_set(), device=input_ids.device)


def last(
    row: Row,
    text: str,
    reason: FinishReason,
    logprobs: tuple[float, ...] = (),
    tokens: tuple[str, ...] = (),
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = (),
) -> Chunk:
    """The chunk that ends an answer."""
    row.finished = True
    return Chunk(
        row.index,
        text,
        logprobs,
        tokens,
        alternatives,
        reason,
        prompt_tokens=len(row.prompt),
        generated_tokens=row.generated,
    )
