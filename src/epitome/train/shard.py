"""A network that is too large for one GPU, cut over several (FSDP 2): each process keeps a part of every weight.

A block's weights are whole only while it computes. `accelerate launch --config_file recipes/fsdp.yaml` asks for it
through the environment; what is cut and summed here is torch's `fully_shard`.
"""

from __future__ import annotations

import os
from typing import Any

from epitome.errors import UsageError
from epitome.train.config import Config

METHODS, OPTIMIZERS = ("full", "lora", "rslora"), ("adamw", "sgd")
"""What a test holds to the losses of one process; the others meet whole weights outside the blocks' own forward."""


def asked() -> bool:
    """Whether the launcher asked for FSDP."""
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() in ("true", "1")


def check(config: Config) -> None:
    """Raise `UsageError` for what cannot be done in parts."""
    if os.environ.get("FSDP_VERSION", "2") != "2" or os.environ.get("FSDP_OFFLOAD_PARAMS", "false") == "true":
        raise UsageError("FSDP 2 on the GPUs only", hint="fsdp_version: 2 and fsdp_offload_params: false")
    for key, value, able in (
        ("method.name", config.method.name, METHODS),
        ("optim.name", config.optim.name, OPTIMIZERS),
    ):
        if value not in able:
            raise UsageError(f"{key}={value} does not run under FSDP", hint=f"one of {', '.join(able)}")


def shard(network: Any, device: str) -> None:
    """Cut every block, then what lies around them, over all processes; gradients are summed as `World.add_up` does."""
    import torch.distributed as distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    plain = network.get_base_model() if hasattr(network, "get_base_model") else network
    mesh = init_device_mesh(device, (distributed.get_world_size(),))
    again = os.environ.get("FSDP_RESHARD_AFTER_FORWARD", "true") != "false"
    names = set(plain._no_split_modules or ())
    blocks = [module for module in plain.modules() if type(module).__name__ in names]
    for module in [*blocks, plain]:
        fully_shard(module, mesh=mesh, reshard_after_forward=again and module is not plain)
    for module in plain.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)  # gloo knows no other


def whole(value: Any) -> Any:
    """A tensor that is cut, put together (all processes must ask for it); anything else as it is."""
    return value.full_tensor() if hasattr(value, "full_tensor") else value


def cut_like(value: Any, like: Any) -> Any:
    """A whole tensor cut as `like` is."""
    if not hasattr(like, "full_tensor") or hasattr(value, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def gathered(network: Any) -> dict[str, Any]:
    """The network's state for its folder, whole and on the CPU: what stands beside the base, or all of it."""
    beside = hasattr(network, "get_base_model")
    held: dict[int, Any] = {}
    found = {}
    for name, value in network.state_dict(keep_vars=True).items():
        if beside and not value.requires_grad:
            continue
        if id(value) not in held:  # weights that are tied stay so
            held[id(value)] = whole(value.detach()).cpu()
        found[name] = held[id(value)]
    return found
