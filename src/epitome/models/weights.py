"""The same weights in another number format, made once and cached.

Why: on a 2-core AVX512 machine llama.cpp reads prompts at 290 tokens/s from SmolLM2-135M's published Q4_1
file and at 467 from a Q8_0 made of it, because Q4_1 has no repacked x86 kernels; ROUGE on SciTLDR is the same
within its interval, and OpenVINO's own reader spoils Q4_1 (LOG.md). Never from 4 bits to 4 bits: that loses 4
points.
"""

from __future__ import annotations

import math
import shutil
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Literal

from epitome.errors import ModelError
from epitome.models import cache, gguf
from epitome.models.gguf import Layout, Tensor
from epitome.models.model import Model, Progress

Kind = Literal["q8_0"]
FOLDER = "prepared"
_F32, _F16, _Q8_0, _BF16 = 0, 1, 8, 30
_UNQUANTISED = {_F32, _F16, _BF16}
_Q8_0_FILE_TYPE = 7
_BLOCK, _BLOCK_BYTES = 32, 34
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


def prepared(model: Model, kind: Kind = "q8_0", *, on_progress: Progress | None = None) -> Path:
    """The model's weights as Q8_0: its own file if it is one already, else one made now or earlier.

    SmolLM2-135M takes 4 to 6 s and 145 MB on disk; the conversion needs some 60 MB of memory for any size.
    Raises `ModelError` for a model that is no GGUF file or holds a number format that cannot be converted,
    `StoreError` if the result cannot be written.
    """
    if model.format != "gguf" or model.path is None:
        raise ModelError(f"{model.name} is no GGUF model", hint="only GGUF files are converted to Q8_0")
    target = _target(model.path, model.sha256)
    if target.is_file():
        return target
    layout = gguf.layout(model.path)
    plan = [_planned(model, tensor) for tensor in layout.tensors]
    if all(each.kind == each.tensor.kind for each in plan):
        return model.path
    with cache.locked(FOLDER):
        if target.is_file():  # made by somebody else while we waited
            return target
        cache.require_space(sum(each.size for each in plan), f"{model.name} as Q8_0")
        with cache.work_folder(FOLDER) as work, cache.writing(target):
            finished = work / target.name
            with finished.open("wb") as out:
                _write(
                    model.path, layout, plan, out, lambda done, all_: _report(on_progress, model, done, all_)
                )
            finished.replace(target)
    return target


def discard(path: Path, digest: str = "") -> int:
    """Delete what `prepared` made of the file with that SHA-256, if known; returns the bytes freed."""
    if not path.exists():
        return 0
    target = _target(path, digest)
    freed = target.stat().st_size if target.is_file() else 0
    # What OpenVINO made of the Q8_0 goes with it.
    folders = list(target.parent.glob(f"{target.stem}-*.openvino"))
    freed += sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    with cache.writing(target):
        target.unlink(missing_ok=True)
        for folder in folders:
            shutil.rmtree(folder)
    return freed


def _target(path: Path, digest: str) -> Path:
    return beside(path, digest, ".Q8_0.gguf")


def beside(path: Path, digest: str, suffix: str) -> Path:
    """Where something made of the model file at `path`, whose SHA-256 is `digest` if known, lies in the cache."""
    stat = path.stat()
    source = digest or f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    key = sha256(source.encode()).hexdigest()[:16]
    return cache.folder(FOLDER) / f"{path.stem}-{key}{suffix}"


def _planned(model: Model, tensor: Tensor) -> _Planned:
    elements = math.prod(tensor.shape)
    if not tensor.size and elements:
        raise ModelError(
            f"{model.name} holds numbers of a kind that cannot be converted (type {tensor.kind})",
            hint="use it as it is: --engine llamacpp",
        )
    keep = tensor.kind == _Q8_0 or (
        # A router decides by small differences between few numbers: it stays precise, as in llama.cpp's own.
        tensor.kind in _UNQUANTISED
        and (len(tensor.shape) < 2 or elements <= _SMALL or "ffn_gate_inp" in tensor.name)
    )
    if keep or tensor.shape[0] % _BLOCK:
        return _Planned(tensor, tensor.kind, tensor.size)
    return _Planned(tensor, _Q8_0, elements // _BLOCK * _BLOCK_BYTES)


def _write(source: Path, layout: Layout, plan: list[_Planned], out: IO[bytes], report: Any) -> None:
    with source.open("rb") as data:
        keys = bytearray(data.read(layout.keys_end))
    if layout.file_type_at is not None:
        struct.pack_into("<I", keys, layout.file_type_at, _Q8_0_FILE_TYPE)
    out.write(keys)
    offset = 0
    for each in plan:
        name = each.tensor.name.encode()
        out.write(struct.pack("<Q", len(name)) + name)
        out.write(struct.pack(f"<I{len(each.tensor.shape)}Q", len(each.tensor.shape), *each.tensor.shape))
        out.write(struct.pack("<IQ", each.kind, offset))
        offset += _aligned(each.size, layout.alignment)
    total = offset
    _pad(out, layout.alignment)
    done = 0
    with source.open("rb") as data:
        for each in plan:
            data.seek(each.tensor.start)
            _write_tensor(data, each, out)
            _pad(out, layout.alignment)
            done += _aligned(each.size, layout.alignment)
            report(done, total)


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
        if each.kind == tensor.kind:
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
        out.write(quantize(values.reshape(-1, row), GGMLQuantizationType.Q8_0).data)


def _report(on_progress: Progress | None, model: Model, done: int, total: int) -> None:
    if on_progress:
        on_progress(f"{model.name} as Q8_0", done, total)


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _pad(out: IO[bytes], alignment: int) -> None:
    at = out.tell()
    out.write(b"\0" * (_aligned(at, alignment) - at))
