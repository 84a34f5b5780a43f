"""The same weights in another number format, with or without an adapter merged into them, made once and cached.

Why: on a 2-core AVX512 machine llama.cpp reads prompts at 290 tokens/s from SmolLM2-135M's published Q4_1
file and at 467 from a Q8_0 made of it, because Q4_1 has no repacked x86 kernels; ROUGE on SciTLDR is the same
within its interval, and OpenVINO's own reader spoils Q4_1 (LOG.md). Never from 4 bits to 4 bits: that loses 4
points.
"""

from __future__ import annotations

import glob
import math
import shutil
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal

from epitome.errors import ModelError, StoreError
from epitome.models import cache, gguf
from epitome.models.adapter import Adapter, Change
from epitome.models.gguf import Layout, Tensor
from epitome.models.model import Model, Progress

Kind = Literal["q8_0", "f16", "f32"]
FOLDER = "prepared"
_F32, _F16, _Q8_0, _BF16 = 0, 1, 8, 30
_UNQUANTISED = {_F32, _F16, _BF16}
_NUMBERS: dict[Kind, tuple[int, int]] = {"q8_0": (_Q8_0, 7), "f16": (_F16, 1), "f32": (_F32, 0)}
"""ggml's number of the tensors' kind, and of the file's."""
_AT_ONCE = 1 << 20
"""Elements converted at a time: 4 MB of 32-bit numbers, whatever the size of the tensor."""
_SMALL = 1 << 16
"""Unquantised tensors up to this many elements (norms, biases, rotary factors) stay as they are."""


@dataclass(frozen=True, slots=True)
class _Planned:
    """A tensor, and what becomes of it."""

    tensor: Tensor
    kind: int
    size: int
    change: Change | None

    @property
    def same(self) -> bool:
        return self.kind == self.tensor.kind and self.change is None


def prepared(
    model: Model, kind: Kind = "q8_0", adapter: Adapter | None = None, *, on_progress: Progress | None = None
) -> Path:
    """The model's weights in that format, the adapter merged into them: its own file if that is what it holds, else
    one made now or earlier.

    SmolLM2-135M as Q8_0 takes 4 to 6 s and 145 MB on disk; the conversion needs some 60 MB of memory for any size.
    Raises `ModelError` for a model that is no GGUF file or holds a number format that cannot be converted,
    `StoreError` if the result cannot be written.
    """
    path = _require_gguf(model)
    worn = f".{adapter.name}-{adapter.key}" if adapter else ""
    target = beside(path, model.sha256, f"{worn}.{kind.upper()}.gguf")
    if target.is_file():
        return target
    plan = _plan(model, path, kind, adapter)
    if all(each.same for each in plan):
        return path
    with cache.locked(FOLDER):
        if target.is_file():  # made by somebody else while we waited
            return target
        cache.require_space(sum(each.size for each in plan), f"{model.name} as {kind.upper()}")
        with cache.work_folder(FOLDER) as work, cache.writing(target):
            finished = work / target.name
            _write(path, plan, kind, finished, _reporting(on_progress, model, kind, adapter))
            finished.replace(target)
    return target


def write(
    model: Model,
    target: Path,
    kind: Kind = "q8_0",
    adapter: Adapter | None = None,
    *,
    on_progress: Progress | None = None,
) -> None:
    """The same as a file of the caller's, written whole or not at all. Raises as `prepared` does."""
    path = _require_gguf(model)
    plan = _plan(model, path, kind, adapter)
    finished = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(path, plan, kind, finished, _reporting(on_progress, model, kind, adapter))
        finished.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror or error}", hint="name another place with -o"
        ) from error
    finally:
        with suppress(OSError):
            finished.unlink()


def discard(path: Path, digest: str = "") -> int:
    """Delete what was made of the file with that SHA-256, if known; returns the bytes freed."""
    if not path.exists():
        return 0
    made = beside(path, digest, "")
    freed = 0
    with cache.writing(made):
        # Also what was merged, and what OpenVINO and transformers made of it.
        for one in made.parent.glob(f"{glob.escape(made.name)}.*"):
            files = one.rglob("*") if one.is_dir() else [one]
            freed += sum(file.stat().st_size for file in files if file.is_file())
            if one.is_dir():
                shutil.rmtree(one)
            else:
                one.unlink()
    return freed


def beside(path: Path, digest: str, suffix: str) -> Path:
    """Where something made of the model file at `path`, whose SHA-256 is `digest` if known, lies in the cache."""
    stat = path.stat()
    source = digest or f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    key = sha256(source.encode()).hexdigest()[:16]
    return cache.folder(FOLDER) / f"{path.stem}-{key}{suffix}"


def _require_gguf(model: Model) -> Path:
    if model.format != "gguf" or model.path is None:
        raise ModelError(f"{model.name} is no GGUF model", hint="only GGUF files are converted")
    return model.path


def _plan(model: Model, path: Path, kind: Kind, adapter: Adapter | None) -> list[_Planned]:
    changes = adapter.changes if adapter else {}
    number = _NUMBERS[kind][0]
    return [_planned(model, tensor, number, changes.get(tensor.name)) for tensor in gguf.layout(path).tensors]


def _planned(model: Model, tensor: Tensor, number: int, change: Change | None) -> _Planned:
    elements = math.prod(tensor.shape)
    if not tensor.size and elements:
        raise ModelError(
            f"{model.name} holds numbers of a kind that cannot be converted (type {tensor.kind})",
            hint="use it as it is: --engine llamacpp",
        )
    keep = tensor.kind == number or (
        # A router decides by small differences between few numbers: it stays precise, as in llama.cpp's own.
        tensor.kind in _UNQUANTISED
        and number != _F32
        and (len(tensor.shape) < 2 or elements <= _SMALL or "ffn_gate_inp" in tensor.name)
    )
    _, block, width = gguf.TENSOR_TYPES[number]
    if keep or tensor.shape[0] % block:
        return _Planned(tensor, tensor.kind, tensor.size, change)
    return _Planned(tensor, number, elements // block * width, change)


def _write(
    source: Path, plan: list[_Planned], kind: Kind, target: Path, report: Callable[[int, int], None]
) -> None:
    layout = gguf.layout(source)
    with source.open("rb") as data, target.open("wb") as out:
        keys = bytearray(data.read(layout.keys_end))
        if layout.file_type_at is not None:
            struct.pack_into("<I", keys, layout.file_type_at, _NUMBERS[kind][1])
        out.write(keys)
        total = _write_index(plan, layout, out)
        _pad(out, layout.alignment)
        done = 0
        for each in plan:
            data.seek(each.tensor.start)
            _write_tensor(data, each, out)
            _pad(out, layout.alignment)
            done += _aligned(each.size, layout.alignment)
            report(done, total)


def _write_index(plan: list[_Planned], layout: Layout, out: IO[bytes]) -> int:
    """What the tensors are and where they will lie; returns their bytes in all."""
    offset = 0
    for each in plan:
        name = each.tensor.name.encode()
        out.write(struct.pack("<Q", len(name)) + name)
        out.write(struct.pack(f"<I{len(each.tensor.shape)}Q", len(each.tensor.shape), *each.tensor.shape))
        out.write(struct.pack("<IQ", each.kind, offset))
        offset += _aligned(each.size, layout.alignment)
    return offset


def _write_tensor(data: IO[bytes], each: _Planned, out: IO[bytes]) -> None:
    """One tensor, some rows at a time, so that memory does not grow with the model."""
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    tensor = each.tensor
    row = tensor.shape[0]
    rows = math.prod(tensor.shape[1:])
    width = tensor.size // rows
    step = max(1, _AT_ONCE // row)
    for start in range(0, rows, step):
        raw = data.read(min(step, rows - start) * width)
        if each.same:
            out.write(raw)
            continue
        kind = GGMLQuantizationType(tensor.kind)
        try:
            values = dequantize(np.frombuffer(raw, np.uint8).reshape(-1, width), kind)
        except NotImplementedError as error:
            raise ModelError(
                f"{tensor.name}: numbers of the kind {kind.name} cannot be converted",
                hint="use the model as it is: --engine llamacpp",
            ) from error
        values = values.reshape(-1, row)
        if each.change is not None:
            values = each.change.on(values, start)
        out.write(quantize(values, GGMLQuantizationType(each.kind)).data)


def _reporting(
    on_progress: Progress | None, model: Model, kind: Kind, adapter: Adapter | None
) -> Callable[[int, int], None]:
    worn = f" with {adapter.name}" if adapter else ""

    def report(done: int, total: int) -> None:
        if on_progress:
            on_progress(f"{model.name}{worn} as {kind.upper()}", done, total)

    return report


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _pad(out: IO[bytes], alignment: int) -> None:
    at = out.tell()
    out.write(b"\0" * (_aligned(at, alignment) - at))
