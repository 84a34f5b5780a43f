"""The weights of a GGUF file as a plain model folder of transformers: safetensors, tokenizer, chat template.

    python unpack.py FILE FOLDER DTYPE

transformers dequantises a GGUF file while it loads but still calls the model quantised and will not save it, so
its tensors go into a model that never was. The tokenizer is transformers' own reading of the file.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from epitome.engines.networks import load_network


def unpack(file: Path, folder: Path, dtype: torch.dtype) -> None:
    """Write the folder, whole or not at all."""
    loaded = load_network(file, torch.float32)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config).to(dtype)
    plain.load_state_dict(loaded.state_dict())
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    plain.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.replace(folder)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), getattr(torch, sys.argv[3]))
