"""What AdaLoRA needs in the loop besides its layers (Zhang et al. 2023): its penalty, and its budget at each step.

PEFT adds both inside a forward that computes its own loss; ours computes logits at the targets only.
"""

from __future__ import annotations

from typing import Any


def is_adalora(network: Any) -> bool:
    """Whether the network bears AdaLoRA."""
    return hasattr(getattr(network, "base_model", None), "update_and_allocate")


def penalty(network: Any) -> Any:
    """How far the factors are from orthogonal, times the configuration's `orth_reg_weight`: a scalar."""
    import torch

    found = []
    for name, weights in network.named_parameters():
        if weights.requires_grad and ("lora_A" in name or "lora_B" in name):
            product = weights @ weights.T if "lora_A" in name else weights.T @ weights
            found.append(torch.norm(product - torch.eye(len(product), device=product.device)))
    return torch.stack(found).mean() * network.peft_config["default"].orth_reg_weight


def allocate(network: Any, step: int) -> None:
    """Take rank from where it matters least; to be called between the gradient and the next one."""
    network.base_model.update_and_allocate(step)
