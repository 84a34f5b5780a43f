"""Bottleneck adapters: a small network down, a nonlinearity, up, and the input added again.

Houlsby et al. 2019 put one behind attention and one behind the feed-forward network of each block, Pfeiffer et al.
2020 only the second. The `adapters` library that has them needs an older transformers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from epitome.errors import ModelError, UsageError
from epitome.train.config import Method

CONFIG, WEIGHTS = "bottleneck_config.json", "bottleneck_model.safetensors"
_ATTENTION = ("self_attn", "attn", "attention")
_FEED_FORWARD = ("mlp", "feed_forward", "fc2")


class Bottleneck(torch.nn.Module):
    """x + up(relu(down(x))); `up` begins at zero, so that the network begins as it was."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down = torch.nn.Linear(width, inner)
        self.up = torch.nn.Linear(inner, width)
        torch.nn.init.zeros_(self.up.weight)
        torch.nn.init.zeros_(self.up.bias)

    def forward(self, x: Any) -> Any:
        dtype = x.dtype
        down = torch.nn.functional.linear(x, self.down.weight.to(dtype), self.down.bias.to(dtype))
        up = torch.nn.functional.linear(torch.relu(down), self.up.weight.to(dtype), self.up.bias.to(dtype))
        return x + up


class _Behind(torch.nn.Module):
    """A part of a block, and the adapter its output goes through."""

    def __init__(self, part: Any, adapter: Bottleneck) -> None:
        super().__init__()
        self.part = part
        self.adapter = adapter

    def forward(self, *inputs: Any, **options: Any) -> Any:
        out = self.part(*inputs, **options)
        if isinstance(out, tuple):
            return (self.adapter(out[0]), *out[1:])
        return self.adapter(out)


def insert(network: Any, method: Method) -> Any:
    """Put adapters into every block from `method.first_layer` on. Raises `UsageError` where there is no place."""
    names = _FEED_FORWARD if method.name == "pfeiffer" else (*_ATTENTION, *_FEED_FORWARD)
    found = 0
    for blocks in [one for one in network.modules() if isinstance(one, torch.nn.ModuleList)]:
        for block in list(blocks)[method.first_layer :]:
            for name in names:
                if isinstance(part := getattr(block, name, None), torch.nn.Module):
                    adapter = Bottleneck(network.config.hidden_size, method.bottleneck).to(network.device)
                    setattr(block, name, _Behind(part, adapter))
                    found += 1
    if not found:
        raise UsageError(
            f"{method.name}: the blocks of {network.config.model_type} have no place for adapters"
        )
    return network


def save(network: Any, method: Method, folder: Path) -> None:
    """Write the adapters' weights and how they were put in."""
    from safetensors.torch import save_file

    held = {name: value.contiguous() for name, value in network.state_dict().items() if ".adapter." in name}
    save_file(held, str(folder / WEIGHTS))
    (folder / CONFIG).write_text(json.dumps(method.model_dump(), indent=1) + "\n", "utf-8")


def load(network: Any, folder: Path) -> Any:
    """Put saved adapters into a network. Raises `ModelError` if they are of another base."""
    from safetensors.torch import load_file

    try:
        method = Method.model_validate_json((folder / CONFIG).read_text("utf-8"))
        held = load_file(str(folder / WEIGHTS))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: its adapters cannot be read ({error})") from error
    network = insert(network, method)
    missing = network.load_state_dict(held, strict=False)
    wanted = [name for name in missing.missing_keys if ".adapter." in name]
    if wanted or missing.unexpected_keys:
        raise ModelError(f"{folder}: its adapters are of another base")
    return network
