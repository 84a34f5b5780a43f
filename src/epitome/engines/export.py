"""Models written for others: an adapter merged into its base, or a model in another format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from epitome.errors import ModelError, StoreError, UsageError
from epitome.models import adapter, folder, weights, whole
from epitome.models.model import Model, Progress
from epitome.models.resolve import resolve
from epitome.models.weights import Kind

Format = Literal["gguf", "safetensors"]


def merge(
    worn: Path, out: Path, *, base: str = "", form: str = "", on_progress: Progress | None = None
) -> Path:
    """Write the base with the adapter in the PEFT folder `worn` merged into its weights; returns what to name as model.

    Args:
        worn: the adapter's folder.
        out: a folder to be made, or a `.gguf` file.
        base: a model as `resolve` takes it; empty: the one that the adapter says it was trained on.
        form: `gguf` (Q8_0; needs no torch) or `safetensors`; empty: by `out`, else as the base is.

    Raises `UsageError` if `out` exists or no base is known, `ModelError` if the adapter does not fit, `StoreError` if
    nothing can be written there.
    """
    if not worn.is_dir() or not adapter.is_adapter(worn):
        raise ModelError(f"{worn} is no PEFT folder", hint=f"it needs an {adapter.CONFIG}")
    trained = folder.read(worn)
    named = base or (trained.base if trained else adapter.base_of(worn))
    if not named:
        raise UsageError(f"{worn} does not say what it was trained on", hint="name it with --base")
    _require_new(out)
    model = resolve(named, on_progress=on_progress)
    if _format(out, form, "safetensors" if model.format == "safetensors" else "gguf") == "gguf":
        made = _file(out, worn.resolve().name)
        weights.write(model, made, "q8_0", adapter.read(worn, model), on_progress=on_progress)
    else:
        from epitome.engines import unpack

        unpack.save(model, out, worn=worn)
    return _told(out, trained, model)


def export(
    name: str, out: Path, *, form: str = "", kind: str = "", on_progress: Progress | None = None
) -> Path:
    """Write a model in another format; returns what to name as model.

    Args:
        name: a model as `resolve` takes it; full weights of `epitome train` become a GGUF file by that of their base.
        out: a `.gguf` file, or a folder to be made.
        form: `gguf` or `safetensors`; empty: by `out`.
        kind: `q8_0`, `f16` or `f32`; empty: Q8_0 in GGUF, in safetensors as the model is.

    Raises as `merge` does.
    """
    held = Path(name).expanduser()
    if held.is_dir() and adapter.is_adapter(held):
        raise UsageError(f"{name} is an adapter", hint=f"epitome merge {name} -o FOLDER")
    _require_new(out)
    numbers: Kind = _one_of("kind", kind, get_args(Kind), "q8_0")
    model = resolve(name, on_progress=on_progress)
    trained = folder.read(held)
    if _format(out, form, "safetensors") == "safetensors":
        if kind == "q8_0":
            raise UsageError("safetensors are written as f32 or f16", hint="--kind f16")
        from epitome.engines import unpack

        unpack.save(model, out, dtype="float16" if kind == "f16" else "float32" if kind else "auto")
        return _told(out, trained, model)
    base, change = model, None
    if model.format == "safetensors" and model.path is not None:
        base = _gguf_base(model, trained, on_progress)
        change = whole.read(model.path, base)
    weights.write(
        base,
        _file(out, model.name.rpartition("/")[2]),
        numbers,
        change,
        on_progress=on_progress,
    )
    return _told(out, trained, model)


def _gguf_base(model: Model, trained: folder.Trained | None, on_progress: Progress | None) -> Model:
    """The GGUF model from which full weights were trained: it lends keys and tokenizer."""
    base = resolve(trained.base, on_progress=on_progress) if trained else None
    if base is None or base.format != "gguf":
        raise ModelError(
            f"{model.name} was not trained from a GGUF file, whose keys and tokenizer one of it would need",
            hint="llama.cpp's convert_hf_to_gguf.py converts any folder",
        )
    return base


def _told(out: Path, trained: folder.Trained | None, model: Model) -> Path:
    """Leave beside the weights how the model wants to be asked."""
    if out.is_dir() and trained is not None:
        try:
            replace(trained, method="full", licence=trained.licence or model.licence).write(out)
        except OSError as error:
            raise StoreError(f"{out} cannot be written: {error.strerror or error}") from error
    return out


def _require_new(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{out} exists already", hint="name another place with -o, or delete it")


def _format(out: Path, form: str, default: Format) -> Format:
    chosen: Format = _one_of("format", form, get_args(Format), "gguf" if out.suffix == ".gguf" else default)
    if out.suffix == ".gguf" and chosen == "safetensors":
        raise UsageError(f"{out} would be a GGUF file", hint="safetensors go into a folder: -o FOLDER")
    return chosen


def _one_of(option: str, value: str, known: Sequence[Any], default: Any) -> Any:
    """The value, or the default where it is empty. Raises `UsageError` for another."""
    if value and value not in known:
        raise UsageError(f"--{option} {value} is none of {', '.join(known)}")
    return value or default


def _file(out: Path, name: str) -> Path:
    return out if out.suffix == ".gguf" else out / f"{name}.gguf"
