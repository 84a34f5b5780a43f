"""The network to be pre-trained, with the head that its objective needs: a base's, or one made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from epitome.engines.heads import load_masked
from epitome.engines.huggingface import require
from epitome.engines.networks import positions
from epitome.engines.tokenizer import HubTokenizer
from epitome.errors import ModelError, UsageError
from epitome.models.model import Format, Model
from epitome.train.base import Base, open_base
from epitome.train.pretrain.config import Pretraining
from epitome.train.pretrain.extend import widen
from epitome.train.pretrain.near import near
from epitome.train.pretrain.words import NAMED

POSITIONS = 512
"""Of a network made anew, where it does not say."""


def open_for(model: Model, words: Path | None) -> Base:
    """The base with a head that predicts tokens, in 32 bits, on the CPU; `words`: the folder of its extended tokenizer.

    An encoder without such a head gets a new one, whose last layer is its embeddings. Raises `ModelError` as
    `train.base.open_base` does.
    """
    import torch

    if model.format != "encoder":
        base = open_base(model, torch.float32)
    else:
        require()
        assert model.path is not None
        network = load_masked(model.path, torch.float32).train()
        tokenizer = HubTokenizer(model.path)
        base = _base(model, network, tokenizer, model.path)
    if words is not None:
        base.words, base.folder = HubTokenizer(words), words
        widen(base.network, words)
    return base


def make(config: Pretraining, words: Path) -> Base:
    """A network as `config.model` says, with weights to begin with; its tokenizer lies in the folder `words`.

    Raises `UsageError` for settings that its type does not know or that do not go together.
    """
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

    require()
    tokenizer = HubTokenizer(words)
    settings = _configuration(config, tokenizer)
    kind = {"encoder": AutoModelForMaskedLM, "encoder-decoder": AutoModelForSeq2SeqLM}.get(
        config.family, AutoModelForCausalLM
    )
    try:
        network = kind.from_config(settings).float().train()
    except (ValueError, TypeError, RuntimeError, ZeroDivisionError, IndexError, KeyError) as error:
        raise UsageError(
            f"[model] gives no network: {str(error).partition(chr(10))[0]}",
            hint="docs/pretraining.md has examples",
        ) from error
    near(network)
    form: Format = "encoder" if config.family == "encoder" else "safetensors"
    model = Model(words.parent.resolve().name, form, words, template="completion")
    return _base(model, network, tokenizer, words)


def _base(model: Model, network: Any, words: HubTokenizer, folder: Path) -> Base:
    encoder, pairs = model.format == "encoder", bool(network.config.is_encoder_decoder)
    context = positions(network.config)
    return Base(model, network, words, None, words.tokens, context, pairs, False, folder, mends=encoder)


def _configuration(config: Pretraining, tokenizer: HubTokenizer) -> Any:
    """transformers' configuration of the network."""
    from transformers import AutoConfig

    said = dict(config.model)
    kind = str(said.pop("type"))
    known = AutoConfig.for_model(kind)
    if unknown := sorted(name for name in said if not hasattr(known, name)):
        raise UsageError(
            f"[model]: a {kind} has no setting {unknown[0]}", hint="as its configuration calls it"
        )
    special = {
        f"{name}_token_id": tokenizer.special(text)
        for name, text in NAMED[kind].items()
        if name in ("pad", "bos", "eos")
    }
    if kind in ("t5", "bart"):  # T5 begins with its padding, BART with its end
        special["decoder_start_token_id"] = special["pad_token_id" if kind == "t5" else "eos_token_id"]
    if kind == "bert":
        said = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, **said}
    try:
        return AutoConfig.for_model(kind, **{**special, **said, "vocab_size": tokenizer.size})
    except Exception as error:  # its checks raise kinds of their own
        raise UsageError(f"[model]: {str(error).strip().splitlines()[-1].strip()}") from error


def vocabulary_of(model: Model) -> Path:
    """The folder whose tokenizer can be extended. Raises `ModelError` where the base is a single file."""
    if model.path is None or not model.path.is_dir():
        raise ModelError(
            f"{model.name}: words can be added to a folder with safetensors only",
            hint=f"epitome export {model.name} -o FOLDER --format safetensors makes one",
        )
    return model.path


def kind_of(base: Base) -> str:
    """The network's type as transformers calls it."""
    return str(base.network.config.model_type)


def positions_of(config: Pretraining) -> int:
    """Tokens that a network made anew may read: what its tokenizer says of itself."""
    named = ("max_position_embeddings", "n_positions")
    return next((int(value) for name in named if (value := config.model.get(name))), POSITIONS)
