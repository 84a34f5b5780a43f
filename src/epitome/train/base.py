"""The model to be trained: its network with real weights, its words, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from epitome.datasets.pair import Pair
from epitome.engines.bert import unreadable
from epitome.engines.heads import load_tagger
from epitome.engines.huggingface import require
from epitome.engines.networks import load_network, positions, reads_plain
from epitome.engines.tokenizer import HubTokenizer
from epitome.engines.unpack import unpacked
from epitome.engines.vocabulary import END_OF_TURN, Vocabulary
from epitome.errors import ModelError, UsageError
from epitome.metrics.spans import TAGS
from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.shape import Family, family
from epitome.models.template import Tokens
from epitome.train.config import Encoder
from epitome.train.writers import writer

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
    """Whether it is an encoder that learns to check sentences instead of writing them."""
    folder: Path
    """Where transformers reads the network: the hub's files, or what was unpacked from a GGUF file."""
    selects: bool = False
    """Whether it is an encoder that learns which words of a document a summary uses."""
    mends: bool = False
    """Whether it is an encoder that learns to mend spoilt words (`epitome pretrain`)."""

    @property
    def family(self) -> Family:
        """What it is, as its model card says it."""
        if self.checks or self.selects or self.mends:
            return "encoder"
        if self.model.format == "encoder" or self.fills_masks:
            return "writer"
        return "encoder-decoder" if self.encoder_decoder else "decoder"

    @property
    def plain(self) -> bool:
        """Whether it reads a text as it is, without a chat's template."""
        return reads_plain(self.network.config)

    @property
    def fills_masks(self) -> bool:
        """Whether it writes by filling masks."""
        return self.plain and not self.encoder_decoder

    @property
    def end(self) -> int:
        """The token that ends an answer. Raises `ModelError` if the model has none."""
        names = (_ENDS.get(self.model.template, ""), self.tokens.eos, *END_OF_TURN)
        for name in names:
            if name and (token := self.words.special(name)) is not None:
                return token
        raise ModelError(f"{self.model.name}: its tokenizer names no token that ends a text")


def learns(model: Model, pairs: Iterable[Pair], objective: str = "auto") -> Family:
    """The model's family; of an encoder, `writer` where no pair has a label and it is not to select words: it then
    learns to write, not to check.

    Raises `ModelError` for a model without weights.
    """
    found = family(model)
    if found != "encoder" or objective == "select":
        return found
    return "encoder" if any("label" in pair.other for pair in pairs) else "writer"


def open_base(model: Model, dtype: Any, becomes: Encoder | None = None, *, selects: bool = False) -> Base:
    """The model's network in `dtype` (a torch dtype), on the CPU, in training mode.

    A GGUF file is unpacked once into the cache (`unpacked`). An encoder is one that checks, one that tags words with
    `selects`, or what `becomes` says. Raises `ModelError` for a model that has no weights to train (a server's, an
    extractive method's), `UsageError` for what is asked of a model that only an encoder can be.
    """
    require()
    if selects:
        _require_tagger(model)
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
    if model.format != "encoder":
        _require_no_encoder(model, becomes)
        network = load_network(folder, dtype)
    elif selects or becomes is None or not isinstance(words, HubTokenizer):
        network = load_tagger(folder, dtype, TAGS if selects else ())
    else:
        network = writer(folder, words, dtype, becomes)
    checks = model.format == "encoder" and becomes is None and not selects
    return Base(
        model, network.train(), words, jinja, tokens, model.context or positions(network.config),
        bool(network.config.is_encoder_decoder), checks, folder, selects,
    )  # fmt: skip


def _require_tagger(model: Model) -> None:
    if model.format != "encoder" or model.path is None:
        raise UsageError(
            f"objective=select tags words, and {model.name} is no encoder", hint="--base minilm is one"
        )
    if reason := unreadable(model.path):
        raise UsageError(f"{model.name} cannot learn to tag: {reason}", hint="--base minilm can")


def _require_no_encoder(model: Model, becomes: Encoder | None) -> None:
    asked = becomes.model_dump(exclude_defaults=True) if becomes is not None else {}
    if family(model) == "writer":
        asked.pop("share", None)
    if asked:
        name, value = next(iter(asked.items()))
        raise UsageError(
            f"encoder.{name}={value} is for an encoder that learns to write, and {model.name} is none",
            hint="--base minilm is one, so is any folder of a BertModel",
        )


def dtype_of(wish: Dtype, device: str) -> Any:
    """The torch dtype that frozen weights are kept in: `auto` is bfloat16 where the machine computes in it."""
    import torch

    from epitome.engines.huggingface import computes_bfloat16

    if wish != "auto":
        return getattr(torch, wish)
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if computes_bfloat16() else torch.float32
