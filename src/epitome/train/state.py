"""Where a run stands, on disk: enough to go on as if it had never stopped.

Weights that learn, the optimiser, random numbers and the step. Written beside the last one and then put in its place,
so that a kill or a full disk leaves the last one whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from epitome.errors import ModelError, StoreError
from epitome.train.shard import cut_like, whole

STATE, BEST = "state", "best"
_FILE = "state.pt"


def moment(network: Any, optimizer: Any, progress: dict[str, Any]) -> dict[str, Any]:
    """All that is needed to go on from here; under FSDP every process must ask for it."""
    import torch
    from torch.utils._pytree import tree_map

    return {
        "weights": learnt(network),
        "optimizer": tree_map(whole, optimizer.state_dict()),
        "random": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "progress": progress,
    }


def write(folder: Path, held: dict[str, Any]) -> None:
    """Keep it in `folder`. Raises `StoreError` where it cannot be written; the earlier state stays."""
    import torch

    draft = folder.with_name(folder.name + ".tmp")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        torch.save(held, draft / _FILE)
        old = folder.with_name(folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreError(
            f"{folder}: the state of the run cannot be written ({error})",
            hint="free some space and give the same command again: it goes on from the state before",
        ) from error


def read(folder: Path) -> dict[str, Any] | None:
    """What `write` kept, or None. Raises `ModelError` for a file that cannot be read."""
    import torch

    for place in (folder, folder.with_name(folder.name + ".old")):
        if (place / _FILE).is_file():
            try:
                found: dict[str, Any] = torch.load(place / _FILE, weights_only=True)
            except Exception as error:
                raise ModelError(
                    f"{place / _FILE} cannot be read ({error})", hint="delete the folder to begin anew"
                ) from error
            return found
    return None


def restore(held: dict[str, Any], network: Any, optimizer: Any = None) -> None:
    """Put weights back, and with an optimiser also that and the random numbers."""
    import torch

    own = dict(network.named_parameters())
    with torch.no_grad():
        for name, value in held["weights"].items():
            own[name].copy_(cut_like(value, own[name]))
    if optimizer is not None:
        optimizer.load_state_dict(held["optimizer"])
        for parameter, kept in optimizer.state.items():
            for name, value in kept.items():
                if getattr(value, "shape", None) == parameter.shape:
                    kept[name] = cut_like(value, parameter)
        torch.set_rng_state(held["random"])
        if held["cuda"]:
            torch.cuda.set_rng_state_all(held["cuda"])


def learnt(network: Any) -> dict[str, Any]:
    """The weights that learn, by name; whole."""
    return {
        name: whole(parameter.detach())
        for name, parameter in network.named_parameters()
        if parameter.requires_grad
    }
