"""What a network of transformers, or one of ours in its form, is told from its configuration."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from epitome.models.shape import WRITER

OWN = {
    WRITER: "epitome.engines.masked:BertWriter",
    "PooledEncoderDecoder": "epitome.engines.pooled:PooledEncoderDecoder",
}
"""Networks that are not of transformers, by what their configuration calls them."""


def network_class(config: Any) -> Any:
    """The class whose `from_pretrained` loads it."""
    named = (config.architectures or [""])[0]
    if named in OWN:
        module, _, name = OWN[named].partition(":")
        return getattr(import_module(module), name)
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM


def reads_plain(config: Any) -> bool:
    """Whether the network reads a text as it is, without a chat's template around it."""
    return bool(config.is_encoder_decoder) or WRITER in (config.architectures or ())


def positions(config: Any) -> int:
    """Tokens that it reads at once."""
    config = config.encoder if config.model_type == "encoder-decoder" else config
    for name in ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings"):
        if isinstance(length := getattr(config, name, None), int) and length > 0:
            return length
    return 4096  # relative positions without a limit, such as newer T5: what memory bears
