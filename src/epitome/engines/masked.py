"""A BERT that writes (UniLM, Dong et al. 2019): document and summary in one sequence, the next word where a mask is.

    [CLS] document [SEP] | y1 … yt [MASK]

The document sees all of itself, a word of the summary sees the document and the words before it, a mask sees the same
and stands where the next word will: `visible`. Learning, each word has a mask of its own beside the true words before
it (the pseudo-masks of s2s-ft, Bao et al. 2021), so that one pass teaches every word from what will really stand there
in writing. Writing, keys and values of what stands already are kept, and each step computes the last word and a mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import BertForMaskedLM, GenerationMixin
from transformers.modeling_outputs import CausalLMOutputWithPast


class Kind(IntEnum):
    """What stands at a position."""

    PADDING = 0
    DOCUMENT = 1
    SUMMARY = 2
    MASK = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of tokens (rows, length) and what each is: its kind, its place in the text, and to which of several
    summaries of the document it belongs. A mask has the place of the word that it stands for."""

    ids: Any
    kind: Any
    place: Any
    summary: Any

    def to(self, device: Any) -> Sheet:
        """The same on another device."""
        return Sheet(*(part.to(device) for part in (self.ids, self.kind, self.place, self.summary)))


def visible(kind: Any, place: Any, summary: Any) -> Any:
    """Which positions see which: booleans (rows, positions that look, positions that are seen)."""
    own = summary[:, :, None] == summary[:, None]
    before = place[:, None] < place[:, :, None]
    said = (kind[:, None] == Kind.SUMMARY) & (kind[:, :, None] >= Kind.SUMMARY) & own & before
    itself = torch.eye(kind.shape[1], dtype=torch.bool, device=kind.device)
    return (kind[:, None] == Kind.DOCUMENT) | said | itself


class Pointer(nn.Module):
    """Copying (See et al. 2017): attention over the document's tokens, and what share of each word it gives."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.gate = nn.Linear(width, 1)

    def forward(self, states: Any, keys: Any, readable: Any) -> tuple[Any, Any, Any]:
        """Attention (rows, masks, length) of the masks' `states` over `keys` where they are `readable`; logarithms of
        what the vocabulary gives and of what copying gives (rows, masks)."""
        scores = self.query(states) @ keys.transpose(1, 2) * keys.shape[-1] ** -0.5
        attention = scores.float().masked_fill(~readable[:, None], float("-inf")).softmax(-1)
        gate = self.gate(states)[..., 0].float()
        return attention, functional.logsigmoid(gate), functional.logsigmoid(-gate)


@dataclass
class Written(CausalLMOutputWithPast):
    """Logits of the next word, and of the document what copying needs: keys, ids, and where it may look."""

    source: Sequence[Any] | None = None


class BertWriter(BertForMaskedLM, GenerationMixin):
    """BERT with its masked-language-model head and, where the configuration has `pointer`, a copying one.

    The probability of a word is p = g q + (1 - g) c: q is the head's softmax over the vocabulary, c the attention of
    the pointer on that word in the document, g the gate; without a pointer g is 1. `generate` is that of transformers:
    its `input_ids` are `[CLS] document [SEP]`, filled up on the left, and the words of the summary so far.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.pointer = Pointer(config.hidden_size) if config.pointer else None
        self.post_init()

    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        past_key_values: Any = None,
        source: Sequence[Any] | None = None,
        **learning: Any,
    ) -> Any:
        """Logits (rows, 1, vocabulary) of the word after `input_ids`, normalised; with `sheet`, `targets` and
        `smoothing` the losses of `losses`."""
        if learning.get("sheet") is not None:
            return self.losses(learning["sheet"], learning["targets"], learning["smoothing"])
        if past_key_values is not None and past_key_values.get_seq_length():
            state = self._next(input_ids, attention_mask, past_key_values)
        else:
            state, source = self._first(input_ids, attention_mask, past_key_values)
        for layer in past_key_values.layers if past_key_values is not None else ():
            # The mask goes again.
            layer.keys, layer.values = layer.keys[..., :-1, :], layer.values[..., :-1, :]
        return Written(logits=self._chances(state, source), past_key_values=past_key_values, source=source)

    def losses(self, sheet: Sheet, targets: Any, smoothing: float) -> Any:
        """For each mask that has a target y, -(1 - e) log p(y) - e mean over the vocabulary of log q, e the smoothing.

        The masks are the last columns of the sheet, as many as `targets` (rows, masks) has; -1 is no target. The losses
        come row by row (targets,).
        """
        hidden = self._states(sheet)
        masks = hidden[:, -targets.shape[1] :]
        wanted = targets >= 0
        words = self.cls(masks[wanted]).float().log_softmax(-1)
        likely = words.gather(-1, targets[wanted][:, None])[:, 0]
        if self.pointer is not None:
            attention, gate, copying = self.pointer(
                masks, self.pointer.key(hidden), sheet.kind == Kind.DOCUMENT
            )
            found = attention * (sheet.ids[:, None] == targets[:, :, None])
            copied = found.sum(-1).clamp_min(torch.finfo(found.dtype).tiny).log()
            likely = torch.logaddexp(gate[wanted] + likely, (copying + copied)[wanted])
        return -(1 - smoothing) * likely - (smoothing * words.mean(-1) if smoothing else 0.0)

    def _states(self, sheet: Sheet, past: Any = None, seen: Any = None) -> Any:
        """The last layer's states (rows, length, width); `seen`: who sees whom, where the sheet alone does not say."""
        seen = visible(sheet.kind, sheet.place, sheet.summary) if seen is None else seen
        mask = seen[:, None]
        if self.config._attn_implementation == "eager":
            mask = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, torch.finfo(self.dtype).min)
            mask = mask.to(self.dtype)
        types = (sheet.kind >= Kind.SUMMARY).long().clamp_max(self.config.type_vocab_size - 1)
        # An answer that has ended is filled up while others go on, past the last place there is.
        place = sheet.place.clamp_max(self.config.max_position_embeddings - 1)
        # Not through `BertModel.forward`, whose bookkeeping takes as long as a layer where two tokens are computed.
        read = self.bert.embeddings(input_ids=sheet.ids, token_type_ids=types, position_ids=place)
        return self.bert.encoder(read, attention_mask=mask, past_key_values=past).last_hidden_state

    def _first(self, ids: Any, known: Any, past: Any) -> tuple[Any, Sequence[Any]]:
        """States of the mask behind whole texts, each text computed once however many beams begin with it."""
        known = torch.ones_like(ids) if known is None else known
        rows, back = torch.unique(ids, dim=0, return_inverse=True)
        at = torch.zeros(len(rows), dtype=torch.long, device=ids.device).scatter_(
            0, back, torch.arange(len(ids), device=ids.device)
        )
        sheet = self._sheet(rows, known[at])
        hidden = self._states(sheet, past)
        if past is not None:
            past.batch_select_indices(back)
        keys = hidden if self.pointer is None else self.pointer.key(hidden)
        source = keys[back], sheet.ids[back], (sheet.kind == Kind.DOCUMENT)[back]
        return hidden[back, -1:], source

    def _sheet(self, ids: Any, known: Any) -> Sheet:
        """The document up to the first [SEP], the summary so far, and a mask."""
        end = ids == self.config.sep_token_id
        kind = torch.where(end.cumsum(1) - end.long() > 0, int(Kind.SUMMARY), int(Kind.DOCUMENT)) * known
        place = (known.cumsum(1) - 1).clamp_min(0)
        ids, kind = _with(ids, self.config.mask_token_id), _with(kind, int(Kind.MASK))
        place = torch.cat([place, place[:, -1:] + 1], 1)
        return Sheet(ids, kind, place, torch.zeros_like(ids))

    def _next(self, ids: Any, known: Any, past: Any) -> Any:
        """State of the mask behind the one word that is new."""
        known = ids.new_ones(len(ids), past.get_seq_length() + 1) if known is None else known
        ids, place = _with(ids, self.config.mask_token_id), known.sum(1, keepdim=True)
        kind = ids.new_tensor([[Kind.SUMMARY, Kind.MASK]]).expand(len(ids), 2)
        sheet = Sheet(ids, kind, torch.cat([place - 1, place], 1), torch.zeros_like(ids))
        seen = _with(known, 1).bool()[:, None].repeat(1, 2, 1)
        seen[:, 0, -1] = False  # the word does not see the mask behind it
        return self._states(sheet, past, seen)[:, -1:]

    def _chances(self, state: Any, source: Sequence[Any] | None) -> Any:
        """Log-probabilities (rows, 1, vocabulary)."""
        words = self._head(state).float().log_softmax(-1)
        if self.pointer is None or source is None:
            return words
        keys, ids, readable = source
        attention, gate, copying = self.pointer(state, keys, readable)
        ids = ids[:, None]
        copied = torch.zeros_like(words).scatter_add_(-1, ids, attention).gather(-1, ids)
        words = words + gate[..., None]
        both = torch.logaddexp(words.gather(-1, ids), copying[..., None] + copied.log())
        return words.scatter(-1, ids, both)

    def _head(self, state: Any) -> Any:
        """Logits (rows, 1, vocabulary) of the head. A few rows against a large matrix: with the matrix on the left that
        takes a third of the time of `Linear` (a third of a step, `bench/bert.py decode`)."""
        head = self.cls.predictions
        known = head.transform(state)[:, 0].T
        return torch.addmm(head.decoder.bias[:, None], head.decoder.weight, known).T[:, None].contiguous()

    def _update_model_kwargs_for_generation(
        self, outputs: Any, model_kwargs: Any, *args: Any, **options: Any
    ) -> Any:
        """What `generate` hands from step to step: the document's keys, too."""
        kept = super()._update_model_kwargs_for_generation(outputs, model_kwargs, *args, **options)
        return {**kept, "source": outputs.source}


def _with(rows: Any, value: int) -> Any:
    """A column of `value` behind the rows."""
    return torch.cat([rows, rows.new_full((len(rows), 1), value)], 1)
