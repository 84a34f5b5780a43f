"""What is minimised: cross-entropy on the tokens of the answers, of decoders and of encoder-decoders.

Logits are computed only where there is a target: with 49,152 words they are the largest thing in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn import functional

from epitome.train.attention import NAME, Layout, register
from epitome.train.examples import Example

STEP = 64
"""Rows are filled up to a multiple of this: each new length makes oneDNN compile its kernels anew."""


class Objective(Protocol):
    """One for each way a network is fed, with examples of its own kind. A portion is what is computed at once."""

    def portions(self, examples: Sequence[Any], tokens: int) -> Iterator[list[Any]]:
        """The examples in portions of at most `tokens`, or of one example."""

    def loss(self, network: Any, examples: Sequence[Any]) -> Any:
        """Sum over the learnt tokens of weighted cross-entropy, a scalar."""


class Scoring(Objective, Protocol):
    """One whose predictions can be looked at, too."""

    def scored(self, network: Any, examples: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Logits (targets, words), the targets and their weights, in the order of the examples."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Decoders: examples side by side in one row, nothing padded but its end (`attention.py`)."""

    smoothing: float = 0.0

    def portions(self, examples: Sequence[Example], tokens: int) -> Iterator[list[Example]]:
        yield from rows(examples, tokens)

    def loss(self, network: Any, examples: Sequence[Example]) -> Any:
        return weighted(*self.scored(network, examples), self.smoothing)

    def scored(self, network: Any, examples: Sequence[Example]) -> tuple[Any, Any, Any]:
        row = _row(examples)
        device = network.device
        logits = plain(network)(
            input_ids=row.ids.to(device),
            position_ids=row.positions.to(device),
            attention_mask=None,
            use_cache=False,
            layout=row.layout,
            logits_to_keep=row.places.to(device),
        ).logits[0]
        return logits, row.targets.to(device), row.weights.to(device)


@dataclass(frozen=True, slots=True)
class OneByOne:
    """Decoders whose method adds positions of its own (prefix- and prompt-tuning): one answer at a time."""

    smoothing: float = 0.0

    def portions(self, examples: Sequence[Example], tokens: int) -> Iterator[list[Example]]:
        yield from ([example] for example in examples)

    def loss(self, network: Any, examples: Sequence[Example]) -> Any:
        total = torch.zeros((), device=network.device)
        for example in examples:
            for branch in example.branches:
                ids = torch.tensor([[*example.prompt, *branch.ids[:-1]]], device=network.device)
                learnt = len(branch.ids) - branch.given
                out = network(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
                targets = torch.tensor(branch.ids[branch.given :], device=network.device)
                weights = torch.full((learnt,), example.weight, device=network.device)
                total = total + weighted(out.logits[0, -learnt:], targets, weights, self.smoothing)
        return total


@dataclass(frozen=True, slots=True)
class Seq2Seq:
    """Encoder-decoders: sources of about one length side by side, padded and masked; an answer a row."""

    start: int
    pad: int
    smoothing: float = 0.0

    def portions(self, examples: Sequence[Example], tokens: int) -> Iterator[list[Example]]:
        held: list[Example] = []
        for example in sorted(examples, key=lambda one: -len(one.prompt)):
            wide = max(len(one.prompt) for one in [*held, example])
            rows = sum(len(one.branches) for one in [*held, example])
            if held and wide * rows > tokens:
                yield held
                held = []
            held.append(example)
        if held:
            yield held

    def loss(self, network: Any, examples: Sequence[Example]) -> Any:
        return weighted(*self.scored(network, examples), self.smoothing)

    def scored(self, network: Any, examples: Sequence[Example]) -> tuple[Any, Any, Any]:
        told = [(example, branch) for example in examples for branch in example.branches]
        device = network.device
        sources = padded([example.prompt for example, _ in told], self.pad)
        answers = padded([branch.ids for _, branch in told], self.pad)
        learnt = torch.zeros(answers.shape)
        for at, (example, branch) in enumerate(told):
            learnt[at, branch.given : len(branch.ids)] = example.weight
        mask = padded([(1,) * len(example.prompt) for example, _ in told], 0)
        begun = torch.cat([torch.full((len(told), 1), self.start), answers[:, :-1]], 1)
        logits = network(
            input_ids=sources.to(device),
            attention_mask=mask.to(device),
            decoder_input_ids=begun.to(device),
            use_cache=False,
        ).logits
        places = learnt > 0
        return logits[places.to(device)], answers[places].to(device), learnt[places].to(device)


def rows(examples: Sequence[Any], tokens: int) -> list[list[Any]]:
    """Examples in rows of at most `tokens`, or of one example: the longest first, each where it fits."""
    found: list[list[Any]] = []
    for example in sorted(examples, key=lambda one: -one.tokens):
        fitting = (row for row in found if sum(one.tokens for one in row) + example.tokens <= tokens)
        row = next(fitting, None)
        if row is None:
            found.append([example])
        else:
            row.append(example)
    return found


def _tokens(example: Any) -> int:
    return int(example.tokens)


def side_by_side(
    examples: Sequence[Any], tokens: int, wide: Callable[[Any], int] = _tokens
) -> Iterator[list[Any]]:
    """Examples of about one length, padded to the longest: at most `tokens` with the padding, or one example.

    `wide`: what one takes, in tokens.
    """
    held: list[Any] = []
    for example in sorted(examples, key=lambda one: -wide(one)):
        if held and wide(held[0]) * (len(held) + 1) > tokens:
            yield held
            held = []
        held.append(example)
    if held:
        yield held


def weighted(logits: Any, targets: Any, weights: Any, smoothing: float = 0.0) -> Any:
    """The sum of weighted cross-entropies, a scalar."""
    losses = functional.cross_entropy(logits.float(), targets, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum()


def plain(network: Any) -> Any:
    """The network below PEFT's wrapper, whose own forward would feed it otherwise."""
    return network.get_base_model() if hasattr(network, "get_base_model") else network


def padded(found: Sequence[Sequence[int]], pad: int) -> Any:
    """Ids (rows, longest), the shorter rows filled up."""
    width = max(len(row) for row in found)
    return torch.tensor([[*row, *([pad] * (width - len(row)))] for row in found])


@dataclass(frozen=True, slots=True)
class _Row:
    ids: Any
    positions: Any
    layout: Layout
    places: Any
    targets: Any
    weights: Any


def _row(examples: Sequence[Example]) -> _Row:
    """Examples one after the other; `places` are where the network must say `targets` next."""
    ids: list[int] = []
    positions: list[int] = []
    places: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    layout: list[tuple[int, tuple[int, ...]]] = []
    for example in examples:
        ids += example.prompt
        count = len(example.prompt)
        positions += range(count)
        last = len(ids) - 1
        for branch in example.branches:
            here = [last, *range(len(ids), len(ids) + len(branch.ids) - 1)]
            ids += branch.ids[:-1]
            positions += range(count, count + len(branch.ids) - 1)
            places += here[branch.given :]
            targets += branch.ids[branch.given :]
            weights += [example.weight] * (len(branch.ids) - branch.given)
        layout.append((count, tuple(len(branch.ids) - 1 for branch in example.branches)))
    if fill := -len(ids) % STEP:
        ids += [0] * fill
        positions += range(fill)
        layout.append((fill, ()))
    return _Row(
        torch.tensor([ids]),
        torch.tensor([positions]),
        tuple((prompt, tuple(length for length in branches if length)) for prompt, branches in layout),
        torch.tensor(places),
        torch.tensor(targets),
        torch.tensor(weights),
    )


def prepare(network: Any) -> None:
    """Switch a decoder's attention to the packed one (`Packed` needs it)."""
    register()
    plain(network).set_attn_implementation(NAME)
