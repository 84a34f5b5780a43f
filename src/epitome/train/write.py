"""The model folder at the end of a run: weights, what they are, how they came about."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epitome.datasets.pair import Dataset
from epitome.models.folder import Form, Trained
from epitome.store.journal import replacing, writing
from epitome.train import state
from epitome.train.base import Base
from epitome.train.config import Config, as_toml
from epitome.train.methods import save
from epitome.train.validate import Judged

CONFIG = "config.toml"


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    folder: Path
    steps: int
    best_step: int
    stopped: str
    """Why before the last step; empty if it went to the end."""
    evaluations: list[Judged]


def write(outcome: Outcome, base: Base, network: Any, config: Config, data: Dataset) -> None:
    """Weights, `epitome.json`, `config.toml`; then what was only needed to go on is deleted."""
    folder = outcome.folder
    with writing(folder):
        save(network, config.method, folder)
        if config.method.name == "full":
            _tokenizer(base, folder)
        with replacing(folder / CONFIG) as file:
            file.write(as_toml(config))
        best = next((one for one in outcome.evaluations if one.step == outcome.best_step), None)
        learnt = {
            "data": data.source,
            "fingerprint": data.fingerprint,
            "pairs": len(data),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "dev": {name: getattr(best, name) for name in ("loss", "rouge1", "rouge2", "rougeL")}
            if best
            else {},
        }
        Trained(
            base=base.model.name
            if base.model.format == "gguf" and base.model.sha256
            else str(base.model.path),
            method=config.method.name,
            base_sha256=base.model.sha256,
            form=Form(config.prompt.system, config.prompt.user),
            template=base.model.template,
            languages=tuple(sorted({pair.lang for pair in data.pairs})),
            licence=base.model.licence,
            domains=tuple(sorted({pair.domain for pair in data.pairs if pair.domain})),
            trained=learnt,
        ).write(folder)
    for name in (state.STATE, state.BEST):
        shutil.rmtree(folder / name, ignore_errors=True)


def _tokenizer(base: Base, folder: Path) -> None:
    """Full weights bring their tokenizer."""
    for path in base.folder.glob("*"):
        if "token" in path.name or path.name in (
            "merges.txt",
            "vocab.json",
            "chat_template.jinja",
            "spiece.model",
        ):
            shutil.copy2(path, folder / path.name)
