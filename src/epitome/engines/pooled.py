"""An encoder-decoder whose decoder sees nothing of the document but S: k vectors pooled from the encoder's states.

    mean    S = the mean of the states                      k = 1
    max     S = the largest value in each dimension         k = 1
    attention   S_j = sum over i of softmax_i(u_j · h_i / √d) h_i, each u_j learnt      any k

With a `width` below that of the encoder each vector of S is put through a linear map to it, and through another one
back to what the decoder attends to. S then has k · width numbers, whatever the length of the document.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import BertModel, EncoderDecoderModel
from transformers.modeling_outputs import BaseModelOutput


class Pooling(nn.Module):
    """States of a document (rows, length, d) to S (rows, k, width), and S to what is attended to (rows, k, d)."""

    def __init__(self, kind: str, vectors: int, width: int, hidden: int) -> None:
        super().__init__()
        self.kind = kind
        self.asking = nn.Embedding(vectors, hidden) if kind == "attention" else None
        self.narrow = nn.Linear(hidden, width) if width < hidden else nn.Identity()
        self.widen = nn.Linear(width, hidden) if width < hidden else nn.Identity()

    def begin(self) -> None:
        """First weights: `narrow` turns the states onto `width` directions, `widen` turns them back, as loud as before.

        With BERT's own of 0.02 the decoder hardly hears S (LOG.md).
        """
        if isinstance(self.narrow, nn.Linear) and isinstance(self.widen, nn.Linear):
            with torch.no_grad():
                width, hidden = self.narrow.weight.shape
                nn.init.orthogonal_(self.narrow.weight)
                self.widen.weight.copy_(self.narrow.weight.T * (hidden / width) ** 0.5)

    def forward(self, states: Any, known: Any) -> Any:
        """S; `known` (rows, length) is 1 where a token stands, 0 where the row is filled up."""
        hidden = ~known.bool()
        if self.kind == "mean":
            pooled = (
                states.masked_fill(hidden[..., None], 0).sum(1, keepdim=True) / known.sum(1)[:, None, None]
            )
        elif self.asking is None:
            pooled = states.masked_fill(hidden[..., None], float("-inf")).max(1, keepdim=True).values
        else:
            scores = self.asking.weight @ states.transpose(1, 2) * states.shape[-1] ** -0.5
            pooled = scores.masked_fill(hidden[:, None], float("-inf")).softmax(-1).to(states.dtype) @ states
        return self.narrow(pooled)


class PooledBert(BertModel):
    """BERT that gives S, widened, in place of its states."""

    def __init__(self, config: Any, add_pooling_layer: bool = False) -> None:
        super().__init__(config, add_pooling_layer=False)
        self.pooling = Pooling(config.pooling, config.vectors, config.summary_width, config.hidden_size)
        self.post_init()

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **options: Any) -> Any:
        known = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        states = super().forward(input_ids, attention_mask=attention_mask).last_hidden_state
        return BaseModelOutput(last_hidden_state=self.pooling.widen(self.pooling(states, known)))


class PooledEncoderDecoder(EncoderDecoderModel):
    """`EncoderDecoderModel` with a `PooledBert`; the decoder looks at all of S, and at no token."""

    def __init__(self, config: Any = None, encoder: Any = None, decoder: Any = None) -> None:
        super().__init__(config, PooledBert(config.encoder) if encoder is None else encoder, decoder)

    def forward(
        self, input_ids: Any = None, attention_mask: Any = None, encoder_outputs: Any = None, **options: Any
    ) -> Any:
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, attention_mask=attention_mask)
        return super().forward(encoder_outputs=encoder_outputs, **options)
