"""Tiny networks made anew by `epitome pretrain`, and letters for them to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from epitome.datasets.texts import open_corpus
from epitome.models.model import Model
from epitome.models.shape import family
from epitome.train.course import Watch
from epitome.train.pretrain.config import Pretraining, load
from epitome.train.pretrain.run import pretrain
from epitome.train.write import Outcome

SMALL: dict[str, dict[str, int]] = {
    "bert": {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "max_position_embeddings": 128,
    },
    "t5": {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4},
    "bart": {
        "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 128,
    },
    "llama": {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 128,
    },
}  # fmt: skip
QUICK = (
    "train.threads=1", "train.dtype=float32", "train.batch=4", "train.max_steps=8", "data.max_tokens=96", "track=[]",
    "texts.held_out=0.1", "texts.buffer=16", "optim.lr=0.01",
)  # fmt: skip


def letters(path: Path, count: int = 60) -> Path:
    """A corpus of so many short letters."""
    rows = (
        f"The ferry number {at} left Port Elspeth on Monday with {at + 30} people on board. It was not late, said Anna "
        f"Berg of the harbour. The {at} lorries stayed on the quay in the rain. A boat came back in the evening."
        for at in range(count)
    )
    path.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows), "utf-8")
    return path


def blueprint(path: Path, kind: str, size: int = 400) -> Path:
    """What `--from-scratch` takes."""
    lines = ["[model]", f'type = "{kind}"', *(f"{name} = {value}" for name, value in SMALL[kind].items())]
    path.write_text("\n".join([*lines, "[words]", f"size = {size}"]) + "\n", "utf-8")
    return path


def settings(*sets: str, scratch: Path | None = None, base: Model | None = None, **given: Any) -> Pretraining:
    """Those of eight quick steps, as the command would load them."""
    named = {"base": base.name if base else "", **given}
    return load(None, [*QUICK, *sets], named, scratch, family(base) if base else "")


def made(
    corpus: Path, folder: Path, config: Pretraining, base: Model | None = None, watch: Watch | None = None
) -> Outcome:
    """A run over the corpus."""
    return pretrain(open_corpus(str(corpus)), base, config, folder, watch)
