"""Full weights that were trained from a GGUF file, back in that file's form: its keys, their numbers. No torch."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from epitome.errors import ModelError
from epitome.models import adapter, cache, gguf, safetensors
from epitome.models.adapter import ARCHITECTURES, Adapter, Change
from epitome.models.model import Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COMPUTED = {"rope_freqs.weight"}
"""Tensors of a GGUF file that no training changes."""


def read(folder: Path, base: Model) -> Adapter:
    """The folder's weights as changes of `base`, the GGUF model that they were trained from.

    Raises `ModelError` if they are of another model, or of a family that is not known here.
    """
    import numpy as np

    if base.format != "gguf" or base.path is None:
        raise ModelError(f"{base.name} is no GGUF model")
    head, layout = gguf.read(base.path), gguf.layout(base.path)
    if head.architecture not in ARCHITECTURES:
        raise ModelError(f"{folder}: no GGUF file of a {head.architecture} can be written")
    held = _renamed(folder, head)
    changes = {}
    for tensor in layout.tensors:
        if tensor.name in _COMPUTED:
            continue
        found = held.get(tensor.name)
        if found is None and tensor.name == "output.weight":  # tied there, and not here
            found = held.get("token_embd.weight")
        if found is None or found.shape != tensor.shape[::-1]:
            raise ModelError(
                f"{folder} was not trained from {base.name}: {tensor.name} "
                f"{'is missing' if found is None else 'has another shape'}",
                hint="name the GGUF model that it was trained from",
            )
        layer = tensor.name.split(".")[-2]
        rows = found.reshape(-1, found.shape[-1])
        if tensor.name.endswith("norm.weight") and head.architecture.startswith("gemma"):
            rows = rows + np.float32(1)
        nothing = np.zeros((0, rows.shape[1]), np.float32), np.zeros((len(rows), 0), np.float32)
        heads = adapter.heads_of(base, head, layer)
        changes[tensor.name] = Change(*nothing, whole=adapter.reordered(rows, heads))
    key = sha256("".join(cache.digest(path) for path in _files(folder)).encode()).hexdigest()[:16]
    return Adapter(folder.resolve().name, key, changes)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def _renamed(folder: Path, head: gguf.Metadata) -> dict[str, NDArray[np.float32]]:
    """All tensors of the folder under GGUF's names."""
    from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

    blocks = int(head.values.get(f"{head.architecture}.block_count", 0))
    number = next(arch for arch, name in MODEL_ARCH_NAMES.items() if name == head.architecture)
    names = get_tensor_name_map(number, blocks)
    held = {}
    for path in _files(folder):
        for name, tensor in safetensors.read(path).items():
            plain = re.sub(r"^(?:model\.)?language_model\.(?:model\.)?", "model.", name)
            if known := names.get_name(plain, try_suffixes=(".weight", ".bias")):
                held[known] = tensor
    if not held:
        raise ModelError(f"{folder} holds no weights of a {head.architecture}")
    return held
