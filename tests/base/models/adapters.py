"""Small adapters as PEFT writes them, made by hand: a safetensors file and its configuration."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[np.float32]]


def write_safetensors(path: Path, tensors: Tensors) -> None:
    """A file with these tensors, in 32 bits."""
    header, data = {}, b""
    for name, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        where = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": where}
        data += raw
    said = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(said)) + said + data)


def write_adapter(folder: Path, tensors: Tensors, **config: Any) -> Path:
    """A folder with these tensors (by module and kind, such as `layers.0.mlp.up_proj.lora_A`)."""
    folder.mkdir(parents=True, exist_ok=True)
    held = {}
    for name, values in tensors.items():
        end = "" if name.endswith(("ia3_l", "lora_E", "magnitude_vector")) else ".weight"
        held[f"base_model.model.model.{name}{end}"] = values
    write_safetensors(folder / "adapter_model.safetensors", held)
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


WIDTH, INNER, HEADS, KV_HEADS = 64, 96, 4, 2
SHAPES = {
    "self_attn.q_proj": ("attn_q", (WIDTH, WIDTH)),
    "self_attn.k_proj": ("attn_k", (WIDTH // 2, WIDTH)),
    "self_attn.v_proj": ("attn_v", (WIDTH // 2, WIDTH)),
    "self_attn.o_proj": ("attn_output", (WIDTH, WIDTH)),
    "mlp.gate_proj": ("ffn_gate", (INNER, WIDTH)),
    "mlp.up_proj": ("ffn_up", (INNER, WIDTH)),
    "mlp.down_proj": ("ffn_down", (WIDTH, INNER)),
}
"""By PEFT's name of a layer: GGUF's, and its shape (out, in)."""


def write_base(
    path: Path, architecture: str = "llama", *, blocks: int = 2, kind: GGMLQuantizationType | None = None
) -> Path:
    """A GGUF file with the linear layers of `blocks` blocks, random numbers in them."""
    kind = GGMLQuantizationType.Q4_1 if kind is None else kind
    writer = GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_context_length(512)
    writer.add_block_count(blocks)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_file_type(3)
    random = np.random.default_rng(7)
    for at in range(blocks):
        for name, shape in SHAPES.values():
            numbers = random.normal(size=shape).astype(np.float32)
            writer.add_tensor(f"blk.{at}.{name}.weight", quantize(numbers, kind), raw_dtype=kind)
        writer.add_tensor(f"blk.{at}.attn_norm.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def modules(*layers: str, blocks: int = 2) -> dict[str, tuple[int, int]]:
    """Shapes of these layers in all blocks; of all layers if none is named."""
    return {
        f"layers.{at}.{layer}": SHAPES[layer][1] for at in range(blocks) for layer in layers or tuple(SHAPES)
    }
