"""What an adapter that PEFT wrote does to the weights of a GGUF base. No torch: a safetensors file is read with numpy.

Hu et al. 2021 (LoRA), Kalajdzievski 2023 (rsLoRA), Liu et al. 2024 (DoRA), Zhang et al. 2023 (AdaLoRA), Liu et al. 2022
(IA3). The tensors' names are PEFT's; the base's are GGUF's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epitome.errors import ModelError
from epitome.models import gguf, safetensors
from epitome.models.model import Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
BOTTLENECK = "bottleneck_config.json"
"""What `epitome train` writes for adapters that PEFT does not have."""
_METHODS = {"LORA", "ADALORA", "IA3"}
_LAYERS = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip
_PERMUTED = {"llama": {"attn_q": "head_count", "attn_k": "head_count_kv"}}
"""Layers whose rows such GGUF files hold in another order, that of llama.cpp's rotary embedding, head by head."""
ARCHITECTURES = {"llama", "gemma", "gemma2", "gemma3", "qwen2", "qwen3"}
_TENSOR = re.compile(
    r"base_model\.model\.(.+)\.(lora_A|lora_B|lora_E|lora_magnitude_vector|ia3_l)(?:\.weight)?"
)
_MODULE = re.compile(r"(?:model\.|language_model\.)*layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)")
_BASE_CHANGED = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Initialisations that also change the base: without torch it cannot be done again."""
_OTHERS = (
    "modules_to_save", "trainable_token_indices", "lora_bias", "layer_replication", "target_parameters",
    "use_qalora", "use_bdlora", "kasa_config", "arrow_config", "alora_invocation_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one weight W (out, in): first W + B A, then what DoRA or IA3 do to that."""

    a: Matrix
    """(rank, in); rank 0 where nothing is added."""
    b: Matrix
    """(out, rank), the scale in it."""
    magnitude: Matrix | None = None
    """(out,): DoRA's norm of each row."""
    factor: Matrix | None = None
    """IA3's: (out, 1) for what comes out, (1, in) for what goes in."""
    whole: Matrix | None = None
    """(out, in): what W was trained to; the others are nothing then."""

    @property
    def low_rank(self) -> bool:
        """Whether B A is all of it, so that it can run beside the weight instead of in it."""
        return self.magnitude is None and self.factor is None and self.whole is None

    def on(self, weight: Matrix, start: int) -> Matrix:
        """The rows of W from `start` on, changed."""
        import numpy as np

        rows = slice(start, start + len(weight))
        if self.whole is not None:
            return self.whole[rows]
        changed: Matrix = weight + self.b[rows] @ self.a
        if self.magnitude is not None:
            norms = np.linalg.norm(changed, axis=1)
            changed *= (self.magnitude[rows] / np.maximum(norms, np.finfo(np.float32).tiny))[:, None]
        if self.factor is not None:
            changed *= self.factor[rows] if self.factor.shape[1] == 1 else self.factor
        return changed


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter fitted to a GGUF base."""

    name: str
    key: str
    """Of its files' content."""
    changes: Mapping[str, Change]
    """By the name of the base's tensor, rows in the order in which the base has them."""

    @property
    def low_rank(self) -> bool:
        """Whether llama.cpp runs it beside the base; otherwise it has to be merged."""
        return all(change.low_rank for change in self.changes.values())


def is_adapter(path: Path) -> bool:
    """Whether the folder holds an adapter and no whole model."""
    return (path / CONFIG).is_file() or (path / BOTTLENECK).is_file()


def method(folder: Path) -> str:
    """The adapter's method in words: `lora`, `ia3`, `prefix tuning`.

    Raises `ModelError` if the folder holds no adapter.
    """
    if (folder / BOTTLENECK).is_file():
        return "bottleneck adapter"
    return str(_config(folder).get("peft_type")).lower().replace("_", " ")


def base_of(folder: Path) -> str:
    """What PEFT says the adapter was trained on; empty if it does not say."""
    return str(_config(folder).get("base_model_name_or_path") or "") if (folder / CONFIG).is_file() else ""


def becomes_weights(folder: Path) -> bool:
    """Whether the method is one that can be put into weights; the others run in transformers only."""
    return method(folder).upper() in _METHODS


def read(folder: Path, base: Model) -> Adapter:
    """The adapter in a folder that PEFT wrote, fitted to the GGUF file of `base`.

    Raises `ModelError` if it is no adapter, is of another base or another method, or changes more than the linear
    layers of the blocks.
    """
    if not becomes_weights(folder):
        raise ModelError(
            f"{folder}: {method(folder)} runs in transformers only", hint="--engine transformers"
        )
    if base.format != "gguf" or base.path is None:
        raise ModelError(f"{base.name} is no GGUF model", hint="--engine transformers runs the adapter on it")
    config = _config(folder)
    _require_plain(folder, config)
    parts = _parts(folder)
    head, layout = gguf.read(base.path), gguf.layout(base.path)
    if head.architecture not in ARCHITECTURES:
        raise ModelError(
            f"{folder}: adapters are fitted to {', '.join(sorted(ARCHITECTURES))}, "
            f"and {base.name} is a {head.architecture}",
            hint="--engine transformers",
        )
    shapes = {tensor.name: (tensor.shape[-1], tensor.shape[0]) for tensor in layout.tensors}
    changes = {}
    for module, held in parts.items():
        name, layer = _target(folder, module)
        shape = shapes.get(name, (0, 0))
        change = _change(folder, module, held, config, shape)
        if (found := (len(change.b), change.a.shape[1])) != shape:
            raise ModelError(
                f"{folder} is an adapter of another base than {base.name}: {module} is {_by(found)} there and "
                f"{_by(shape) if name in shapes else 'missing'} here",
                hint="name the base it was trained on with --model",
            )
        if change.factor is not None and change.factor.shape[1] == 1 and f"{name[:-6]}bias" in shapes:
            raise ModelError(
                f"{folder}: {base.name} has biases that IA3 scales too", hint="--engine transformers"
            )
        changes[name] = _reordered(change, heads_of(base, head, layer))
    return Adapter(_file_name(folder), _key(folder), changes)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise ModelError(f"{folder} is no PEFT folder", hint=f"it needs an {CONFIG}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise TypeError("no JSON object")
        return config
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be read ({error})", hint="train or fetch the adapter again"
        ) from error


def _require_plain(folder: Path, config: Mapping[str, Any]) -> None:
    """Raise `ModelError` for what cannot be said in the weights of a GGUF file's linear layers."""
    asked = [name for name in _OTHERS if config.get(name)]
    if config.get("bias", "none") != "none":
        asked.append(f"bias={config['bias']}")
    start = str(config.get("init_lora_weights", "")).lower()
    if start.startswith(_BASE_CHANGED):
        asked.append(f"init_lora_weights={start}")
    if asked:
        raise ModelError(
            f"{folder} changes more than the linear layers: {', '.join(asked)}",
            hint="--engine transformers runs it; epitome merge --format safetensors merges it",
        )


def _parts(folder: Path) -> dict[str, dict[str, Matrix]]:
    """By module: its tensors by what they are."""
    parts: dict[str, dict[str, Matrix]] = {}
    if not (folder / WEIGHTS).is_file():
        raise ModelError(f"{folder} has no {WEIGHTS}", hint="only safetensors are read: they cannot run code")
    for name, tensor in safetensors.read(folder / WEIGHTS).items():
        if not (found := _TENSOR.fullmatch(name)):
            raise ModelError(
                f"{folder} changes more than the linear layers: it holds {name}",
                hint="--engine transformers runs it; epitome merge --format safetensors merges it",
            )
        parts.setdefault(found[1], {})[found[2]] = tensor
    if not parts:
        raise ModelError(f"{folder / WEIGHTS} is empty", hint="train or fetch the adapter again")
    return parts


def _target(folder: Path, module: str) -> tuple[str, str]:
    """The base's tensor for PEFT's module, and what layer of the block it is."""
    found = _MODULE.fullmatch(module)
    if not found or found[2] not in _LAYERS:
        raise ModelError(
            f"{folder} adapts {module}, which no Llama or Gemma has in its blocks",
            hint="--engine transformers",
        )
    layer = _LAYERS[found[2]]
    return f"blk.{found[1]}.{layer}.weight", layer


def _change(
    folder: Path, module: str, held: Mapping[str, Matrix], config: Mapping[str, Any], shape: tuple[int, int]
) -> Change:
    import numpy as np

    if (factor := held.get("ia3_l")) is not None:
        return _factor(factor.reshape(-1, 1) if factor.ndim == 1 else factor, shape)
    if "lora_A" not in held or "lora_B" not in held:
        raise ModelError(f"{folder / WEIGHTS} lacks a half of {module}", hint="fetch the adapter again")
    a, b = held["lora_A"], held["lora_B"]
    if a.ndim != 2 or b.ndim != 2 or len(a) != b.shape[1]:
        raise ModelError(
            f"{folder / WEIGHTS} does not fit together at {module}", hint="fetch the adapter again"
        )
    if (values := held.get("lora_E")) is not None:
        a = a * values
    magnitude = held.get("lora_magnitude_vector")
    if config.get("use_dora") and magnitude is None:
        raise ModelError(f"{folder / WEIGHTS} lacks DoRA's magnitudes of {module}")
    scale = np.float32(_scale(module, len(a), config))
    return Change(a, b * scale, None if magnitude is None else magnitude.reshape(-1))


def _factor(factor: Matrix, shape: tuple[int, int]) -> Change:
    """A column scales what comes out of a layer of that shape, a row what goes in."""
    import numpy as np

    outputs, inputs = (len(factor), shape[1]) if factor.shape[1] == 1 else (shape[0], factor.shape[1])
    return Change(np.zeros((0, inputs), np.float32), np.zeros((outputs, 0), np.float32), factor=factor)


def _by(shape: tuple[int, int]) -> str:
    return f"{shape[0]} by {shape[1]}"


def _scale(module: str, rank: int, config: Mapping[str, Any]) -> float:
    """What PEFT multiplies B A with."""
    alpha = float(_pattern(module, config.get("alpha_pattern"), config.get("lora_alpha", 8)))
    if config.get("peft_type") == "ADALORA":
        begun = int(config.get("init_r", rank))
        return (alpha if alpha > 0 else begun) / (begun + 1e-5)
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / max(rank, 1)


def _pattern(module: str, patterns: Mapping[str, Any] | None, default: Any) -> Any:
    """The value of the first pattern that the module's name ends with."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(?:.*\.)?(?:{pattern})$", module):
            return value
    return default


def heads_of(base: Model, head: gguf.Metadata, layer: str) -> int:
    """How many heads' rows are reordered; 0: none."""
    if not (key := _PERMUTED.get(head.architecture, {}).get(layer)):
        return 0
    names = (f"{head.architecture}.attention.{each}" for each in (key, "head_count"))
    found = next((value for name in names if isinstance(value := head.values.get(name), int)), 0)
    if not found:
        raise ModelError(f"{base.name} does not say how many heads it has", hint="--engine transformers")
    return found


def reordered(rows: Matrix, heads: int) -> Matrix:
    """Rows in the order of llama.cpp's rotary embedding: in each head, the halves' rows in turn."""
    if not heads:
        return rows
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def _reordered(change: Change, heads: int) -> Change:
    magnitude, factor = change.magnitude, change.factor
    return Change(
        change.a,
        reordered(change.b, heads),
        None if magnitude is None else reordered(magnitude, heads),
        reordered(factor, heads) if factor is not None and factor.shape[1] == 1 else factor,
    )


def _file_name(folder: Path) -> str:
    return re.sub(r"[^\w.-]", "_", folder.resolve().name)[:60]


def _key(folder: Path) -> str:
    digest = sha256()
    for name in (CONFIG, WEIGHTS):
        digest.update((folder / name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]
