"""The model to be trained: its network with real weights, its words, and how it is spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from epitome.engines.huggingface import load_network, load_tagger, require
from epitome.engines.tokenizer import HubTokenizer
from epitome.engines.unpack import unpacked
from epitome.engines.vocabulary import END_OF_TURN, Vocabulary
from epitome.errors import ModelError
from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.template import Tokens

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
_ENDS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>", "llama3": "<|eot_id|>"}


@dataclass(slots=True)
class Base:
    """A network and everything that turns a prompt into its token ids."""

    model: Model
    network: Any
    words: HubTokenizer | Vocabulary
    jinja: str | None
    tokens: Tokens
    context: int
    encoder_decoder: bool
    checks: bool
    """Whether it is an encoder, which learns to check sentences instead of writing them."""
    folder: Path
    """Where transformers reads the network: the hub's files, or what was unpacked from a GGUF file."""

    @property
    def family(self) -> str:
        """`decoder`, `encoder-decoder` or `encoder`: which defaults and which objective."""
        return "encoder" if self.checks else "encoder-decoder" if self.encoder_decoder else "decoder"

    @property
    def end(self) -> int:
        """The token that ends an answer. Raises `ModelError` if the model has none."""
        names = (_ENDS.get(self.model.template, ""), self.tokens.eos, *END_OF_TURN)
        for name in names:
            if name and (token := self.words.special(name)) is not None:
                return token
        raise ModelError(f"{self.model.name}: its tokenizer names no token that ends a text")


def open_base(model: Model, dtype: Any) -> Base:
    """The model's network in `dtype` (a torch dtype), on the CPU, in training mode.

    A GGUF file is unpacked once into the cache (`unpacked`). Raises `ModelError` for a model that has no weights to
    train: a server's, an extractive method's.
    """
    require()
    if model.path is None or model.format not in ("gguf", "safetensors", "encoder"):
        raise ModelError(
            f"{model.name} has no weights that can be trained", hint="name a GGUF file or a folder"
        )
    words: HubTokenizer | Vocabulary
    if model.format == "gguf":
        head, words, folder = gguf.read(model.path), Vocabulary.read(model.path), unpacked(model)
        jinja, tokens = head.chat_template, head.tokens
    else:
        words, folder = HubTokenizer(model.path), model.path
        jinja, tokens = words.chat_template, words.tokens
    checks = model.format == "encoder"
    network = (load_tagger if checks else load_network)(folder, dtype).train()
    return Base(
        model, network, words, jinja, tokens, model.context or _positions(network.config),
        bool(network.config.is_encoder_decoder), checks, folder,
    )  # fmt: skip


def _positions(config: Any) -> int:
    for name in ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings"):
        if isinstance(length := getattr(config, name, None), int) and length > 0:
            return length
    return 4096


def dtype_of(wish: Dtype, device: str) -> Any:
    """The torch dtype that frozen weights are kept in: `auto` is bfloat16 where the machine computes in it."""
    import torch

    from epitome.engines.huggingface import computes_bfloat16

    if wish != "auto":
        return getattr(torch, wish)
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if computes_bfloat16() else torch.float32
