"""What `epitome train` would do, written down so that another trainer can do the same.

    python train_plan.py PAIRS FOLDER [KEY=VALUE …]

Writes `plan.json` (model folder, settings, the token ids of every batch in order) and `start.pt` (the adapter's weights
before the first step) into FOLDER. All of it comes from the functions that `epitome train` calls.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from epitome.datasets.read import load
from epitome.models.resolve import resolve
from epitome.train.config import Config
from epitome.train.config import load as settings
from epitome.train.course import Watch
from epitome.train.examples import Example
from epitome.train.run import prepared


def plan(pairs: Path, given: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan, and the adapter's weights by name."""
    config = settings(None, given, {}, "decoder")
    steps = config.train.max_steps
    run = prepared(load(str(pairs)), resolve(config.base), config, steps, Watch())
    batches = [run.order.at(step) for step in range(steps)]
    found = {
        "folder": str(run.base.folder),
        "targets": sorted(run.network.peft_config["default"].target_modules),
        "dtype": str(next(run.base.network.parameters()).dtype).removeprefix("torch."),
        "batches": [[_ids(example) for example in batch] for batch in batches],
        "tokens": [sum(example.tokens for example in batch) for batch in batches],
    }
    start = {
        name: held.detach().clone() for name, held in run.network.named_parameters() if held.requires_grad
    }
    return found | _rates(config), start


def _rates(config: Config) -> dict[str, Any]:
    return {
        "rank": config.method.rank,
        "alpha": config.method.alpha,
        "dropout": config.method.dropout,
        "lr": config.optim.lr,
        "schedule": config.optim.schedule,
        "betas": config.optim.betas,
        "weight_decay": config.optim.weight_decay,
        "clip": config.optim.clip,
        "seed": config.seed,
    }


def _ids(example: Example) -> dict[str, list[int]]:
    (branch,) = example.branches  # SciTLDR's training pairs have one summary each
    return {"prompt": list(example.prompt), "answer": list(branch.ids)}


if __name__ == "__main__":
    target = Path(sys.argv[2])
    made, start = plan(Path(sys.argv[1]), sys.argv[3:])
    torch.save(start, target / "start.pt")
    (target / "plan.json").write_text(json.dumps(made), "utf-8")
