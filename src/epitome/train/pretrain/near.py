"""First weights with which a network made anew looks at the neighbours of a token.

With random ones attention is even over the text, and an hour of one core passes before it is not: a small BERT
predicts no more than how common each token is (LOG.md, 2026-11-26). Training begins here; nothing is held.

- BERT (positions are embeddings): these begin as sinusoids in some numbers of their own, and heads of every layer as
  turns of them by a few places, whose products with the keys are largest there (the shift that Vaswani et al. 2017,
  section 3.5, chose sinusoids for).
- T5 (a bias by distance): heads of both halves begin with a bias for one distance each, and the decoder's queries into
  the source as its keys: a token attends to the same one there (Trockman and Kolter 2023).
- In both, what attention and feed-forward layers add begins fainter the more of them there are (Radford et al. 2019),
  so that the words and their places are not drowned on the way up.
"""

from __future__ import annotations

import math
from typing import Any

SHARP = 8.0
"""Of a head's logits, at its place: 94 % of its attention among 200 tokens whose logits are 0."""
AROUND = (-1, 1, -2, 2)
"""Where heads look that see both sides; more heads than these stay as they were."""
MATCH = 12.0
"""Of the decoder's logits for the same token in the source, before what branches add to either has blurred it."""
BEFORE = (0, -1, -2)
"""Where those of a T5's decoder look: at what comes in, and at the two tokens before it."""


def near(network: Any) -> None:
    """Sets first weights of a BERT or a T5 from transformers; leaves other kinds as they are."""
    import torch

    with torch.no_grad():
        if network.config.model_type == "bert":
            _bert(network.bert)
        elif network.config.model_type == "t5":
            _t5(network)


def _bert(network: Any) -> None:
    import torch

    size = network.config.hidden_size // network.config.num_attention_heads
    if network.config.hidden_size < 2 * size or size % 2:  # no room for words, or no pairs
        return
    half = size // 2
    # Spread evenly, the products of two places vanish unless they are the same; irregular, they never come round again.
    turns = (torch.arange(half) + torch.rand(half)) * math.pi / half
    _sinusoids(network.embeddings, turns)
    for layer in network.encoder.layer:
        _turned(layer.attention.self, turns)
        for part in (layer.attention.output.dense, layer.output.dense):
            part.weight.mul_((2 * len(network.encoder.layer)) ** -0.5)


def _turned(attention: Any, turns: Any) -> None:
    """Heads whose queries are their own position `AROUND` further on."""
    import torch

    size = 2 * len(turns)
    loud = math.sqrt(SHARP / math.sqrt(size))
    for head, place in zip(range(attention.num_attention_heads), AROUND, strict=False):
        rows = slice(head * size, (head + 1) * size)
        for part in (attention.query, attention.key):
            part.weight[rows], part.bias[rows] = 0.0, 0.0
        cos, sin = (turns * place).cos().diag(), (turns * place).sin().diag()
        turned = torch.cat([torch.cat([cos, -sin], 1), torch.cat([sin, cos], 1)])
        attention.key.weight[rows, :size] = loud * torch.eye(size)
        attention.query.weight[rows, :size] = loud * turned


def _sinusoids(embeddings: Any, turns: Any) -> None:
    """As loud as the words' embeddings, which leave these numbers free."""
    import torch

    words, positions = embeddings.word_embeddings.weight, embeddings.position_embeddings.weight
    angles = torch.arange(len(positions))[:, None] * turns
    waves = torch.cat([angles.cos(), angles.sin()], 1)
    positions.zero_()
    positions[:, : waves.shape[1]] = math.sqrt(2) * words.std() * waves
    words[:, : waves.shape[1]] = 0.0
    embeddings.token_type_embeddings.weight.zero_()


def _t5(network: Any) -> None:
    for stack, places in ((network.encoder, AROUND), (network.decoder, BEFORE)):
        attention = stack.block[0].layer[0].SelfAttention
        bias = attention.relative_attention_bias.weight
        bias.zero_()
        for head, place in zip(range(bias.shape[1]), places, strict=False):
            bias[_bucket(attention, place), head] = SHARP
        branches = [branch for block in stack.block for branch in block.layer]
        for branch in branches:
            for name, part in branch.named_modules():
                if name.endswith((".o", ".wo")):
                    part.weight.mul_(len(branches) ** -0.5)
    for block in network.decoder.block:
        attention = block.layer[1].EncDecAttention
        attention.q.weight.copy_(attention.k.weight * MATCH / network.config.d_kv)


def _bucket(attention: Any, place: int) -> int:
    import torch

    return int(
        attention._relative_position_bucket(
            torch.tensor([place]),
            bidirectional=not attention.is_decoder,
            num_buckets=attention.relative_attention_num_buckets,
            max_distance=attention.relative_attention_max_distance,
        )
    )
