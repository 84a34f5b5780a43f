"""BERT-type encoders (Devlin et al. 2019) on numpy: no torch, no padding.

Rows are laid end to end, so that all but attention is one matrix product over all their tokens; neighbours of one
length share their attention. Nothing is padded, so no row knows what else is in its batch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epitome.engines.wordpiece import WordPiece
from epitome.errors import EngineError, ModelError
from epitome.models import safetensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Affine = tuple[Floats, Floats]

BATCH_TOKENS = 4096
"""Most tokens evaluated at once, padding included where the backend pads."""
_SCORES = 4_000_000
"""Attention weights held at once: 16 MB."""
_BLOCK = 16_384
"""Numbers that an activation works on at once: they stay in the processor's cache."""

# Phi(x) - 1/2 = x P(x²) / Q(x²) for |x| <= 5.2, fitted by least squares to 4e-9; beyond, Phi is 0 or 1 to 1e-7.
_EDGE = 5.2
_P = (0.398942264, 0.0324344653, 0.00460259186, 1.55821794e-4, 6.40919998e-6, 2.48767522e-8)
_Q = (1.0, 0.247967537, 0.02786545, 1.81135295e-3, 7.0204393e-5, 1.26317353e-6)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights and biases, the weights as they are multiplied from the right."""

    attention: Affine
    """Query, key and value side by side; the query is scaled already."""
    mixed: Affine
    norm1: Affine
    up: Affine
    down: Affine
    norm2: Affine


class Bert:
    """A folder with `config.json`, `vocab.txt` and `model.safetensors`.

    Raises:
        ModelError: the folder cannot be read, or lacks a weight.
        EngineError: it is not of the BERT kind (see `readable`).
    """

    def __init__(self, folder: Path) -> None:
        reason = unreadable(folder)
        if reason:
            raise EngineError(f"{folder}: {reason}", hint="open it with transformers")
        config = _config(folder)
        self._words = WordPiece.read(folder)
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        tensors = {
            name.removeprefix("bert."): tensor
            for name, tensor in safetensors.read(folder / "model.safetensors").items()
        }
        try:
            self._embeddings = tensors["embeddings.word_embeddings.weight"]
            self._places = tensors["embeddings.position_embeddings.weight"]
            self._kind = tensors["embeddings.token_type_embeddings.weight"][0]
            self._norm = _affine(tensors, "embeddings.LayerNorm")
            layers = range(int(config["num_hidden_layers"]))
            self._layers = [_layer(tensors, f"encoder.layer.{at}", self._heads) for at in layers]
        except KeyError as error:
            raise ModelError(
                f"{folder}: model.safetensors lacks {error}", hint="fetch the model again"
            ) from error
        self.positions = len(self._places)
        self.around = ([self._words.cls], [self._words.sep])

    def encode(self, text: str) -> list[int]:
        """Token ids, without those that stand around a text."""
        return self._words.encode(text)

    def states(self, rows: Sequence[Sequence[int]]) -> list[Floats]:
        """The last layer's states for rows sorted by length, none longer than `positions`: (tokens, width) each."""
        import numpy as np

        lengths = [len(row) for row in rows]
        ids = np.concatenate([np.asarray(row, np.int64) for row in rows])
        places = np.concatenate([np.arange(length) for length in lengths])
        x = self._embeddings[ids] + self._places[places] + self._kind
        x = _normalised(x, *self._norm, self._epsilon)
        for layer in self._layers:
            mixed = _linear(self._attend(x, layer, lengths), layer.mixed)
            mixed += x
            x = _normalised(mixed, *layer.norm1, self._epsilon)
            wide = _linear(x, layer.up)
            gelu(wide)
            deep = _linear(wide, layer.down)
            deep += x
            x = _normalised(deep, *layer.norm2, self._epsilon)
        return np.split(x, np.cumsum(lengths)[:-1])

    def close(self) -> None:
        """Free the model."""
        self._layers.clear()

    def _attend(self, x: Floats, layer: _Layer, lengths: list[int]) -> Floats:
        import numpy as np

        width = x.shape[1]
        each = width // self._heads
        together = _linear(x, layer.attention)
        out = np.empty_like(x)
        start = 0
        for length, count in _runs(lengths, self._heads):
            end = start + length * count
            # (3, rows, heads, tokens, width of a head)
            shape = (count, length, 3, self._heads, each)
            query, key, value = together[start:end].reshape(shape).transpose(2, 0, 3, 1, 4)
            scores = np.matmul(query, key.swapaxes(-1, -2))
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed = np.matmul(scores, value).transpose(0, 2, 1, 3)
            out[start:end] = mixed.reshape(-1, width)
            start = end
        return out


def batches(lengths: Sequence[int], most: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Indices of rows by rising length, as many together as have `most`, the shorter ones filled up."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[at] > most:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def unreadable(folder: Path) -> str:
    """Why `Bert` does not read the model in this folder; empty if it does."""
    config = _config(folder)
    if config.get("model_type") != "bert" or config.get("is_decoder"):
        return "it is no encoder of the BERT kind"
    if config.get("position_embedding_type", "absolute") != "absolute":
        return "its positions are not absolute"
    if config.get("hidden_act", "gelu") != "gelu":
        return f"its activation is {config['hidden_act']}"
    missing = [name for name in ("vocab.txt", "model.safetensors") if not (folder / name).is_file()]
    return f"it has no {' and no '.join(missing)}" if missing else ""


def gelu(x: Floats) -> None:
    """x Phi(x) in place, Phi to 2e-7 (Hendrycks and Gimpel 2016, the exact form)."""
    import numpy as np

    flat = x.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        z = np.clip(block, -_EDGE, _EDGE)
        square = z * z
        z *= _polynomial(square, _P)
        z /= _polynomial(square, _Q)
        z += np.float32(0.5)
        z[block < -_EDGE] = 0
        block *= z


def _polynomial(x: Floats, coefficients: Sequence[float]) -> Floats:
    import numpy as np

    *rest, top = (np.float32(each) for each in coefficients)
    value: Floats = x * top
    for each in reversed(rest[1:]):
        value += each
        value *= x
    value += rest[0]
    return value


def _linear(x: Floats, weights: tuple[Floats, Floats]) -> Floats:
    product: Floats = x @ weights[0]
    product += weights[1]
    return product


def _normalised(x: Floats, weight: Floats, bias: Floats, epsilon: float) -> Floats:
    """Layer normalisation (Ba et al. 2016), in place."""
    import numpy as np

    x -= x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
    x *= (1 / np.sqrt(variance + np.float32(epsilon)))[:, None]
    x *= weight
    x += bias
    return x


def _runs(lengths: Sequence[int], heads: int) -> list[tuple[int, int]]:
    """Lengths and how many neighbouring rows have them, cut where the attention would take too much memory."""
    runs: list[tuple[int, int]] = []
    for length, same in groupby(lengths):
        left = sum(1 for _ in same)
        most = max(1, _SCORES // (heads * length * length))
        while left:
            runs.append((length, min(left, most)))
            left -= runs[-1][1]
    return runs


def _layer(tensors: dict[str, Floats], path: str, heads: int) -> _Layer:
    import numpy as np

    query, key, value = (
        _turned(tensors, f"{path}.attention.self.{name}") for name in ("query", "key", "value")
    )
    scale = np.float32(1 / math.sqrt(query[0].shape[1] // heads))
    return _Layer(
        attention=(
            np.concatenate([query[0] * scale, key[0], value[0]], axis=1),
            np.concatenate([query[1] * scale, key[1], value[1]]),
        ),
        mixed=_turned(tensors, f"{path}.attention.output.dense"),
        norm1=_affine(tensors, f"{path}.attention.output.LayerNorm"),
        up=_turned(tensors, f"{path}.intermediate.dense"),
        down=_turned(tensors, f"{path}.output.dense"),
        norm2=_affine(tensors, f"{path}.output.LayerNorm"),
    )


def _affine(tensors: dict[str, Floats], path: str) -> Affine:
    return tensors[f"{path}.weight"], tensors[f"{path}.bias"]


def _turned(tensors: dict[str, Floats], path: str) -> Affine:
    import numpy as np

    weight, bias = _affine(tensors, path)
    return np.ascontiguousarray(weight.T), bias


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: its config.json cannot be read ({error})") from error
    if not isinstance(config, dict):
        raise ModelError(f"{folder}: its config.json is no model's", hint="fetch the model again")
    return config
