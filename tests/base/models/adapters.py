"""Small adapters as PEFT writes them, made by hand: a safetensors file and its configuration."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[np.float32]]


def write_adapter(folder: Path, tensors: Tensors, **config: Any) -> Path:
    """A folder with these tensors (by module and kind, such as `layers.0.mlp.up_proj.lora_A`)."""
    folder.mkdir(parents=True, exist_ok=True)
    header, data = {}, b""
    for name, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        end = "" if name.endswith(("ia3_l", "lora_E", "magnitude_vector")) else ".weight"
        header[f"base_model.model.model.{name}{end}"] = {
            "dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + len(raw)],
        }  # fmt: skip
        data += raw
    said = json.dumps(header).encode()
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(said)) + said + data)
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "lora_alpha": 8, "bias": "none"} | config)
    )
    return folder


def write_lora(
    folder: Path, modules: Mapping[str, tuple[int, int]], *, rank: int = 4, seed: int = 1, std: float = 0.02,
    **config: Any,
) -> Path:  # fmt: skip
    """A LoRA on these modules, (out, in), whose B is not zero."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, (outputs, inputs) in modules.items():
        tensors[f"{name}.lora_A"] = random.normal(0, inputs**-0.5, (rank, inputs)).astype(np.float32)
        tensors[f"{name}.lora_B"] = random.normal(0, std, (outputs, rank)).astype(np.float32)
    return write_adapter(folder, tensors, **{"r": rank} | config)
