"""What each engine loads for an adapter: PEFT's folder, a GGUF file made of it, or the base with it merged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from epitome.errors import EngineError
from epitome.models import adapter, lora, weights
from epitome.models.adapter import Adapter
from epitome.models.model import Model, Progress

Note = Callable[[str], None]


def files(engine: str, model: Model, names: Sequence[str], on_note: Note | None = None) -> dict[str, Path]:
    """By the adapter's name, which is its path: what the engine loads, made now where it was not made before.

    Raises `EngineError` if there is no such adapter or the engine cannot hold these together, `ModelError` if one
    does not fit the model.
    """
    paths = {name: _existing(name) for name in names}
    if engine == "transformers":
        for name, path in paths.items():
            if not adapter.is_adapter(path):
                raise EngineError(f"{name} is no PEFT folder", hint=f"it needs an {adapter.CONFIG}")
        return paths
    if engine == "openvino":
        return {name: _merged_for_openvino(model, path, paths, on_note) for name, path in paths.items()}
    if engine == "llamacpp":
        return {name: _for_llamacpp(model, path, paths, on_note) for name, path in paths.items()}
    return paths


def only_in_transformers(names: Sequence[str]) -> str:
    """The method of the first of these adapters that no other engine runs, in words; empty if there is none."""
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir() and adapter.is_adapter(path) and not adapter.becomes_weights(path):
            return adapter.method(path)
    return ""


def _existing(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.exists():
        raise EngineError(f"{name}: there is no such adapter", hint="name a GGUF file or a PEFT folder")
    return path


def _for_llamacpp(model: Model, path: Path, paths: dict[str, Path], on_note: Note | None) -> Path:
    if path.is_file():
        return path
    fitted = adapter.read(path, model)
    if fitted.low_rank:
        return lora.as_gguf(model, fitted)
    if len(paths) > 1:
        raise EngineError(
            f"{path}: {adapter.method(path)} has to be merged, and then there is no other adapter beside it",
            hint="open it alone, or use --engine transformers",
        )
    return _merged(model, fitted, on_note)


def _merged_for_openvino(model: Model, path: Path, paths: dict[str, Path], on_note: Note | None) -> Path:
    if len(paths) > 1:
        raise EngineError(
            f"the openvino engine holds one adapter at a time, merged, and not {', '.join(paths)}",
            hint="--engine llamacpp or transformers holds several",
        )
    if path.is_file():
        raise EngineError(
            f"OpenVINO ignores adapters on GGUF models, so {path} would change nothing",
            hint="name the PEFT folder it was made of, which can be merged, or use --engine llamacpp",
        )
    return _merged(model, adapter.read(path, model), on_note)


def _merged(model: Model, fitted: Adapter, on_note: Note | None) -> Path:
    return weights.prepared(model, "q8_0", fitted, on_progress=_said_once(on_note))


def _said_once(on_note: Note | None) -> Progress | None:
    said: set[str] = set()

    def say(what: str, done: int, total: int) -> None:
        if on_note is not None and what not in said:
            said.add(what)
            on_note(f"making {what}, once")

    return say
