"""Weights in the safetensors format: a JSON header, then the numbers. Nothing in it can run code."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from epitome.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_LONGEST_HEADER = 100_000_000


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor of floating-point numbers by its name, as float32; the others are left out.

    The file is mapped, not copied, where it is float32 already. Raises `ModelError` if it is damaged.
    """
    import numpy as np

    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        (length,) = struct.unpack("<Q", data[:8].tobytes())
        if length > min(_LONGEST_HEADER, len(data) - 8):
            raise ValueError("its header is longer than the file")
        header = json.loads(data[8 : 8 + length].tobytes())
        tensors = {}
        for name, about in header.items():
            if name == "__metadata__" or about["dtype"] not in _KINDS:
                continue
            start, end = (8 + length + at for at in about["data_offsets"])
            raw = np.asarray(data[start:end]).view(_KINDS[about["dtype"]])
            tensors[name] = _as_float32(raw, about["dtype"]).reshape(about["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ModelError(
            f"{path} is no whole safetensors file ({error})", hint="fetch the model again"
        ) from error
    return tensors


def _as_float32(raw: NDArray[np.generic], kind: str) -> NDArray[np.float32]:
    import numpy as np

    if kind == "BF16":
        # The upper half of a float32.
        widened: NDArray[np.float32] = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
        return widened
    return raw.astype(np.float32, copy=False)
