"""Small real model files to test with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def write_gguf(
    path: Path,
    *,
    weights: GGMLQuantizationType = GGMLQuantizationType.Q4_1,
    rows: int = 64,
    vocabulary: int = 200,
    template: str | None = TEMPLATE,
    **extra: Any,
) -> Path:
    """A GGUF file with two small tensors and a vocabulary; `extra` are further keys, `__` for a dot."""
    writer = GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_context_length(512)
    writer.add_license("apache-2.0")
    writer.add_languages(["en", "fr"])
    writer.add_file_type(3)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"<token {i}>" for i in range(vocabulary)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in extra.items():
        name = key.replace("__", ".")
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        else:
            writer.add_string(name, value)
    numbers = np.random.default_rng(7).normal(size=(rows, 256)).astype(np.float32)
    writer.add_tensor("blk.0.attn_q.weight", quantize(numbers, weights), raw_dtype=weights)
    writer.add_tensor("blk.0.attn_norm.weight", numbers[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
