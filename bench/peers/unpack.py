"""The weights of a GGUF file as a plain model folder of transformers: safetensors, tokenizer, chat template.

    python unpack.py FILE FOLDER DTYPE

The network is `epitome.engines.unpack.plain`'s, equal to transformers' own; the tokenizer is transformers' reading of the
file.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer

from epitome.engines.unpack import plain


def unpack(file: Path, folder: Path, dtype: torch.dtype) -> None:
    """Write the folder, whole or not at all."""
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    plain(file).to(dtype).save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.replace(folder)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), getattr(torch, sys.argv[3]))
