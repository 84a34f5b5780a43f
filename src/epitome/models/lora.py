"""A PEFT adapter as the GGUF file that llama.cpp puts beside its base, made once and cached."""

from __future__ import annotations

from pathlib import Path

from epitome.errors import ModelError
from epitome.models import cache, gguf, weights
from epitome.models.adapter import Adapter
from epitome.models.model import Model


def as_gguf(base: Model, adapter: Adapter) -> Path:
    """The adapter's file, made now or earlier; numbers are 32-bit.

    Raises `ModelError` for an adapter that is more than a product of two small matrices (DoRA, IA3), `StoreError` if
    it cannot be written.
    """
    if base.path is None or not adapter.low_rank:
        raise ModelError(
            f"{adapter.name} cannot stand beside {base.name}", hint="it has to be merged into it"
        )
    target = weights.beside(base.path, base.sha256, f".{adapter.name}-{adapter.key}.lora.gguf")
    if target.is_file():
        return target
    with cache.locked(weights.FOLDER):
        if not target.is_file():  # made by somebody else while we waited
            size = sum(change.a.nbytes + change.b.nbytes for change in adapter.changes.values())
            cache.require_space(size, f"{adapter.name} for llama.cpp")
            with cache.work_folder(weights.FOLDER) as work, cache.writing(target):
                _write(gguf.read(base.path).architecture, adapter, work / target.name)
                (work / target.name).replace(target)
    return target


def _write(architecture: str, adapter: Adapter, path: Path) -> None:
    import numpy as np
    from gguf import GGUFWriter

    changes = {name: change for name, change in adapter.changes.items() if len(change.a)}
    # llama.cpp multiplies B A with alpha / rank: 1 where all ranks are the same, because the scale is in B.
    alpha = max((len(change.a) for change in changes.values()), default=1)
    writer = GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_name(adapter.name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(alpha))
    for name, change in changes.items():
        scale = np.float32(len(change.a) / alpha)
        writer.add_tensor(f"{name}.lora_a", np.ascontiguousarray(change.a))
        writer.add_tensor(f"{name}.lora_b", np.ascontiguousarray(change.b * scale))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
