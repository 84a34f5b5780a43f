"""Whether a model is a decoder, an encoder-decoder, an encoder or one that writes, told from its files alone."""

from __future__ import annotations

import json
from typing import Literal

from epitome.errors import ModelError
from epitome.models.model import Model

Family = Literal["decoder", "encoder-decoder", "encoder", "writer"]
"""A writer is an encoder that learnt to write by filling masks, or is to learn it."""
WRITER = "BertWriter"
"""What the configuration of one that learnt it names as its architecture."""


def family(model: Model) -> Family:
    """The family of a GGUF file or a Hugging Face folder. Raises `ModelError` for a model without weights."""
    if model.format == "gguf":
        return "decoder"
    if model.format == "encoder":
        return "encoder"
    if model.path is None or not (model.path / "config.json").is_file():
        raise ModelError(f"{model.name} has no weights here", hint="name a GGUF file, a folder or a hub id")
    held = json.loads((model.path / "config.json").read_text(encoding="utf-8"))
    if WRITER in (held.get("architectures") or ()):
        return "writer"
    return "encoder-decoder" if held.get("is_encoder_decoder") else "decoder"
