"""Any encoder of the hub in transformers (extra `train`), for what `bert.Bert` does not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epitome.engines.huggingface import require
from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_RELATIVE = 512
"""Tokens of a row where the model counts distances and so names no limit."""


class TransformersEncoder:
    """The encoder in a Hugging Face folder, of an encoder-decoder its first half; float32.

    Raises:
        ModelError: the folder holds no model that transformers runs.
        EngineError: the extra is missing.
    """

    def __init__(self, folder: Path) -> None:
        torch = require()
        self._torch = torch
        self._words = HubTokenizer(folder)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = _load(folder, torch.float32).to(self._device).eval()
        self.positions = _positions(self._network)
        self.around = self._words.around()

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, nothing around them."""
        return self._words.encode(text)

    def states(self, rows: Sequence[Sequence[int]]) -> list[Floats]:
        """The last layer's states for rows of like length: (tokens, width) each."""
        torch = self._torch
        longest = max(map(len, rows))
        # Padding is masked, so which id it has does not matter.
        ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=self._device)
        mask = torch.tensor(
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self._device
        )
        with torch.inference_mode():
            states = self._network(input_ids=ids, attention_mask=mask).last_hidden_state.cpu().numpy()
        return [state[: len(row)] for row, state in zip(rows, states, strict=True)]

    def close(self) -> None:
        """Free the model."""
        del self._network


def _load(folder: Path, dtype: Any) -> Any:
    from transformers import AutoModel

    try:
        network = AutoModel.from_pretrained(str(folder), local_files_only=True, dtype=dtype)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{folder}: transformers cannot load it ({reason})") from error
    return network.get_encoder() if network.config.is_encoder_decoder else network


def _positions(network: Any) -> int:
    table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
    if table is not None:
        # RoBERTa's kind begins to count behind the padding's id.
        unused = 0 if table.padding_idx is None else table.padding_idx + 1
        return int(table.num_embeddings) - unused
    return int(getattr(network.config, "max_position_embeddings", 0) or _RELATIVE)
