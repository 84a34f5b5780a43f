"""Optimisers by name, and how the learning rate rises and falls."""

from __future__ import annotations

import math
from typing import Any

from epitome.errors import EngineError
from epitome.train.config import Optim


def optimizer(parameters: list[Any], optim: Optim) -> Any:
    """The optimiser over `parameters`. Raises `EngineError` where its library is missing."""
    import torch

    if optim.name == "adamw":
        return torch.optim.AdamW(parameters, optim.lr, optim.betas, weight_decay=optim.weight_decay)
    if optim.name == "adafactor":
        return torch.optim.Adafactor(parameters, optim.lr, weight_decay=optim.weight_decay)
    if optim.name == "sgd":
        return torch.optim.SGD(parameters, optim.lr, weight_decay=optim.weight_decay)
    try:
        import bitsandbytes
    except ImportError as error:
        raise EngineError(
            "8-bit AdamW needs bitsandbytes", hint="pip install bitsandbytes, with a GPU"
        ) from error
    return bitsandbytes.optim.AdamW8bit(parameters, optim.lr, optim.betas, weight_decay=optim.weight_decay)


def share(step: int, steps: int, optim: Optim) -> float:
    """What part of the learning rate applies at `step` (from 1) of `steps`."""
    warm = round(optim.warmup * steps)
    if step <= warm:
        return step / (warm + 1)
    done = (step - 1 - warm) / max(1, steps - warm)
    if optim.schedule == "linear":
        return 1.0 - done
    if optim.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if optim.schedule == "wsd":  # warm-up, stable, decay (Hu et al. 2024, MiniCPM)
        return min(1.0, (1.0 - done) / optim.decay)
    return 1.0
