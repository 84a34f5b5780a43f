"""From a base network and a method to a network of which the right weights learn."""

from __future__ import annotations

import re
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from epitome.engines import bottleneck
from epitome.engines.bottleneck import Placing
from epitome.errors import UsageError
from epitome.train.base import Base
from epitome.train.config import Method
from epitome.train.methods.fused import fuse
from epitome.train.writers import apart

HEADS = ("cls.", "lm_head.")
"""Where an encoder keeps what predicts words, which is small and learns as a whole."""
OUTER = re.compile(r"\.(?:k_proj|v_proj|k|v|key|value)$")
INNER = re.compile(r"\.(?:down_proj|fc2|wo|c_proj|(?<!attention\.)output\.dense)$")
"""What IA3 scales: keys and values, and the last layers of the feed-forward."""
_LAYER = re.compile(r"\.(?:layers?|h|block|blocks)\.(\d+)\.")


def packable(method: Method) -> bool:
    """Whether examples can stand side by side in one row: not where the method puts tokens of its own before them."""
    return method.name not in ("prefix", "prompt")


def adapt(base: Base, method: Method, steps: int) -> Any:
    """The network with `method` on it, ready to be trained; `steps` in all are what AdaLoRA's budget falls over.

    Raises `UsageError` where the method does not fit the network.
    """
    if method.name == "full":
        return _full(base.network, method)
    if not base.mends and (base.model.format == "encoder" or base.fills_masks):
        raise UsageError(
            f"{method.name}: an encoder that learns to check, to tag or to write is trained as a whole",
            hint="--method full",
        )
    for parameter in base.network.parameters():
        parameter.requires_grad_(False)
    if method.name in ("houlsby", "pfeiffer"):
        return bottleneck.insert(base.network, _placing(method))
    from peft import get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT's remarks on tied weights and dtypes concern nobody here
        try:
            network = get_peft_model(base.network, _config(base, method, steps))
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise UsageError(f"{method.name} does not fit {base.model.name}: {reason}") from error
    # PEFT hands its prefixes over by the older of two names.
    warnings.filterwarnings("ignore", message=".past_key_values. is deprecated", category=FutureWarning)
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    if method.name in ("lora", "rslora"):
        fuse(network)
    network.peft_config["default"].base_model_name_or_path = base.model.name
    return network


def _placing(method: Method) -> Placing:
    return Placing(
        "houlsby" if method.name == "houlsby" else "pfeiffer", method.bottleneck, method.first_layer
    )


def _full(network: Any, method: Method) -> Any:
    for name, parameter in network.named_parameters():
        frozen = any(fnmatchcase(name, pattern) for pattern in method.freeze)
        below = (found := _LAYER.search(name)) and int(found[1]) < method.first_layer
        parameter.requires_grad_(not frozen and not below)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UsageError(f"method.freeze {', '.join(method.freeze)} leaves nothing to learn")
    return network


def _config(base: Base, method: Method, steps: int) -> Any:
    import peft

    task = {"encoder-decoder": "SEQ_2_SEQ_LM", "decoder": "CAUSAL_LM"}.get(base.family)
    if method.name == "prefix":
        return peft.PrefixTuningConfig(task_type=task, num_virtual_tokens=method.virtual_tokens)
    if method.name == "prompt":
        return peft.PromptTuningConfig(task_type=task, num_virtual_tokens=method.virtual_tokens)
    targets = targeted(base.network, method)
    if method.name == "ia3":
        # Keys and values are scaled as they come out, the feed-forward's inner layer as it goes into the last one.
        inner = [name for name in targets if INNER.search(name)]
        outer = [name for name in targets if OUTER.search(name)]
        if not (inner or outer):
            raise UsageError(
                f"ia3 finds no keys, values and feed-forward layers in {base.model.name}",
                hint="--method lora",
            )
        return peft.IA3Config(task_type=task, target_modules=[*outer, *inner], feedforward_modules=inner)
    shared: dict[str, Any] = {
        "task_type": task, "r": method.rank, "lora_alpha": method.alpha, "lora_dropout": method.dropout,
        "target_modules": targets,
    }  # fmt: skip
    if method.name == "adalora":
        del shared["r"]
        return peft.AdaLoraConfig(
            **shared, init_r=method.rank * 3 // 2, target_r=method.rank, total_step=steps,
            tinit=max(1, steps // 10), tfinal=max(1, steps // 3), deltaT=max(1, steps // 100),
        )  # fmt: skip
    return peft.LoraConfig(**shared, use_rslora=method.name == "rslora", use_dora=method.name == "dora")


def targeted(network: Any, method: Method) -> list[str]:
    """Full names of the linear layers that get an adapter."""
    import torch

    head = network.get_output_embeddings()
    found = [
        name
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear)
        and module is not head
        and not name.startswith(HEADS)
        and _wanted(name, method)
    ]
    if not found:
        wanted = ", ".join(method.targets) or "any linear layer"
        raise UsageError(
            f"no layer for an adapter: {wanted}, from block {method.first_layer} on",
            hint="method.targets names layers by their end, such as q_proj; method.first_layer counts from 0",
        )
    return found


def _wanted(name: str, method: Method) -> bool:
    block = _LAYER.search(name + ".")
    if method.first_layer and (block is None or int(block[1]) < method.first_layer):
        return False
    return not method.targets or any(name == end or name.endswith("." + end) for end in method.targets)


def trainable(network: Any) -> list[Any]:
    """The parameters that learn, in a fixed order."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def save(network: Any, method: Method, folder: Path, weights: dict[str, Any] | None = None) -> None:
    """Write what was learnt: PEFT's files for its methods, the whole network for `full`.

    `weights`: the network's, where it does not have them whole.
    """
    if method.name in ("houlsby", "pfeiffer"):
        bottleneck.save(network, _placing(method), folder)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.save_pretrained(str(folder), state_dict=apart(network) if weights is None else weights)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's form of a card; ours comes with what was measured
