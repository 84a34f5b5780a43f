"""LoRA's forward and backward in few large products, in the base's number format.

PEFT computes the branch in float32 and leaves three tensors a layer for the backward pass. Here the branch runs in the
base's format, its output is added in place, and the input is the only tensor kept that PEFT keeps too. The adapter's
weights and their gradients stay float32. bench/train.py measures it.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch.nn import functional


class _Branch(torch.autograd.Function):
    """x W' + s (x A') B' for x (tokens, in), W (out, in) frozen, A (r, in), B (out, r)."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any, a: Any, b: Any, scale: float, keep: Any) -> Any:
        out = functional.linear(x, weight, bias)
        # Under autocast, over a base in 32 bits, that is in 16: the branch follows.
        entering = (x if keep is None else x * keep).to(out.dtype)
        low = entering @ a.t().to(out.dtype)
        out.addmm_(low, b.t().to(out.dtype), alpha=scale)
        ctx.save_for_backward(entering, weight, a, b, low, keep)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (grad,) = grads
        x, weight, a, b, low, keep = ctx.saved_tensors
        down = (grad @ b.to(grad.dtype)).mul_(ctx.scale)
        to_b = (grad.t() @ low).float().mul_(ctx.scale)
        to_a = (down.t() @ x).float()
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = grad @ weight.to(grad.dtype)
            if keep is None:
                to_x.addmm_(down, a.to(grad.dtype))
            else:
                to_x.add_((down @ a.to(grad.dtype)).mul_(keep))
        return to_x, None, None, to_a, to_b, None, None


def kept(like: Any, rate: float) -> Any:
    """Dropout's mask for `like`, of the same shape and format: 0 with probability `rate`, else 1 / (1 - rate).

    One draw of torch's generator on a CPU is cut into four numbers of 16 bits: drawn one by one, the masks took a
    seventh of a step's time, and take half of that so (LOG.md).
    """
    count = like.numel()
    drawn = torch.empty(-(-count // 4), dtype=torch.int64, device=like.device).random_(-(2**63), None)
    numbers = drawn.view(torch.int16)[:count].view(like.shape)
    return (numbers >= round(rate * 2**16) - 2**15).to(like.dtype).mul_(1 / (1 - rate))


def fuse(network: Any) -> int:
    """Give each plain LoRA layer of a PEFT network the forward above; returns how many there are."""
    from peft.tuners.lora.layer import Linear

    found = 0
    for module in network.modules():
        if (
            isinstance(module, Linear)
            and not any(module.use_dora.values())
            and not module.lora_bias.get("default")
        ):
            module.forward = MethodType(_forward, module)
            found += 1
    return found


def _forward(self: Any, x: Any, *_: Any, **__: Any) -> Any:
    base = self.get_base_layer()
    if self.disable_adapters or not self.active_adapters:
        return base(x)
    (name,) = self.active_adapters
    rate = getattr(self.lora_dropout[name], "p", 0.0) if self.training else 0.0
    keep = None
    rows = x.reshape(-1, x.shape[-1])
    if rate:
        keep = kept(rows, rate)
    out = _Branch.apply(
        rows,
        base.weight,
        base.bias,
        self.lora_A[name].weight,
        self.lora_B[name].weight,
        self.scaling[name],
        keep,
    )
    return out.view(*x.shape[:-1], -1)
