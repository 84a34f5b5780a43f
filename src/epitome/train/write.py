"""The model folder at the end of a run: weights, what they are, how they came about."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from epitome.datasets.pair import Dataset
from epitome.models.folder import Form, Trained
from epitome.store.journal import replacing, writing
from epitome.train import state
from epitome.train.base import Base
from epitome.train.config import Config, Method, as_toml
from epitome.train.journal import LOG, RunFiles
from epitome.train.methods import save
from epitome.train.report import card, page
from epitome.train.report.selector import card as selector
from epitome.train.select import Judgement, as_dict, table
from epitome.train.validate import FIGURES, Judged

CONFIG = "config.toml"
SELECTION = "tags.json"
"""The classification report of a model that selects words."""
TOKENIZER = ("merges.txt", "vocab.json", "vocab.txt", "chat_template.jinja", "spiece.model")


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    folder: Path
    steps: int
    best_step: int
    stopped: str
    """Why before the last step; empty if it went to the end."""
    evaluations: list[Judged]


def write(
    outcome: Outcome,
    base: Base,
    network: Any,
    config: Config,
    data: Dataset,
    weights: dict[str, Any] | None = None,
    selection: Judgement | None = None,
) -> None:
    """Weights, `epitome.json`, `config.toml`, card and report; then what was only needed to go on is deleted.

    `weights`: the network's, where it is cut over several processes itself. `selection`: how well it selects words.
    """
    folder = outcome.folder
    trained = _trained(outcome, base, network, config, data)
    learnt_from = f"{data.source}: {len(data):,} pairs, fingerprint {data.fingerprint[:16]}"
    facts = {"base": base.model.name, **facts_of(outcome, config, network, learnt_from)}
    save_weights(network, config.method, folder, weights)
    if config.method.name == "full":
        with writing(folder):
            copy_tokenizer(base.folder, folder)
    name = folder.resolve().name
    if base.selects:
        trained = _with_selection(folder, trained, selection)
        text = selector(name, trained, facts, table(selection) if selection else [])
    else:
        text = card(name, trained, facts, outcome.evaluations, base.family)
    close(outcome, trained, config, facts, text)


def _with_selection(folder: Path, trained: Trained, selection: Judgement | None) -> Trained:
    """The threshold goes with the model, the whole report beside it."""
    if selection is None:
        return trained
    with replacing(folder / SELECTION) as file:
        json.dump(as_dict(selection), file, indent=1)
    return replace(trained, trained={**trained.trained, "threshold": selection.threshold})


def save_weights(network: Any, method: Method, folder: Path, weights: dict[str, Any] | None = None) -> None:
    """What was learnt, into the folder. Raises `StoreError` where the disk is full."""
    with writing(folder):
        try:
            save(network, method, folder, weights)
        except SafetensorError as error:  # what safetensors makes of a full disk
            raise OSError(str(error)) from error


def close(outcome: Outcome, trained: Trained, config: Config, facts: Mapping[str, str], readme: str) -> None:
    """Settings, card, report and `epitome.json`; then what was only needed to go on is deleted."""
    folder = outcome.folder
    steps = RunFiles(folder, {}).lines(LOG)
    title = f"Training of {folder.resolve().name}"
    texts = {
        CONFIG: as_toml(config),
        "README.md": readme,
        "report.html": page(title, facts, config, steps, outcome.evaluations),
    }
    for name, text in texts.items():
        with replacing(folder / name) as file:
            file.write(text)
    with writing(folder):
        trained.write(folder)
    for name in (state.STATE, state.BEST):
        shutil.rmtree(folder / name, ignore_errors=True)


def _trained(outcome: Outcome, base: Base, network: Any, config: Config, data: Dataset) -> Trained:
    best = next((one for one in outcome.evaluations if one.step == outcome.best_step), None)
    return Trained(
        base=base.model.name if base.model.sha256 else str(base.model.path),
        method=config.method.name,
        base_sha256=base.model.sha256,
        form=Form(config.prompt.system, config.prompt.user),
        template=base.model.template,
        languages=tuple(sorted({pair.lang for pair in data.pairs})),
        licence=base.model.licence,
        domains=tuple(sorted({pair.domain for pair in data.pairs if pair.domain})),
        requests=config.data.requests,
        candidates=config.summarize.candidates,
        decoding=config.summarize.model_dump(exclude={"candidates"}, exclude_defaults=True),
        trained={
            "data": Path(data.source).name,
            "fingerprint": data.fingerprint,
            "pairs": len(data),
            "parameters": learnt(network),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "dev": figures(best),
        },
    )


def figures(judged: Judged | None) -> dict[str, float]:
    """What was found at an evaluation, by name."""
    found = {name: getattr(judged, name, None) for name in FIGURES}
    return {name: value for name, value in found.items() if value is not None}


def facts_of(outcome: Outcome, config: Config, network: Any, learnt_from: str) -> dict[str, str]:
    """What a card and a report say at their head."""
    count = learnt(network)
    every = sum(one.numel() for one in network.parameters())
    steps = RunFiles(outcome.folder, {}).lines(LOG)
    seconds = sum(line["seconds"] for line in steps)
    facts = {
        "method": f"{config.method.name}, {count:,} of {every:,} parameters ({count / every:.2%})",
        "data": learnt_from,
        "steps": f"{outcome.steps:,}; the weights are those after step {outcome.best_step:,}",
        "stopped": outcome.stopped,
        "tokens": f"{sum(line['tokens'] for line in steps):,}",
        "time of the steps": f"{seconds / 60:.1f} minutes on {platform.machine()}, {torch.get_num_threads()} threads",
        "versions": ", ".join(
            f"{name} {version(name)}" for name in ("epitome", "torch", "transformers", "peft")
        ),
        "made": datetime.now(UTC).date().isoformat(),
    }
    return {name: value for name, value in facts.items() if value}


def learnt(network: Any) -> int:
    """Parameters that learn."""
    return sum(one.numel() for one in network.parameters() if one.requires_grad)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Full weights bring their tokenizer: its files from one folder to another."""
    for path in source.glob("*"):
        if "token" in path.name or path.name in TOKENIZER:
            shutil.copy2(path, target / path.name)
