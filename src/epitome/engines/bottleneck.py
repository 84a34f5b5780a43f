"""Bottleneck adapters: a small network down, a nonlinearity, up, and the input added again.

Houlsby et al. 2019 put one behind attention and one behind the feed-forward network of each block, Pfeiffer et al.
2020 only the second. The `adapters` library, which has them, needs an older transformers. They run here only: no other
engine knows them, and they cannot be merged into the weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from epitome.errors import EngineError, UsageError

CONFIG, WEIGHTS = "bottleneck_config.json", "bottleneck_model.safetensors"
_ATTENTION = ("self_attn", "attn", "attention")
_FEED_FORWARD = ("mlp", "feed_forward", "fc2")


@dataclass(frozen=True, slots=True)
class Placing:
    """Where adapters stand and how wide they are inside. `first_layer` counts blocks from 0."""

    kind: Literal["houlsby", "pfeiffer"]
    width: int
    first_layer: int = 0


class Bottleneck(torch.nn.Module):
    """x + up(relu(down(x))); `up` begins at zero, so that the network begins as it was."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down = torch.nn.Linear(width, inner)
        self.up = torch.nn.Linear(inner, width)
        self.active = True
        torch.nn.init.zeros_(self.up.weight)
        torch.nn.init.zeros_(self.up.bias)

    def forward(self, x: Any) -> Any:
        if not self.active:
            return x
        kind = x.dtype
        linear = torch.nn.functional.linear
        inner = torch.relu(linear(x, self.down.weight.to(kind), self.down.bias.to(kind)))
        return x + linear(inner, self.up.weight.to(kind), self.up.bias.to(kind))


class _Behind(torch.nn.Module):
    """A part of a block, and the adapter its output goes through."""

    def __init__(self, part: Any, adapter: Bottleneck) -> None:
        super().__init__()
        self.part = part
        self.adapter = adapter

    def forward(self, *inputs: Any, **options: Any) -> Any:
        out = self.part(*inputs, **options)
        return (self.adapter(out[0]), *out[1:]) if isinstance(out, tuple) else self.adapter(out)


def insert(network: Any, placing: Placing) -> Any:
    """The network with adapters in every block from `first_layer` on. Raises `UsageError` where there is no place."""
    names = _FEED_FORWARD if placing.kind == "pfeiffer" else (*_ATTENTION, *_FEED_FORWARD)
    found = 0
    for blocks in [one for one in network.modules() if isinstance(one, torch.nn.ModuleList)]:
        for block in list(blocks)[placing.first_layer :]:
            for name in names:
                if isinstance(part := getattr(block, name, None), torch.nn.Module):
                    adapter = Bottleneck(network.config.hidden_size, placing.width).to(network.device)
                    setattr(block, name, _Behind(part, adapter))
                    found += 1
    if not found:
        raise UsageError(
            f"{placing.kind}: the blocks of {network.config.model_type} have no place for adapters"
        )
    return network


def save(network: Any, placing: Placing, folder: Path) -> None:
    """Write the adapters' weights and where they stand."""
    from safetensors.torch import save_file

    held = {name: value.contiguous() for name, value in network.state_dict().items() if ".adapter." in name}
    save_file(held, str(folder / WEIGHTS))
    (folder / CONFIG).write_text(json.dumps(asdict(placing), indent=1) + "\n", "utf-8")


def load(network: Any, folder: Path) -> Any:
    """The network with saved adapters in it. Raises `EngineError` if they cannot be read or are of another base."""
    from safetensors.torch import load_file

    try:
        placing = Placing(**json.loads((folder / CONFIG).read_text("utf-8")))
        held = load_file(str(folder / WEIGHTS))
        network = insert(network, placing)
        left = network.load_state_dict(held, strict=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise EngineError(f"{folder}: its adapters do not fit this base ({error})") from error
    if left.unexpected_keys or any(".adapter." in name for name in left.missing_keys):
        raise EngineError(f"{folder}: its adapters are of another base")
    return network


@contextmanager
def bare(network: Any) -> Iterator[None]:
    """The network without its adapters."""
    found = [module for module in network.modules() if isinstance(module, Bottleneck)]
    for module in found:
        module.active = False
    try:
        yield
    finally:
        for module in found:
            module.active = True
