"""Encoders: texts in, vectors out, one a token or one a text. What BERTScore and similarity are computed on.

A text longer than the model's positions is never cut off: it is read in windows that overlap, and each token's vector
comes from the window in which it has more context on both sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from epitome.engines import bert
from epitome.errors import ModelError
from epitome.models import cache, catalogue
from epitome.models.model import Model, Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

OVERLAP = 64
"""Tokens that two neighbouring windows share."""


class Network(Protocol):
    """What an encoder's backend does: `bert.Bert` without torch, or transformers."""

    positions: int
    """Tokens that one row may have, those around the text included."""
    around: tuple[list[int], list[int]]
    """Ids before and after any text."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, nothing around them."""

    def states(self, rows: Sequence[Sequence[int]]) -> list[Floats]:
        """The last layer's states for rows sorted by length: an array (tokens, width) for each."""

    def close(self) -> None:
        """Free the model."""


class Encoder:
    """An encoder, loaded. Use it as a context manager or call `close()`.

    >>> with open_encoder("minilm") as encoder:
    ...     a, b = encoder.vectors(["The ferry is late.", "The boat is delayed."])
    """

    def __init__(self, network: Network, name: str, model: str, identity: str) -> None:
        self.name = name
        """The backend: `bert` or `transformers`."""
        self.model = model
        """What it was opened as."""
        self.identity = identity
        """The model and the beginning of its weights' SHA-256: what a signature needs."""
        self._network = network

    def __enter__(self) -> Encoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tokens(self, texts: Sequence[str]) -> list[Floats]:
        """For each text a vector of length 1 for each of its tokens: arrays (tokens, width), float32.

        Special tokens are left out; a text without any token has an array of no rows.
        """
        before, after = (len(ids) for ids in self._network.around)
        found = []
        for windows, states in self._read(texts):
            inner = [state[before : len(state) - after] for state in states]
            found.append(_unit(_joined(windows, inner)))
        return found

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A vector of length 1 for each text: an array (texts, width), float32.

        It is the mean over the tokens, those around the text included, as sentence-transformers pools them; over
        several windows, the mean of theirs by their counts of tokens.
        """
        import numpy as np

        means = [
            np.concatenate(states).mean(axis=0, dtype=np.float32)[None] for _, states in self._read(texts)
        ]
        return _unit(np.concatenate(means)) if means else np.zeros((0, 0), np.float32)

    def close(self) -> None:
        """Free the model."""
        self._network.close()

    def _read(self, texts: Sequence[str]) -> list[tuple[list[tuple[int, int]], list[Floats]]]:
        """For each text its windows as spans over its tokens, and the states of each window."""
        before, after = self._network.around
        room = self._network.positions - len(before) - len(after)
        spans: list[list[tuple[int, int]]] = []
        rows: list[list[int]] = []
        for text in texts:
            ids = self._network.encode(text)
            spans.append(windows(len(ids), room))
            rows += [[*before, *ids[start:end], *after] for start, end in spans[-1]]
        states: dict[int, Floats] = {}
        for batch in bert.batches([len(row) for row in rows]):
            states.update(zip(batch, self._network.states([rows[at] for at in batch]), strict=True))
        at = iter(range(len(rows)))
        return [(spans_, [states[next(at)] for _ in spans_]) for spans_ in spans]


def open_encoder(name: str = "minilm", *, on_download: Progress | None = None) -> Encoder:
    """The encoder called `name`: of the catalogue, a folder, or a hub id.

    BERT-type models with `vocab.txt` and safetensors run on numpy, all others need the extra `train`. Without
    `on_download`, which is told of the bytes as they come, nothing is fetched.

    Raises:
        ModelError: no such encoder, not on this machine, or damaged.
        EngineError: it needs transformers, which is not installed.
    """
    model = _found(name, on_download)
    folder = model.path
    if folder is None or not folder.is_dir():
        raise ModelError(f"{name} is no encoder", hint="minilm, a Hugging Face folder or a hub id is one")
    identity = f"{model.name}@{(model.sha256 or _digest(folder))[:12]}"
    if not bert.unreadable(folder):
        return Encoder(bert.Bert(folder), "bert", model.name, identity)
    from epitome.engines.huggingface_encoder import TransformersEncoder

    return Encoder(TransformersEncoder(folder), "transformers", model.name, identity)


def windows(length: int, room: int, overlap: int = OVERLAP) -> list[tuple[int, int]]:
    """Spans of at most `room` tokens that cover `length` tokens, neighbours sharing `overlap` or more.

    >>> windows(10, 6, 2)
    [(0, 6), (4, 10)]
    """
    if length <= room:
        return [(0, length)]
    overlap = min(overlap, room // 2)
    starts = [*range(0, length - room, room - overlap), length - room]
    return [(start, start + room) for start in starts]


def _joined(spans: Sequence[tuple[int, int]], states: Sequence[Floats]) -> Floats:
    import numpy as np

    cuts = [0, *((end + start) // 2 for (_, end), (start, _) in pairwise(spans)), spans[-1][1]]
    own = zip(pairwise(cuts), spans, states, strict=True)
    return np.concatenate([state[low - start : high - start] for (low, high), (start, _), state in own])


def _unit(vectors: Floats) -> Floats:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = vectors / np.maximum(lengths, np.float32(1e-12))
    return scaled


def _found(name: str, on_download: Progress | None) -> Model:
    from epitome.models.resolve import find, pull

    entry = catalogue.find(name)
    if entry and entry.kind != "encoder":
        raise ModelError(f"{name} writes texts, it is no encoder", hint="minilm is one")
    if model := find(name):
        return model
    if on_download is None:
        size = f" ({entry.download / 1e6:,.0f} MB)" if entry else ""
        raise ModelError(
            f"the encoder {name} is not on this machine",
            hint=f"`epitome models pull {name}` fetches it{size}",
        )
    return pull(name, on_progress=on_download)


def _digest(folder: Path) -> str:
    weights = sorted(folder.glob("*.safetensors"))
    if len(weights) == 1:
        return cache.digest(weights[0])
    return hashlib.sha256("".join(map(cache.digest, weights)).encode()).hexdigest()
