"""What becomes of an encoder that learns to write: it fills masks, or is one half of an encoder-decoder.

`masked` is UniLM's way (`engines/masked.py`). `bert2bert` begins encoder and decoder from the same weights (Rothe,
Narayan and Severyn 2020); the decoder's attention to the encoder is new. `pooled` is the same with a decoder that sees
only a few vectors pooled from the document (`engines/pooled.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import ModelError, UsageError
from epitome.models.shape import WRITER
from epitome.train.config import Encoder

EAGER = "eager"
"""Attention that a CPU trains fastest at these lengths: 1,000 tokens a second instead of 740 (LOG.md)."""

OWN = {
    "masked": ("share", "pointer"),
    "bert2bert": ("tied",),
    "pooled": ("tied", "pooling", "vectors", "width"),
}
"""Which settings of an encoder each writer has."""


def writer(folder: Path, words: HubTokenizer, dtype: Any, settings: Encoder) -> Any:
    """The network that `settings.writer` names, of the encoder in `folder`.

    Raises `ModelError` for an encoder that is no BERT or whose tokenizer lacks a token this needs, `UsageError` for
    settings that exclude each other.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{folder}: its config.json cannot be read ({str(error).partition(chr(10))[0]})"
        ) from error
    if config.model_type != "bert":
        raise ModelError(
            f"{folder} is of the kind {config.model_type!r}, and only BERT learns to write here",
            hint="name a folder of a BertModel, such as minilm",
        )
    _require(settings)
    marks = _marks(folder, words)
    if settings.writer == "masked":
        return _masked(folder, config, marks, dtype, settings)
    return _halves(folder, config, marks, dtype, settings)


def _require(settings: Encoder) -> None:
    """Raises `UsageError` for a setting of another writer, which would change nothing."""
    for key in settings.model_dump(exclude_defaults=True, exclude={"writer"}):
        if key not in OWN[settings.writer]:
            others = " or ".join(writer for writer, own in OWN.items() if key in own)
            raise UsageError(
                f"encoder.{key} is for encoder.writer={others}, and this one is {settings.writer}",
                hint="leave one of them out",
            )


def _marks(folder: Path, words: HubTokenizer) -> dict[str, int]:
    """Ids of the tokens with a role, by role."""
    found = {role: words.role(role) for role in ("cls", "sep", "mask", "pad")}
    marks = {role: token for role, token in found.items() if token is not None}
    if missing := [role for role in found if role not in marks]:
        raise ModelError(f"{folder}: its tokenizer has no token for {', '.join(missing)}")
    return marks


def _loaded(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(str(folder), local_files_only=True, attn_implementation=EAGER, **options)
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{folder}: transformers cannot load it as a BERT ({reason})") from error


def _masked(folder: Path, config: Any, marks: dict[str, int], dtype: Any, settings: Encoder) -> Any:
    from epitome.engines.masked import BertWriter

    config.pointer, config.architectures = settings.pointer, [WRITER]
    config.mask_token_id, config.sep_token_id, config.pad_token_id = marks["mask"], marks["sep"], marks["pad"]
    network = _loaded(BertWriter, folder, config=config, dtype=dtype)
    network.generation_config.update(eos_token_id=marks["sep"], pad_token_id=marks["pad"])
    return network


def _halves(folder: Path, config: Any, marks: dict[str, int], dtype: Any, settings: Encoder) -> Any:
    from transformers import BertLMHeadModel, BertModel, EncoderDecoderConfig, EncoderDecoderModel

    from epitome.engines.pooled import PooledBert, PooledEncoderDecoder

    kind: Any = EncoderDecoderModel
    half: Any = BertModel
    if settings.writer == "pooled":
        if settings.pooling != "attention" and settings.vectors > 1:
            raise UsageError(
                f"{settings.pooling} pooling gives one vector, not {settings.vectors}",
                hint="encoder.pooling=attention has several",
            )
        if settings.width > config.hidden_size:
            raise UsageError(
                f"encoder.width={settings.width} is more than the {config.hidden_size} of {folder}'s states"
            )
        kind, half = PooledEncoderDecoder, PooledBert
        config.pooling, config.vectors = settings.pooling, settings.vectors
        config.summary_width = settings.width or config.hidden_size
    encoder = _loaded(half, folder, config=config, dtype=dtype, add_pooling_layer=False)
    if settings.writer == "pooled":
        encoder.pooling.begin()
    speaking = type(config).from_dict({**config.to_dict(), "is_decoder": True, "add_cross_attention": True})
    decoder = _loaded(BertLMHeadModel, folder, config=speaking, dtype=dtype)
    if settings.tied:
        _tie(encoder, decoder.bert)
    both = EncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
    both.decoder_start_token_id, both.eos_token_id = marks["cls"], marks["sep"]
    both.pad_token_id, both.vocab_size = marks["pad"], config.vocab_size
    network = kind(config=both, encoder=encoder, decoder=decoder)
    network.generation_config.update(
        decoder_start_token_id=marks["cls"], eos_token_id=marks["sep"], pad_token_id=marks["pad"]
    )
    return network


def apart(network: Any) -> dict[str, Any] | None:
    """The state of a network whose halves share their weights, each half with its own, so that any program reads it;
    None for any other network."""
    if network.config.model_type != "encoder-decoder":
        return None
    if network.encoder.get_input_embeddings() is not network.decoder.get_input_embeddings():
        return None
    return {
        name: value.clone() if name.startswith("encoder.") else value
        for name, value in network.state_dict().items()
    }


def _tie(encoder: Any, decoder: Any) -> None:
    """One set of weights for both halves (BERTSHARE): every layer that the encoder has, the decoder uses."""
    for name, module in list(encoder.named_modules()):
        learns = not any(module.children()) and any(True for _ in module.parameters())
        if learns and not name.startswith("pooling"):
            above, _, last = name.rpartition(".")
            setattr(decoder.get_submodule(above), last, module)
